"""The definition of a log source."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from matcher.events.document import Names
from matcher.events.probe import Probe
from matcher.events.sources.extracted_fields import ExtractedFields


class SourceKind(StrEnum):
    """The log sources that are told apart; each value is also the name of the log source's folder.

    Each has a log source type. Two may share one: a stock QRadar has a single type for Entra's
    audit and sign-in records. Log source types are listed in this order.
    """

    CLOUDTRAIL = "cloudtrail"
    AZURE_ACTIVITY = "azure_activity"
    ENTRA_AUDIT = "entra_audit"
    ENTRA_SIGNIN = "entra_signin"
    M365 = "m365"
    GCP_AUDIT = "gcp_audit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Telltale:
    """A top-level key whose text tells the log source, if none of the keys ``unless`` is there.

    An event whose text under ``key`` ends with ``ends`` is certainly of the log source. A telltale
    says nothing about any other event. ``key`` is one of the keys that
    :func:`matcher.events.probe.has_event_key` looks for.
    """

    key: str
    ends: str
    unless: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDefinition:
    """How the events of one log source are recognised and normalized.

    The names of its operations and categories are data files in ``folder``; docs/log-sources.md
    describes each file.

    ``certain`` and ``likely`` recognise a document. The ``certain`` functions of all log sources
    are called before any ``likely`` function. Both may be given a document whose top-level values
    are still :class:`msgspec.Raw`: a value is certain to be parsed only if its key is in ``reads``,
    or if it is read with :func:`matcher.events.document.child`.

    ``certain_at_a_glance`` may recognise an event without its document: True means that the event
    is of this log source whatever else it holds, False means nothing.

    ``extract`` reads the fields of a document. ``operation`` reads the operation alone, in a tenth
    of the time; without ``operation``, ``extract`` is called. ``only_operation`` is the operation
    of every event, if the log source has only one; records need not hold it. ``has_result``:
    ``extract`` gives a result that a profile may add to the QID name; there is no ``operation``
    then.
    """

    kind: SourceKind
    extract: Callable[[dict[str, Any]], ExtractedFields]
    reads: Names = ()
    certain: Callable[[dict[str, Any]], bool] | None = None
    likely: Callable[[dict[str, Any]], bool] | None = None
    certain_at_a_glance: Callable[[Probe], bool] | None = None
    telltale: Telltale | None = None
    operation: Callable[[dict[str, Any]], str | None] | None = None
    only_operation: str | None = None
    has_result: bool = False

    @property
    def folder(self) -> Path:
        """The folder with the log source's data files."""
        return Path(__file__).parent / self.kind
