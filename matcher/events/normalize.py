"""An event's bytes → the Event."""

import json
from hashlib import sha256

from matcher.events import acceptable
from matcher.events.attribution import classify
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.record import Reject
from matcher.events.schema import Event, Payload
from matcher.events.sources import BY_KIND, SourceKind
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.text import readable


def normalize(
    raw_event: RawEvent,
    starttime: int | None,
    catalogue: Catalogue,
    kind: SourceKind | None = None,
) -> Event | Reject:
    """The event with QRadar's fields; a Reject only if the event is not acceptable.

    ``starttime`` is epoch milliseconds; with None it is the event's own time, or 0 if it has none.
    ``kind`` is the result of :func:`matcher.events.attribution.attribute` if that is known already.
    A value of an unexpected type is NULL. The same bytes always give the same event.
    """
    document = acceptable.parse(raw_event.raw)
    if isinstance(document, Reject):
        return document
    if kind is None:
        kind = classify(document)
    found = BY_KIND[kind].extract(document)
    naming = catalogue.naming(kind, found.operation, found.result)
    source = catalogue.log_source(kind, found.account)
    source_type = catalogue.type_of(kind)
    return Event(
        payload=Payload(raw_event.raw),
        document=document,
        log_source_type=source_type,
        starttime=(found.devicetime or 0) if starttime is None else starttime,
        devicetime=found.devicetime,
        qid=naming.qid,
        qidname=naming.qidname,
        category=naming.category.id,
        categoryname=naming.category.name,
        highlevelcategory=naming.category.high_level,
        severity=naming.category.severity,
        username=found.username,
        sourceip=found.sourceip,
        logsourceid=source.id,
        logsourcename=source.name,
        errorcode=found.errorcode,
        region=found.region,
        account=found.account,
        uid=_uid(source_type.id, found, raw_event.raw),
        properties=found.properties,
    )


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
    return readable(json.dumps(parts, ensure_ascii=False, separators=(",", ":")))
