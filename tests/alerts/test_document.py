"""The alert's body: fields, order, ids, what happens to what is too long or cannot be encoded."""

import hashlib
import json

import orjson

from matcher.alerts.document import EventOrigin, iso_time
from matcher.alerts.identity import AlertIds
from matcher.alerts.template import AlertTemplate
from matcher.engine.expression import Call, Constant, Function, Like
from matcher.engine.rule import Attack, Column
from matcher.engine.ruleset import RuleSet
from matcher.events.record import InputFile, TopicPartition
from tests.factories import PAYLOAD, TYPES, key, make_event, make_rule

RULE = make_rule(
    Like(PAYLOAD, "%CreateUser%", caseless=True),
    id="cloud-api",
    title="Cloud API",
    version="1.2",
    attack=Attack(("TA0002",), ("T1059.009",)),
    references=("https://attack.mitre.org/techniques/T1059/009/",),
    columns=(
        Column("Event Action", key("eventName")),
        Column("Who", key("who")),
        Column("Raw Event", PAYLOAD),
    ),
)
ORIGIN = EventOrigin(TopicPartition("cloud-audit", 3), 42, 1)


def alert(event, rule=RULE, origin=ORIGIN, max_bytes=900_000):
    rules = RuleSet([rule], TYPES)
    (match,) = rules.match(event)
    template = AlertTemplate(rule, ruleset=rules.digest, max_bytes=max_bytes)
    return template.alert(event, match.why, origin, timestamp=event.starttime)


def body(*args, **kwargs):
    return json.loads(alert(*args, **kwargs).body)


def test_the_document_has_the_fields_of_the_schema_in_its_order():
    event = make_event(
        {"eventName": "CreateUser", "who": None}, username="alice", sourceip="192.0.2.1"
    )
    document = body(event)
    assert list(document) == [
        "schema", "id", "rule", "event", "columns", "why", "origin", "ruleset", "payload",
    ]  # fmt: skip
    assert document["schema"] == "cloud-audit-alert/1"
    assert document["rule"] == {
        "id": "cloud-api",
        "title": "Cloud API",
        "version": "1.2",
        "severity": "high",
        "confidence": "medium",
        "attack": {"tactics": ["TA0002"], "techniques": ["T1059.009"]},
        "references": ["https://attack.mitre.org/techniques/T1059/009/"],
    }
    assert list(document["event"]) == [
        "starttime", "starttime_iso", "devicetime", "devicetime_iso", "qid", "qidname",
        "category", "categoryname", "highlevelcategory", "severity", "username", "sourceip",
        "logsourceid", "logsourcename", "devicetype", "logsourcetypename", "errorcode",
        "region", "account", "uid",
    ]  # fmt: skip
    assert document["event"]["starttime_iso"] == "2023-11-14T22:13:20.000Z"
    assert document["columns"] == {
        "Event Action": "CreateUser",
        "Who": None,
        "Raw Event": {"$ref": "payload"},
    }
    assert document["why"] == [
        {"field": "UTF8(payload)", "operator": "ILIKE", "value": "%CreateUser%", "offset": 15}
    ]
    assert document["origin"] == {
        "topic": "cloud-audit", "partition": 3, "offset": 42, "index": 1,
    }  # fmt: skip
    assert document["payload"] == '{"eventName": "CreateUser", "who": null}'
    assert "truncated" not in document


def test_a_file_is_an_origin_too():
    event = make_event({"eventName": "CreateUser"})
    assert body(event, origin=EventOrigin(InputFile("a.json"), 7, 0))["origin"] == {
        "file": "a.json", "line": 7, "index": 0,
    }  # fmt: skip


def test_the_id_is_of_rule_version_and_event_alone():
    event = make_event({"eventName": "CreateUser"}, uid='["x"]')
    first = alert(event)
    assert first.id == alert(event, origin=EventOrigin(InputFile("b"), 1, 1)).id
    assert first.id == AlertIds(RULE).of('["x"]') == "5302e19e-7cb1-598f-9515-0d5c8fd384d9"
    assert first.id != alert(make_event({"eventName": "CreateUser"}, uid='["y"]')).id
    second = make_rule(RULE.expression, id="cloud-api", version="2")
    assert AlertIds(second).of('["x"]') != first.id


def test_bytes_that_are_no_text_are_written_as_replacement_characters():
    event = make_event({"who": "\ud800"}, raw=b'{"eventName":"CreateUser","who":"\xff"}')
    document = body(event)
    assert document["payload"] == '{"eventName":"CreateUser","who":"\ufffd"}'
    assert document["columns"]["Who"] == "\ufffd"


def test_integers_of_any_size_are_written():
    event = make_event({"eventName": "CreateUser", "who": 10**30})
    assert body(event)["columns"]["Who"] == 10**30


def test_what_is_too_long_is_cut_and_named():
    text = "é" * 20_000
    event = make_event({"eventName": "CreateUser", "who": text, "list": [text]}, username=text)
    listed = make_rule(RULE.expression, columns=(*RULE.columns, Column("List", key("list"))))
    whole = alert(event, listed, max_bytes=10_000)
    assert len(whole.body) <= 10_000
    document = orjson.loads(whole.body)
    assert set(document["truncated"]) == {
        "event.username",
        "columns.Who",
        "columns.List",
        "payload",
    }
    assert document["truncated"]["payload"] == {
        "bytes": len(event.payload.raw),
        "sha256": hashlib.sha256(event.payload.raw).hexdigest(),
    }
    assert document["truncated"]["columns.Who"] == {
        "bytes": 40_000,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    assert text.startswith(document["columns"]["Who"])
    assert document["columns"]["Event Action"] == "CreateUser"


def test_columns_are_evaluated_in_order_under_their_aliases():
    upper = Function("UPPER", lambda value: value.upper())
    rule = make_rule(
        RULE.expression,
        columns=(Column("b", Call(upper, (Constant("x"),))), Column("a", Constant(5))),
    )
    columns = body(make_event({"eventName": "CreateUser"}), rule)["columns"]
    assert list(columns.items()) == [("b", "X"), ("a", 5)]


def test_times_no_calendar_has_are_null():
    assert iso_time(10**18) is None
    assert iso_time(-1) == "1969-12-31T23:59:59.999Z"
    assert iso_time(None) is None


def test_numbers_that_json_does_not_have_become_null_whatever_else_the_event_holds():
    for other in ("x", 2**70, "\ud800"):
        columns = tuple(Column(name, key(name)) for name in ("nan", "huge", "other"))
        rule = make_rule(Like(PAYLOAD, "%nan%", caseless=True), columns=columns)
        raw = b'{"nan":NaN}'
        event = make_event({"nan": float("nan"), "huge": [float("inf")], "other": other}, raw=raw)
        columns_seen = orjson.loads(alert(event, rule).body.replace(str(2**70).encode(), b"1"))
        assert columns_seen["columns"]["nan"] is None
        assert columns_seen["columns"]["huge"] == [None]
