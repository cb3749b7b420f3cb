"""An event's bytes → the Event.

Parsing decides whether the event is acceptable, and is done at once. The fields are computed when
they are first asked for: most events that hold a rule's literals match no rule, and the rules read
few of their fields.
"""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Self

import orjson

from matcher.events import acceptable
from matcher.events.attribution import classify
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.record import Reject
from matcher.events.schema import Event, Payload
from matcher.events.sources import BY_KIND, SourceKind
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.text import readable


class NormalizationError(Exception):
    """A field of an event could not be computed, which is a fault of this program; its cause is the
    error that was raised.
    """


def normalize(
    raw_event: RawEvent,
    starttime: int | None,
    catalogue: Catalogue,
    kind: SourceKind | None = None,
) -> Event | Reject:
    """The event with QRadar's fields; a Reject only if the event is not acceptable.

    ``starttime`` is epoch milliseconds; with None it is the event's own time, or 0 if it has none.
    ``kind`` is the result of :func:`matcher.events.attribution.attribute` if that is known already.
    A value of an unexpected type is NULL. The same bytes always give the same event, in whatever
    order its fields are asked for. Reading a field may raise NormalizationError.
    """
    document = acceptable.parse(raw_event.raw)
    if isinstance(document, Reject):
        return document
    if kind is None:
        kind = classify(document)
    event = _NormalizedEvent(raw_event.raw, document, kind, catalogue)
    if starttime is not None:
        event.starttime = starttime
    return event


class _NormalizedEvent(Event):
    """An event that computes a field when the field is first asked for, together with the fields
    that come with it.
    """

    extracted: ExtractedFields

    def __init__(
        self, raw: bytes, document: dict[str, Any], kind: SourceKind, catalogue: Catalogue
    ) -> None:
        self.payload = Payload(raw)
        self.document = document
        self.log_source_type = catalogue.type_of(kind)
        self.kind = kind
        self.catalogue = catalogue

    def replaced(self, **fields: Any) -> Self:
        """The event with other values in some fields."""
        for name in Event.__annotations__:
            getattr(self, name)  # a field computed later would replace the new values
        return super().replaced(**fields)


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_Compute = Callable[[_NormalizedEvent], None]


class _Computed:
    """A field that the event does not have yet. Once computed, Python finds it in the event."""

    def __init__(self, name: str, compute: _Compute) -> None:
        self._name = name
        self._compute = compute

    def __get__(self, event: _NormalizedEvent, _class: type[_NormalizedEvent]) -> Any:
        try:
            self._compute(event)
        except NormalizationError:
            raise
        except Exception as error:
            raise NormalizationError(self._name) from error
        return vars(event)[self._name]


def _computes(*names: str) -> Callable[[_Compute], _Compute]:
    """Register a function as the one that computes these fields of an event."""

    def registered(compute: _Compute) -> _Compute:
        for name in names:
            setattr(_NormalizedEvent, name, _Computed(name, compute))
        return compute

    return registered


@_computes("starttime")
def _start(event: _NormalizedEvent) -> None:
    event.starttime = event.devicetime or 0


@_computes(
    *("extracted", "devicetime", "username", "sourceip", "errorcode", "region", "account"),
    "properties",
)
def _extraction(event: _NormalizedEvent) -> None:
    event.extracted = found = BY_KIND[event.kind].extract(event.document)
    event.devicetime = found.devicetime
    event.username = found.username
    event.sourceip = found.sourceip
    event.errorcode = found.errorcode
    event.region = found.region
    event.account = found.account
    event.properties = found.properties


@_computes("qid", "qidname", "category", "categoryname", "highlevelcategory", "severity")
def _naming(event: _NormalizedEvent) -> None:
    source = BY_KIND[event.kind]
    if source.operation is not None:
        naming = event.catalogue.naming(event.kind, source.operation(event.document))
    else:
        found = event.extracted
        naming = event.catalogue.naming(event.kind, found.operation, found.result)
    event.qid = naming.qid
    event.qidname = naming.qidname
    event.category = naming.category.id
    event.categoryname = naming.category.name
    event.highlevelcategory = naming.category.high_level
    event.severity = naming.category.severity


@_computes("logsourceid", "logsourcename")
def _log_source(event: _NormalizedEvent) -> None:
    source = event.catalogue.log_source(event.kind, event.account)
    event.logsourceid = source.id
    event.logsourcename = source.name


@_computes("uid")
def _identity(event: _NormalizedEvent) -> None:
    event.uid = _uid(event.log_source_type.id, event.extracted, event.payload.raw)


def _uid(source_type: int, found: ExtractedFields, raw: bytes) -> str:
    """A text that identifies the event: the JSON array [log source type, id, operation, time,
    account or resource, status, correlationId].

    For an event with neither id nor correlationId, the SHA-256 of its bytes takes the place of the
    id.
    """
    identifier = found.id
    if identifier is None and found.correlation is None:
        identifier = sha256(raw).hexdigest()
    time = found.time if isinstance(found.time, str) else found.devicetime
    parts = [
        source_type,
        identifier,
        found.operation,
        time,
        found.account or found.resource,
        found.status,
        found.correlation,
    ]
    try:
        return orjson.dumps(parts).decode()
    except TypeError:  # a lone surrogate, which orjson refuses
        return readable(_compact(parts))
