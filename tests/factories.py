"""Events, properties and rules made by hand, for tests that need no normalizer."""

import json
from typing import Any

from matcher.engine.expression import Expression, Field
from matcher.engine.rule import Rule, Severity
from matcher.events.schema import Event, Kind, LogSourceType, Payload, Property

CLOUDTRAIL = LogSourceType(347, "Amazon AWS CloudTrail")
ACTIVITY = LogSourceType(413, "Azure Activity Log")
SIGN_IN = LogSourceType(4001, "Azure Sign-in Log")
TYPES = (CLOUDTRAIL, ACTIVITY, SIGN_IN)


def make_event(document: Any = None, *, raw: bytes | None = None, **fields: Any) -> Event:
    """An event of that document (or of those bytes), with the fields given."""
    document = {} if document is None else document
    values: dict[str, Any] = {
        "payload": Payload(json.dumps(document).encode() if raw is None else raw),
        "document": document,
        "log_source_type": CLOUDTRAIL,
        "starttime": 1_700_000_000_000,
        "devicetime": 1_699_999_999_000,
        "qid": 1,
        "qidname": document.get("eventName"),
        "category": 19001,
        "categoryname": "General Audit Event",
        "highlevelcategory": 19000,
        "severity": 1,
        "username": None,
        "sourceip": None,
        "logsourceid": 7,
        "logsourcename": "Amazon AWS CloudTrail @ 111122223333",
        "errorcode": None,
        "region": None,
        "account": None,
        "uid": '["a"]',
        "properties": {},
        **fields,
    }
    return Event(**values)


def key(name: str, *, verbatim: bool = True) -> Field:
    """A field that reads a key of the document, promising what ``verbatim`` says."""
    return Field(
        Property(name, Kind.TEXT, lambda e: e.document.get(name), lambda _run: verbatim), name
    )


PAYLOAD = Field(Property("payload", Kind.PAYLOAD, lambda e: e.payload), "UTF8(payload)")
TYPE_NAME = Field(
    Property("logsourcetypename", Kind.TEXT, lambda e: e.log_source_type.name),
    "LOGSOURCETYPENAME(devicetype)",
)


def make_rule(expression: Expression, **fields: Any) -> Rule:
    """A rule of that expression."""
    values: dict[str, Any] = {
        "id": "r",
        "title": "R",
        "version": "1",
        "severity": Severity.HIGH,
        "expression": expression,
        "source": repr(fields),
        **fields,
    }
    return Rule(**values)
