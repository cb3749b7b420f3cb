"""What a normalizer finds in a document, before the catalogue names it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ExtractedFields:
    """One event's own words; None where it says nothing.

    ``operation`` keys the QID name; ``time`` is the event's time as it is written, ``devicetime``
    the same in epoch milliseconds. ``id``, ``resource``, ``status`` and ``correlation`` go into
    the event's ``uid``. ``result`` is an audit's outcome, which some profiles put into the name.
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
