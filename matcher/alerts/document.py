"""An alert's JSON document, ``cloud-audit-alert/1``: field by field in ``docs/alert.md``.

The body is a function of the record and the rule set alone: when it was made, and by whom, is
told by headers of the Kafka record and by metrics.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from matcher.engine.reasons import Reason
from matcher.engine.rule import Rule
from matcher.events.record import InputFile, TopicPartition
from matcher.events.schema import Event
from matcher.events.text import readable

SCHEMA = "cloud-audit-alert/1"
PAYLOAD_REFERENCE = {"$ref": "payload"}

_SECONDS_A_DAY = 24 * 60 * 60


class EventOrigin(msgspec.Struct, frozen=True):
    """Where an event was read: the input, the record's offset (or line), the event's index in the
    record.
    """

    input: TopicPartition | InputFile
    offset: int
    index: int

    def document(self) -> dict[str, Any]:
        """The origin in the form that an alert's document has."""
        place = self.input
        if isinstance(place, TopicPartition):
            return {
                "topic": place.topic,
                "partition": place.partition,
                "offset": self.offset,
                "index": self.index,
            }
        return {"file": place.path, "line": self.offset, "index": self.index}


def encode(document: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8, keys in the order given; lone surrogates become U+FFFD."""
    try:
        return orjson.dumps(document)
    except TypeError:
        # orjson refuses integers beyond 64 bits and lone surrogates; an event may hold both.
        # Numbers that JSON does not have become null, as with orjson.
        finite = json.loads(json.dumps(document), parse_constant=lambda _: None)
        text = json.dumps(finite, ensure_ascii=False, separators=(",", ":"))
        return readable(text).encode()


def rule_section(rule: Rule) -> dict[str, Any]:
    """What the document says of the rule."""
    return {
        "id": rule.id,
        "title": rule.title,
        "version": rule.version,
        "severity": rule.severity.label,
        "confidence": rule.confidence,
        "attack": {
            "tactics": list(rule.attack.tactics),
            "techniques": list(rule.attack.techniques),
        },
        "references": list(rule.references),
    }


def event_section(event: Event) -> dict[str, Any]:
    """What the document says of the event, under QRadar's names."""
    return {
        "starttime": event.starttime,
        "starttime_iso": iso_time(event.starttime),
        "devicetime": event.devicetime,
        "devicetime_iso": iso_time(event.devicetime),
        "qid": event.qid,
        "qidname": event.qidname,
        "category": event.category,
        "categoryname": event.categoryname,
        "highlevelcategory": event.highlevelcategory,
        "severity": event.severity,
        "username": event.username,
        "sourceip": event.sourceip,
        "logsourceid": event.logsourceid,
        "logsourcename": event.logsourcename,
        "devicetype": event.log_source_type.id,
        "logsourcetypename": event.log_source_type.name,
        "errorcode": event.errorcode,
        "region": event.region,
        "account": event.account,
        "uid": event.uid,
    }


def reason_section(reason: Reason) -> dict[str, Any]:
    """One entry of ``why``."""
    return {
        "field": reason.field,
        "operator": reason.operator,
        "value": reason.value,
        "offset": reason.offset,
    }


def iso_time(milliseconds: int | None) -> str | None:
    """Epoch milliseconds as ISO 8601 in UTC with milliseconds; None where no calendar has it."""
    if milliseconds is None:
        return None
    seconds, milliseconds = divmod(milliseconds, 1000)
    written = _to_the_second(seconds)
    return None if written is None else f"{written}.{milliseconds:03d}Z"


@lru_cache(maxsize=4096)
def _to_the_second(seconds: int) -> str | None:
    """The time in ISO 8601; alerts of one second share the text."""
    day, seconds = divmod(seconds, _SECONDS_A_DAY)
    date = _date(day)
    if date is None:
        return None
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{date}T{hours:02d}:{minutes:02d}:{seconds:02d}"


@lru_cache(maxsize=4096)
def _date(day: int) -> str | None:
    """The date of a day, counted from 1970-01-01; None outside the years 1 to 9999."""
    try:
        return f"{datetime.fromtimestamp(day * _SECONDS_A_DAY, UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return None
