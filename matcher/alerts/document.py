"""An alert's JSON document, ``cloud-audit-alert/1``: field by field in ``docs/alert.md``.

The body is a function of the record and the rule set alone: when it was made, and by whom, is
told by headers of the Kafka record and by metrics.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import orjson

from matcher.alerts.alert import Alert
from matcher.alerts.truncation import fitted
from matcher.engine.compiler import is_payload, operand
from matcher.engine.rule import Rule
from matcher.engine.ruleset import Match
from matcher.events.record import InputFile, TopicPartition
from matcher.events.schema import Event
from matcher.events.text import readable

SCHEMA = "cloud-audit-alert/1"
NAMESPACE = UUID("2d1218a9-0ad1-544f-9eba-34f318b260a7")
PAYLOAD_REFERENCE = {"$ref": "payload"}


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """Where an event was read: the input, the record's offset (or line), the event's index in the
    record.
    """

    input: TopicPartition | InputFile
    offset: int
    index: int

    def document(self) -> dict[str, Any]:
        """The origin in the form that an alert's document has."""
        if isinstance(self.input, TopicPartition):
            place: dict[str, Any] = {"topic": self.input.topic, "partition": self.input.partition}
            return {**place, "offset": self.offset, "index": self.index}
        return {"file": self.input.path, "line": self.offset, "index": self.index}


def alert_id(rule: Rule, uid: str) -> str:
    """uuid5 of rule, version and event: the same wherever and whenever the match is found."""
    return str(uuid5(NAMESPACE, json.dumps([rule.id, rule.version, uid], separators=(",", ":"))))


def make_alert(
    match: Match, event: Event, origin: EventOrigin, *, ruleset: str, timestamp: int, max_bytes: int
) -> Alert:
    """The alert of a match. ``ruleset`` is the rule set's digest, ``timestamp`` the record's."""
    rule = match.rule
    identity = alert_id(rule, event.uid)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": identity,
        "rule": _rule_section(rule),
        "event": _event_section(event),
        "columns": _columns(rule, event),
        "why": [
            {"field": r.field, "operator": r.operator, "value": r.value, "offset": r.offset}
            for r in match.why
        ],
        "origin": origin.document(),
        "ruleset": ruleset,
        "payload": readable(event.payload.text),
    }
    return Alert(
        id=identity,
        rule_id=rule.id,
        severity=rule.severity,
        body=fitted(document, encode, event.payload.raw, max_bytes),
        devicetime=event.devicetime,
        timestamp=timestamp,
    )


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


@lru_cache(maxsize=4096)
def _rule_fields(
    identity: str, title: str, version: str, severity: str, confidence: str
) -> dict[str, Any]:
    return {
        "id": identity,
        "title": title,
        "version": version,
        "severity": severity,
        "confidence": confidence,
    }


def _rule_section(rule: Rule) -> dict[str, Any]:
    return {
        **_rule_fields(rule.id, rule.title, rule.version, rule.severity.label, rule.confidence),
        "attack": {
            "tactics": list(rule.attack.tactics),
            "techniques": list(rule.attack.techniques),
        },
        "references": list(rule.references),
    }


def _event_section(event: Event) -> dict[str, Any]:
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


def _columns(rule: Rule, event: Event) -> dict[str, Any]:
    return {
        column.alias: PAYLOAD_REFERENCE
        if is_payload(column.operand)
        else operand(column.operand)(event)
        for column in rule.columns
    }


def iso_time(milliseconds: int | None) -> str | None:
    """Epoch milliseconds as ISO 8601 in UTC with milliseconds; None where no calendar has it."""
    if milliseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
