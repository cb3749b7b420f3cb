"""An alert's bytes made the plain way: each leaf tested and explained by itself, the document built
as one object and encoded as a whole. What the product prepares once a rule must not show.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

from matcher.alerts.document import SCHEMA, EventOrigin, encode
from matcher.alerts.identity import NAMESPACE
from matcher.alerts.truncation import fitted
from matcher.engine.compiler import is_address, is_payload, leaf_predicate, operand
from matcher.engine.expression import (
    Always,
    Among,
    Compare,
    Exists,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Nulls,
    Recent,
    leaves,
)
from matcher.engine.members import texts, values
from matcher.engine.patterns import like_runs
from matcher.engine.reasons import written
from matcher.engine.regex import regex_search
from matcher.engine.rule import Rule
from matcher.engine.values import equal, same_address, text_of
from matcher.events.schema import Event
from matcher.events.text import fold, readable

EVENT_FIELDS = (
    *("starttime", "starttime_iso", "devicetime", "devicetime_iso", "qid", "qidname", "category"),
    *("categoryname", "highlevelcategory", "severity", "username", "sourceip", "logsourceid"),
    *("logsourcename", "devicetype", "logsourcetypename", "errorcode", "region", "account", "uid"),
)


def plain_body(
    rule: Rule, event: Event, origin: EventOrigin, *, ruleset: str, max_bytes: int
) -> bytes:
    document = {
        "schema": SCHEMA,
        "id": plain_id(rule, event.uid),
        "rule": {
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
        },
        "event": {name: _event_value(event, name) for name in EVENT_FIELDS},
        "columns": {
            column.alias: {"$ref": "payload"}
            if is_payload(column.operand)
            else operand(column.operand)(event)
            for column in rule.columns
        },
        "why": [
            dict(zip(("field", "operator", "value", "offset"), _reason(leaf, event), strict=True))
            for leaf in leaves(rule.expression)
            if not isinstance(leaf, Always) and leaf_predicate(leaf)(event)
        ],
        "origin": origin.document(),
        "ruleset": ruleset,
        "payload": readable(event.payload.text),
    }
    return fitted(document, encode, event.payload.raw, max_bytes)


def plain_id(rule: Rule, uid: str) -> str:
    return str(uuid5(NAMESPACE, json.dumps([rule.id, rule.version, uid], separators=(",", ":"))))


def plain_time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _event_value(event: Event, name: str) -> Any:
    if name.endswith("_iso"):
        return plain_time(getattr(event, name.removesuffix("_iso")))
    if name == "devicetype":
        return event.log_source_type.id
    return event.log_source_type.name if name == "logsourcetypename" else getattr(event, name)


def _reason(leaf: Leaf, event: Event) -> tuple[str, str, Any, int | None]:
    match leaf:
        case Among(item):
            value = _option(leaf, event)
            return written(item), "IN", value, _offset(event, value)
        case Like(item, pattern, caseless, _, escape):
            runs = like_runs(pattern, escape)
            place = _offset(event, max(runs, key=len)) if runs else None
            return written(item), "ILIKE" if caseless else "LIKE", pattern, place
        case Matches(item, pattern, caseless):
            operator = "IMATCHES" if caseless else "MATCHES"
            return written(item), operator, pattern, _regex_offset(event, leaf)
        case InNetwork(item, network):
            seen = operand(item)(event)
            return written(item), "INCIDR", str(network), _offset(event, seen)
        case IsNull(item):
            return written(item), "IS NULL", None, None
        case Compare(operator, left, right):
            value = operand(right)(event)
            return written(left), operator.value, value, _offset(event, value)
        case Exists(item):
            return written(item), "EXISTS", None, None
        case Recent(_, clause):
            return "starttime", "LAST", clause, None
        case Always():
            raise AssertionError


def _option(leaf: Among, event: Event) -> Any:
    if leaf.nulls is Nulls.SIGMA:
        prepare: Callable[[str], str] = fold if leaf.caseless else str
        there = set(map(prepare, texts(values(leaf.operand)(event))))
        return next((value for value in leaf.values if prepare(str(value)) in there), None)
    seen = operand(leaf.operand)(event)
    for same in (equal, same_address) if is_address(leaf.operand) else (equal,):
        for value in leaf.values:
            if same(seen, value):
                return value
    return None


def _offset(event: Event, value: Any) -> int | None:
    if not isinstance(value, str) or not value:
        return None
    place = event.payload.folded[0].find(fold(value))
    return event.payload.byte_offset(place) if place >= 0 else None


def _regex_offset(event: Event, leaf: Matches) -> int | None:
    search = regex_search(leaf.pattern, leaf.caseless)
    if is_payload(leaf.operand):
        found = search(event.payload.text)
        return None if found is None else event.payload.byte_offset(found.start())
    if leaf.nulls is Nulls.SIGMA:
        seen = texts(values(leaf.operand)(event), whole=True)
    else:
        seen = iter([text_of(operand(leaf.operand)(event)) or ""])
    found = next((hit for text in seen if (hit := search(text)) is not None), None)
    return None if found is None else _offset(event, found[0])
