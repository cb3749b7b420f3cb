"""A glance at a JSON object: the top-level keys by which envelopes and log sources are recognised.

The values stay raw slices of the JSON text, so a glance costs a fraction of parsing the document.
"""

from collections.abc import Iterable
from operator import attrgetter

import msgspec
from msgspec import UNSET, Raw, UnsetType

_Field = Raw | UnsetType


class Probe(msgspec.Struct, frozen=True, gc=False):
    """The top-level members of one JSON object that are needed; UNSET for a missing one.

    The last value of a repeated key is kept, as in ``json.loads``. The bytes of a value are exact,
    but may not be UTF-8.
    """

    # keys of envelopes
    Records: _Field = UNSET
    records: _Field = UNSET
    value: _Field = UNSET
    Events: _Field = UNSET
    logEvents: _Field = UNSET  # noqa: N815 - a field has the name of its key
    messageType: _Field = UNSET  # noqa: N815
    awslogs: _Field = UNSET
    detail: _Field = UNSET
    detail_type: _Field = msgspec.field(default=UNSET, name="detail-type")
    source: _Field = UNSET
    Message: _Field = UNSET
    message: _Field = UNSET
    CloudTrailEvent: _Field = UNSET
    Sns: _Field = UNSET
    body: _Field = UNSET
    Body: _Field = UNSET
    subscription: _Field = UNSET
    schemaId: _Field = UNSET  # noqa: N815
    publishTime: _Field = UNSET  # noqa: N815
    data: _Field = UNSET
    entries: _Field = UNSET
    messageId: _Field = UNSET  # noqa: N815
    MessageId: _Field = UNSET
    # keys that a shipper may put around an event
    event: _Field = UNSET
    event_original: _Field = msgspec.field(default=UNSET, name="event.original")
    splunk_raw: _Field = msgspec.field(default=UNSET, name="_raw")
    result: _Field = UNSET
    payload: _Field = UNSET
    log: _Field = UNSET
    original: _Field = UNSET
    # keys of records that are neither an envelope nor an event
    s3: _Field = UNSET
    s3Bucket: _Field = UNSET  # noqa: N815
    s3ObjectKey: _Field = UNSET  # noqa: N815
    Event: _Field = UNSET
    Bucket: _Field = UNSET
    digestStartTime: _Field = UNSET  # noqa: N815
    digestS3Object: _Field = UNSET  # noqa: N815
    # CloudTrail, and records that look like CloudTrail
    eventVersion: _Field = UNSET  # noqa: N815
    eventSource: _Field = UNSET  # noqa: N815
    eventName: _Field = UNSET  # noqa: N815
    awsRegion: _Field = UNSET  # noqa: N815
    userIdentity: _Field = UNSET  # noqa: N815
    insightDetails: _Field = UNSET  # noqa: N815
    acsRegion: _Field = UNSET  # noqa: N815
    serviceName: _Field = UNSET  # noqa: N815
    AcsRegion: _Field = UNSET
    acsregion: _Field = UNSET
    ServiceName: _Field = UNSET
    servicename: _Field = UNSET
    # Azure, Entra, Office 365
    time: _Field = UNSET
    category: _Field = UNSET
    operationName: _Field = UNSET  # noqa: N815
    resourceId: _Field = UNSET  # noqa: N815
    properties: _Field = UNSET
    eventTimestamp: _Field = UNSET  # noqa: N815
    activityDisplayName: _Field = UNSET  # noqa: N815
    createdDateTime: _Field = UNSET  # noqa: N815
    Workload: _Field = UNSET
    RecordType: _Field = UNSET
    # Google Cloud
    protoPayload: _Field = UNSET  # noqa: N815


KEYS: dict[str, str] = {field.encode_name: field.name for field in msgspec.structs.fields(Probe)}
"""JSON key → the attribute of :class:`Probe` that holds its value."""

EVENT_KEYS = (
    *("eventName", "eventSource", "eventVersion", "userIdentity", "operationName", "category"),
    *("resourceId", "eventTimestamp", "activityDisplayName", "createdDateTime", "RecordType"),
    "protoPayload",
)
"""The keys that only an event has, of this program's log sources or of others."""

_event_values = attrgetter(*(KEYS[key] for key in EVENT_KEYS))

_decode = msgspec.json.Decoder(Probe).decode


def glance(raw: bytes) -> Probe | None:
    """The probe of a JSON object, or None if the fast parser refuses the text.

    That parser refuses what ``json.loads`` refuses, and also NaN, lone surrogates, a BOM and
    nesting deeper than the interpreter's stack allows. Everything that it accepts, ``json.loads``
    accepts too, except integers of more than 4,300 digits.
    """
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None


def from_members(members: Iterable[tuple[str, bytes]]) -> Probe:
    """The same probe, made from members that a tolerant parser found; the last of repeated keys
    counts.
    """
    return Probe(**{KEYS[key]: Raw(value) for key, value in members if key in KEYS})


ENVELOPE_KEYS = (
    *("Records", "records", "detail", "Message", "value", "logEvents", "CloudTrailEvent"),
    *("Events", "awslogs", "Sns", "body", "Body", "s3", "s3ObjectKey", "Event"),
    *("digestStartTime", "subscription", "publishTime", "schemaId", "entries"),
)
"""An envelope, or an object that is skipped, has one of these keys or of the WRAPPER_KEYS."""

WRAPPER_KEYS = ("message", "event", "event.original", "_raw", "result", "payload", "log")
"""The keys under which a shipper may put an event."""

_envelope_values = attrgetter(*(KEYS[key] for key in ENVELOPE_KEYS))
_NO_ENVELOPE = (UNSET,) * len(ENVELOPE_KEYS)
_wrapper_values = attrgetter(*(KEYS[key] for key in WRAPPER_KEYS))
_NO_WRAPPER = (UNSET,) * len(WRAPPER_KEYS)


def is_plain_event(probe: Probe) -> bool:
    """Whether the object has no key of an envelope or of a skipped object. False proves nothing."""
    return bool(
        _envelope_values(probe) == _NO_ENVELOPE
        and (probe.eventName is not UNSET or _wrapper_values(probe) == _NO_WRAPPER)
    )


def has_wrapper_key(probe: Probe) -> bool:
    """Whether the object has a key under which a shipper may put an event."""
    return bool(_wrapper_values(probe) != _NO_WRAPPER)


def has_event_key(probe: Probe) -> bool:
    """Whether the object has one of the EVENT_KEYS.

    Such an object is not an envelope, whatever a text or an array among its fields looks like.
    """
    return _event_values(probe).count(UNSET) < len(EVENT_KEYS)
