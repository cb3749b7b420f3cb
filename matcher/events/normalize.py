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
    """The event under QRadar's fields; a Reject only where it is not acceptable.

    ``starttime`` is epoch milliseconds; None stands for the event's own time, 0 where it has none.
    ``kind`` is what :func:`matcher.events.attribution.attribute` said of the event, where it was
    asked before. A value of an odd type is NULL. The same bytes give the same event.
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
    """What makes the event this one: the JSON text of the array [log source type, id, operation,
    time, account or resource, status, correlationId].

    Where it has neither id nor correlationId, the SHA-256 of its bytes stands for the id.
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
