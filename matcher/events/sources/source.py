"""What defines a log source."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from matcher.events.document import Names
from matcher.events.probe import Probe
from matcher.events.sources.extracted_fields import ExtractedFields


class SourceKind(StrEnum):
    """The log sources that are told apart; each value is also the name of the source's folder.

    Each has a log source type; two may share one (a stock QRadar files Entra's audit and sign-in
    records under one type). Log source types are listed in this order.
    """

    CLOUDTRAIL = "cloudtrail"
    AZURE_ACTIVITY = "azure_activity"
    ENTRA_AUDIT = "entra_audit"
    ENTRA_SIGNIN = "entra_signin"
    M365 = "m365"
    GCP_AUDIT = "gcp_audit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDefinition:
    """How the events of one log source are recognised and normalized. What they are called stands
    beside it as data, in ``folder``; docs/log-sources.md describes each file.

    ``certain`` and ``likely`` recognise a document. All sources are asked for certainty before any
    is asked for likelihood. Both may be given a document whose top-level values are still
    :class:`msgspec.Raw`: only the values under the keys of ``reads`` are parsed for certain, and
    those that are opened with :func:`matcher.events.document.child`.

    ``certain_at_a_glance`` may recognise an event without its document: True means that it is of
    this source whatever else it holds, False means nothing.

    ``extract`` reads a document of the source. ``only_operation`` is the operation of every event,
    where there is but one; records need not hold it. ``has_result`` says that ``extract`` gives a
    result that a profile may put into the QID name.
    """

    kind: SourceKind
    extract: Callable[[dict[str, Any]], ExtractedFields]
    reads: Names = ()
    certain: Callable[[dict[str, Any]], bool] | None = None
    likely: Callable[[dict[str, Any]], bool] | None = None
    certain_at_a_glance: Callable[[Probe], bool] | None = None
    only_operation: str | None = None
    has_result: bool = False

    @property
    def folder(self) -> Path:
        """Where the source's data files are."""
        return Path(__file__).parent / self.kind
