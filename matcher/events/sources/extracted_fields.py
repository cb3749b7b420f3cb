"""The fields that a normalizer extracts from a document, before the catalogue adds
names to them.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ExtractedFields:
    """The fields of one event; None for a field that the event does not have.

    The catalogue looks up the QID name by ``operation``. ``time`` is the event's time as it is
    written, ``devicetime`` the same time in epoch milliseconds. ``id``, ``resource``, ``status``
    and ``correlation`` go into the event's ``uid``. ``result`` is the outcome in an audit record,
    which some profiles add to the name.
    """

    operation: str | None = None
    devicetime: int | None = None
    time: Any = None
    username: str | None = None
    sourceip: str | None = None
    errorcode: str | None = None
    region: str | None = None
    account: str | None = None
    id: str | None = None
    resource: str | None = None
    status: str | None = None
    correlation: str | None = None
    result: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
