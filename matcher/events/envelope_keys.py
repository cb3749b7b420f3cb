"""Which members of a JSON object hold events, and which objects hold none.

Sources: docs/reference/cloudtrail.md, "What carries records", and docs/reference/gcp.md, "What
carries entries". An object is judged only by its :class:`Probe`, so that the fast and the tolerant
parser come to the same result.
"""

import json
import re
from collections.abc import Callable
from enum import Enum

import msgspec
from msgspec import UNSET, Raw

from matcher.events import acceptable
from matcher.events.inflate import InflateError, unbase64
from matcher.events.probe import (
    EVENT_KEYS,
    KEYS,
    Probe,
    glance,
    has_event_key,
    has_wrapper_key,
)
from matcher.events.record import SkipReason
from matcher.events.text import readable


class Form(Enum):
    """The form that a member's value must have to hold events."""

    ARRAY = "an array of events"
    OBJECTS = "an array of objects, which are events"
    LOG_LINES = "an array of objects with a message each"
    LOOKUP = "an array of objects with the event as text"
    LOG_ENTRIES = "an array of log entries"
    EVENT = "an event"
    TEXT = "a string, and in it the JSON text of events"
    DATA = 'an object whose "data" is a gzip in base64'
    EVENT_TEXT = "a string, and in it the JSON text of an event or an envelope"
    EVENT_OBJECT = "an object that is an event, an envelope, or a shipper's wrapper around these"
    ORIGINAL = 'an object whose "original" is the text of an event'
    RESULT = 'an object whose "_raw" is the text of an event'
    ALERTED = "an object that holds the Activity record which an alert is about"
    PUBLISHED = 'base64, and in it the JSON text of events; or an object whose "data" is that'


ARRAYS = frozenset({Form.ARRAY, Form.OBJECTS, Form.LOG_LINES, Form.LOOKUP, Form.LOG_ENTRIES})
OBJECTS = frozenset({Form.EVENT, Form.EVENT_OBJECT})
TEXTS = frozenset({Form.TEXT, Form.EVENT_TEXT, Form.ORIGINAL, Form.RESULT})

_ALWAYS_OPENED = ("Records", "records")
NO_EVENT_KEYS = (*_ALWAYS_OPENED, "logEvents")
"""An object with one of these keys may be an envelope, or skipped, despite an event's keys."""

_OBJECTS = re.compile(rb"\[[ \t\r\n]*+[{\]]")
_JSON_TEXT = re.compile(r'[\ufeff \t\r\n]*+(?:\{[ \t\r\n]*+["}]|\[[ \t\r\n]*+[\[{\]])')
_EVENT_KEY = re.compile(rf'"(?:{"|".join((*NO_EVENT_KEYS, *EVENT_KEYS))})"[ \t\r\n]*:')
"""Keys that show that a text which does not parse is an event or an envelope."""
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any_text = json.JSONDecoder(strict=False).decode


def text_of(raw: bytes) -> str | None:
    """The text of a JSON string, with lone surrogates as U+FFFD; None if the value is
    not a string.
    """
    if not raw.startswith(b'"'):
        return None
    try:
        return _decode_text(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return readable(_decode_any_text(raw.decode("utf-8", "replace")))


def data_of(raw: bytes) -> bytes | None:
    """The base64 text of ``{"data": …}``; None for any other value."""
    document = acceptable.parse(raw)
    data = document.get("data") if isinstance(document, dict) else None
    return readable(data).encode() if isinstance(data, str) else None


def member_of(raw: bytes, key: str) -> bytes | None:
    """The raw value under a key of an object; None if the object does not have the key."""
    probe = glance(raw) if raw.startswith(b"{") else None
    value = UNSET if probe is None else getattr(probe, KEYS[key])
    return None if value is UNSET else bytes(value)


def text_in(form: Form, raw: bytes) -> bytes:
    """The JSON string in a value of one of the :data:`TEXTS`."""
    inner = {Form.ORIGINAL: "original", Form.RESULT: "_raw"}.get(form)
    return raw if inner is None else member_of(raw, inner) or b""


def _is_event_text(raw: bytes | None) -> bool:
    """Whether a JSON string holds the text of an event or an envelope, which may be broken."""
    text = None if raw is None else text_of(raw)
    if text is None or not _JSON_TEXT.match(text):
        return False
    probe = glance(text.strip().encode("utf-8", "replace"))
    return _EVENT_KEY.search(text) is not None if probe is None else _tells_events(probe)


def _is_event_object(raw: bytes) -> bool:
    probe = glance(raw) if raw.startswith(b"{") else None
    return probe is not None and (_tells_events(probe) or bool(wrapper(probe)))


def _tells_events(probe: Probe) -> bool:
    return has_event_key(probe) or not (
        probe.Records is UNSET and probe.records is UNSET and probe.logEvents is UNSET
    )


def alerted(raw: bytes) -> bytes | None:
    """The Activity record in the ``data`` of what an action group of Azure Monitor sends
    (docs/reference/azure.md, "Activity log"); None where the value holds no such record.
    """
    try:
        data = _decode_object(raw)
        context = data.get("context")
        found = data.get("alertContext") or (context and _decode_object(context).get("activityLog"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    record = bytes(found) if found else b""
    probe = glance(record) if record.startswith(b"{") else None
    return record if probe is not None and has_event_key(probe) else None


def published(raw: bytes) -> bytes | None:
    """The JSON text in a Pub/Sub message (docs/reference/gcp.md, "What carries entries"); None for
    any other value.
    """
    data = (text_of(raw) or "").encode() if raw.startswith(b'"') else data_of(raw)
    try:
        text = unbase64(data or b"")
    except InflateError:
        return None
    return text if _JSON_TEXT.match(text.decode("utf-8", "replace")) else None


def _is_array_of_objects(raw: bytes) -> bool:
    return _OBJECTS.match(raw) is not None


_FITS: dict[Form, Callable[[bytes], bool]] = {
    Form.ARRAY: lambda raw: raw.startswith(b"["),
    Form.OBJECTS: _is_array_of_objects,
    Form.LOG_LINES: _is_array_of_objects,
    Form.LOOKUP: lambda raw: _is_array_of_objects(raw) and b'"CloudTrailEvent"' in raw,
    Form.LOG_ENTRIES: lambda raw: _is_array_of_objects(raw) and b'"logName"' in raw,
    Form.EVENT: lambda raw: raw.startswith(b"{"),
    Form.TEXT: lambda raw: _JSON_TEXT.match(text_of(raw) or "") is not None,
    Form.DATA: lambda raw: data_of(raw) is not None,
    Form.EVENT_TEXT: _is_event_text,
    Form.EVENT_OBJECT: _is_event_object,
    Form.ORIGINAL: lambda raw: _is_event_text(member_of(raw, "original")),
    Form.RESULT: lambda raw: _is_event_text(member_of(raw, "_raw")),
    Form.ALERTED: lambda raw: alerted(raw) is not None,
    Form.PUBLISHED: lambda raw: published(raw) is not None,
}

_WRAPPERS = (
    ("event", (Form.ORIGINAL, Form.EVENT_OBJECT, Form.EVENT_TEXT)),
    ("event.original", (Form.EVENT_TEXT,)),
    ("_raw", (Form.EVENT_TEXT,)),
    ("result", (Form.RESULT,)),
    ("message", (Form.EVENT_TEXT,)),
    ("payload", (Form.EVENT_OBJECT, Form.EVENT_TEXT)),
    ("log", (Form.EVENT_TEXT,)),
)
"""The keys under which shippers put an event: Elastic's ``event.original``, Splunk HEC's ``event``,
Splunk's ``_raw`` and the ``result`` of its exports, the ``message`` of Filebeat and Vector, Kafka
Connect's ``payload``, Fluent Bit's ``log``. Several may hold the same event (Filebeat writes
``message`` and ``event.original``): the first that holds an event counts.
"""


def fits(form: Form, raw: bytes) -> bool:
    """Whether a value has that form. A text must look like JSON, but may be broken."""
    return _FITS[form](raw)


def envelope_keys(probe: Probe, *, whole: bool = True, log_line: bool = False) -> dict[str, Form]:
    """The keys under which this object may hold events, with the form that a value must have.

    ``whole`` is False if the object's text breaks, so that further keys may be missing.
    ``log_line``: the object is one of ``logEvents``.
    """
    found = dict.fromkeys(_ALWAYS_OPENED, Form.ARRAY)
    if probe.messageId is not UNSET and probe.eventSource == Raw(b'"aws:sqs"'):
        found["body"] = Form.TEXT
    if has_event_key(probe):
        return found
    found |= _BESIDE_NO_EVENT_KEY
    if not whole or (probe.detail_type is not UNSET and probe.source is not UNSET):
        found["detail"] = Form.EVENT
    if probe.subscription is not UNSET:
        found["message"] = Form.PUBLISHED
    if probe.publishTime is not UNSET:
        found["data"] = Form.PUBLISHED
    if probe.schemaId is not UNSET:
        found["data"] = Form.ALERTED
    if probe.MessageId is not UNSET:
        found["Body"] = Form.TEXT
    if log_line:
        found["message"] = Form.TEXT
    return found if log_line else found | wrapper(probe)


def wrapper(probe: Probe) -> dict[str, Form]:
    """The single member under which a shipper put the event, with its form; empty if there is none.

    The value counts only if its keys show that it is an event, as ``message`` is often just a log
    line.
    """
    if has_event_key(probe) or not has_wrapper_key(probe):
        return {}
    for key, forms in _WRAPPERS:
        value = getattr(probe, KEYS[key])
        for form in forms if value is not UNSET else ():
            if fits(form, bytes(value)):
                return {key: form}
    return {}


def present_envelope_keys(probe: Probe, *, log_line: bool) -> dict[str, Form]:
    """The keys of :func:`envelope_keys` that the object has, whatever their values are."""
    forms = envelope_keys(probe, log_line=log_line)
    return {key: form for key, form in forms.items() if getattr(probe, KEYS[key]) is not UNSET}


def stands_once(text: bytes, key: str, value: bytes) -> bool:
    """Whether a key certainly occurs once in an object.

    ``value`` is the value of its last occurrence. Another occurrence would be found outside that
    value, either as it is or as an escape.
    """
    at_the_end = text.endswith(value, 0, -1)  # nearly always true, and quick to test
    start = len(text) - 1 - len(value) if at_the_end else text.find(value)
    outside = text[:start] + text[start + len(value) :]
    return outside.count(b'"%b"' % key.encode()) == 1 and b"\\" not in outside


_BESIDE_NO_EVENT_KEY = {
    "value": Form.OBJECTS,
    "Events": Form.LOOKUP,
    "logEvents": Form.LOG_LINES,
    "awslogs": Form.DATA,
    "Message": Form.TEXT,
    "CloudTrailEvent": Form.TEXT,
    "Sns": Form.EVENT,
    "entries": Form.LOG_ENTRIES,
}
ARRAY_KEYS = frozenset({"Records", "records"}) | {
    key for key, form in _BESIDE_NO_EVENT_KEY.items() if form in ARRAYS
}
"""The keys whose arrays hold events."""
HIDING_KEYS = (b"awslogs", b"subscription", b"publishTime")
"""One of these keys stands beside or above every member that is :data:`Form.DATA` or
:data:`Form.PUBLISHED`, whose events are in base64.
"""


def skip_reason(probe: Probe) -> SkipReason | None:
    """The reason why an object is neither an envelope nor an event; None if it may be one.

    Skipped are CloudWatch's control messages, digest files, and S3 notifications about files
    elsewhere: S3's own, its test event, and those that CloudTrail sends (``s3Bucket``,
    ``s3ObjectKey``).
    """
    if probe.logEvents is not UNSET and probe.messageType == Raw(b'"CONTROL_MESSAGE"'):
        return SkipReason.CONTROL_MESSAGE
    if probe.s3 is not UNSET and probe.eventSource == Raw(b'"aws:s3"'):
        return SkipReason.S3_NOTIFICATION
    if probe.Records is not UNSET or probe.records is not UNSET or has_event_key(probe):
        return None
    if probe.digestStartTime is not UNSET and probe.digestS3Object is not UNSET:
        return SkipReason.DIGEST
    if probe.s3Bucket is not UNSET and probe.s3ObjectKey is not UNSET:
        return SkipReason.S3_NOTIFICATION
    if probe.Bucket is not UNSET and probe.Event == Raw(b'"s3:TestEvent"'):
        return SkipReason.S3_NOTIFICATION
    return None
