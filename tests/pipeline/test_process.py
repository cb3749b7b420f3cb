"""From records to outcomes: what is counted, alerted, forwarded and dead-lettered."""

import gzip
import json
import re
from dataclasses import replace

import pytest

from matcher.engine.expression import Always, Among, And, Call, Field, Function, Like, Not
from matcher.engine.ruleset import RuleSet
from matcher.events import acceptable, attribution
from matcher.events import normalize as normalizing
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.record import Batch, InputFile, PlainRecord, TopicPartition
from matcher.events.sources import BY_KIND, SourceKind
from matcher.pipeline import process
from matcher.pipeline.process import EVENTS_A_PART, MAX_REJECTS_A_RECORD, Pipeline
from tests.factories import make_rule

CATALOGUE = Catalogue.load()
QIDNAME = Field(CATALOGUE.properties.find("qidname"), "QIDNAME(qid)")
PAYLOAD = Field(CATALOGUE.properties.find("payload"), "UTF8(payload)")
CREATE = make_rule(Among(QIDNAME, ("CreateUser",)), id="create")
NEEDLE = make_rule(Like(PAYLOAD, "%needle%", caseless=True), id="needle")
INPUT = TopicPartition("cloud-audit", 0)


def trail(name, number=0, **fields):
    return {
        "eventVersion": "1.08",
        "eventTime": "2024-05-01T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-0000-0000-{number:012d}",
        "recipientAccountId": "111122223333",
        **fields,
    }


def dumps(document):
    return json.dumps(document).encode()


def run(*values, rules=(CREATE, NEEDLE), place=INPUT, timestamp=1_700_000_000_000):
    pipeline = Pipeline(RuleSet(rules, CATALOGUE.log_source_types), CATALOGUE)
    records = [PlainRecord(n, timestamp, value, b"k") for n, value in enumerate(values)]
    return pipeline.process(Batch(place, records))


def origins(outcome):
    return [
        (d["origin"]["offset"], d["origin"]["index"], d["rule"]["id"])
        for d in (json.loads(alert.body) for alert in outcome.alerts)
    ]


def test_a_batch_is_counted_matched_and_accounted_for():
    envelope = {"Records": [trail("ListUsers", 1), 5, trail("CreateUser", 2, note="Needle")]}
    outcome = run(
        dumps(trail("CreateUser")), dumps(envelope), b"{no json", None, dumps({"any": "needle"})
    )
    assert origins(outcome) == [
        (0, 0, "create"),
        (1, 2, "create"),
        (1, 2, "needle"),
        (4, 0, "needle"),
    ]
    counts = outcome.counts
    assert counts.records == 5
    assert counts.events == {"Amazon AWS CloudTrail": 3, "Unknown": 1}
    assert counts.matched == {"Amazon AWS CloudTrail": 2, "Unknown": 1}
    assert counts.matches == {("create", "high"): 2, ("needle", "high"): 2}
    assert counts.rejects == {"not_an_object": 1, "not_json": 1}
    assert counts.skipped == {"tombstone": 1}
    assert [record.offset for record in outcome.forwards] == [0, 1, 4]
    assert [(u.record.offset, u.reject.index, u.reject.raw) for u in outcome.rejects] == [
        (1, 1, b"5"),
        (2, 0, b"{no json"),
    ]
    assert outcome.done == 4


def test_the_payload_is_the_events_own_bytes():
    element = b'{ "eventName" : "CreateUser","awsRegion":"r" , "x": "\\u00e9\xc3\xa9" }'
    told = element[:-1] + b', "eventSource": "iam.amazonaws.com" }'
    outcome = run(gzip.compress(b'{"Records": [ ' + element + b" ]}"), told + b" \r\n")
    payloads = [json.loads(alert.body)["payload"] for alert in outcome.alerts]
    assert payloads == [element.decode(), told.decode()]


def test_cutting_a_batch_anywhere_changes_nothing():
    values = [
        dumps({"Records": [trail("CreateUser", n) for n in range(k, k + 5)]}) for k in range(9)
    ]
    whole = run(*values)
    pipeline = Pipeline(RuleSet((CREATE, NEEDLE), CATALOGUE.log_source_types), CATALOGUE)
    records = [PlainRecord(n, 1_700_000_000_000, value, b"k") for n, value in enumerate(values)]
    single = [a for r in records for a in pipeline.process(Batch(INPUT, [r])).alerts]
    assert [a.body for a in single] == [a.body for a in whole.alerts]


def test_a_large_envelope_comes_in_parts_and_is_done_with_the_last():
    events = [trail("CreateUser", n) for n in range(EVENTS_A_PART * 2 + 1)]
    pipeline = Pipeline(RuleSet((CREATE,), CATALOGUE.log_source_types), CATALOGUE)
    batch = Batch(INPUT, [PlainRecord(7, 0, dumps({"Records": events}))])
    parts = list(pipeline.parts(batch))
    assert [len(part.alerts) for part in parts] == [EVENTS_A_PART, EVENTS_A_PART, 1]
    assert [part.done for part in parts] == [None, None, 7]
    assert [len(part.forwards) for part in parts] == [0, 0, 1]


def test_an_empty_batch_has_no_part():
    assert list(Pipeline(RuleSet((), ()), CATALOGUE).parts(Batch(INPUT, []))) == []


def test_many_rejects_in_one_record_dead_letter_the_record_once():
    value = dumps({"Records": [1] * (MAX_REJECTS_A_RECORD + 1) + [trail("CreateUser")]})
    outcome = run(value)
    assert len(outcome.alerts) == 1
    assert [unit.reject.raw for unit in outcome.rejects] == [value]
    assert outcome.counts.rejects == {"not_an_object": MAX_REJECTS_A_RECORD + 1}


def test_in_a_file_the_start_time_is_the_events_own():
    outcome = run(dumps(trail("CreateUser")), place=InputFile("f"), timestamp=-1)
    event = json.loads(outcome.alerts[0].body)["event"]
    assert event["starttime"] == event["devicetime"] == 1_714_557_600_000


def test_on_a_stream_the_start_time_is_the_records():
    event = json.loads(run(dumps(trail("CreateUser"))).alerts[0].body)["event"]
    assert (event["starttime"], event["devicetime"]) == (1_700_000_000_000, 1_714_557_600_000)


def broken(_value):
    raise ZeroDivisionError


@pytest.mark.parametrize("name", ["CreateUser", "ListUsers"])
def test_a_rule_that_breaks_costs_its_event_a_dead_letter_and_no_other_rule(name):
    failing = Function("BROKEN", broken)
    rule = make_rule(
        And((Always(holds=True), Not(Among(Call(failing, (QIDNAME,)), ("a",))))), id="broken"
    )
    outcome = run(dumps(trail(name)), rules=(rule, CREATE))
    assert [a.rule_id for a in outcome.alerts] == (["create"] if name == "CreateUser" else [])
    (unit,) = outcome.rejects
    assert unit.reject.reason == "rule_failed"
    assert "ZeroDivisionError" in unit.reject.detail
    assert outcome.counts.rule_errors == {"broken": 1}


def _boom(*_arguments):
    return {}["a secret of the event"]


@pytest.mark.parametrize(
    ("step", "named", "wrapped"),
    [
        ("unwrap_stepwise", "opening", True),
        ("attribute", "attribution", False),
        ("attribute", "attribution", True),
        ("normalize", "normalization", False),
        ("normalize", "normalization", True),
    ],
)
def test_a_fault_of_ours_costs_one_unit_and_says_where(monkeypatch, step, named, wrapped):
    """Ending the process would not help: the next read brings the same record again."""
    real = getattr(process, step)

    def broken(value, *arguments):
        raw = value.raw if isinstance(value, RawEvent) else value
        return _boom() if b"needle" in raw else real(value, *arguments)

    monkeypatch.setattr(process, step, broken)
    bad, good = trail("ListUsers", note="needle"), trail("CreateUser", 2)
    if step == "attribute":
        bad |= {"eventSource": None, "log": "x"}  # so that nothing is told at a glance
    if wrapped:
        outcome = run(dumps({"Records": [good, bad, good]}), dumps(good))
    else:
        outcome = run(dumps(good), dumps(bad), dumps(good))
    (unit,) = outcome.rejects
    assert unit.reject.reason == "internal_error"
    said = rf"{named} failed: KeyError at test_process\.py:\d+"
    assert re.fullmatch(said, unit.reject.detail)
    assert b"needle" in unit.reject.raw
    assert outcome.counts.rejects == {"internal_error": 1}
    expected = 1 if step == "unwrap_stepwise" else 3 if wrapped else 2
    assert [alert.rule_id for alert in outcome.alerts] == ["create"] * expected
    assert outcome.done == (1 if wrapped else 2)


@pytest.mark.parametrize("step", ["log_sources", "candidates_of"])
def test_a_fault_in_the_glance_costs_nothing(monkeypatch, step):
    """After the fault the records of the slice are looked at one by one."""
    place = process if step == "log_sources" else RuleSet
    event = trail("CreateUser")
    values = [dumps(event), b"{", dumps({"Records": [event, 5, event]})]
    expected = run(*values)
    monkeypatch.setattr(place, step, _boom)
    found = run(*values)
    assert (found.alerts, found.rejects, found.done) == (expected.alerts, expected.rejects, 2)
    assert found.counts == expected.counts


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("asked_by", ["a rule", "an alert"])
def test_a_field_that_cannot_be_computed_is_no_rules_fault(monkeypatch, asked_by, wrapped):
    """The fields are computed when a rule or an alert asks for them."""
    cloudtrail = BY_KIND[SourceKind.CLOUDTRAIL]

    def extract(document):
        return _boom() if "note" in document else cloudtrail.extract(document)

    monkeypatch.setitem(BY_KIND, SourceKind.CLOUDTRAIL, replace(cloudtrail, extract=extract))
    by_name = make_rule(Among(QIDNAME, ("CreateUser",)), id="by name")
    by_text = make_rule(Like(PAYLOAD, "%CreateUser%", caseless=True), id="by text")
    rules = (by_name, by_text) if asked_by == "a rule" else (by_text,)
    bad, good = trail("CreateUser", note="x"), trail("CreateUser", 2)
    values = [{"Records": [good, bad, good]}] if wrapped else [good, bad, good]
    outcome = run(*map(dumps, values), rules=rules)
    (unit,) = outcome.rejects
    assert unit.reject.reason == "internal_error"
    said = r"normalization failed: KeyError at test_process\.py:\d+"
    assert re.fullmatch(said, unit.reject.detail)
    assert unit.reject.raw == dumps(bad)
    assert outcome.counts.rejects == {"internal_error": 1}
    assert outcome.counts.rule_errors == {}
    assert len(outcome.alerts) == 2 * len(rules)


def test_a_candidate_is_wholly_parsed_once_and_classified_once(monkeypatch):
    parsed, classified = [], []
    parse, classify = acceptable.parse, attribution.classify
    monkeypatch.setattr(acceptable, "parse", lambda raw: parsed.append(raw) or parse(raw))
    for module in (attribution, normalizing):
        monkeypatch.setattr(
            module, "classify", lambda document: classified.append(1) or classify(document)
        )
    activity = {"operationName": "Microsoft.Compute/virtualMachines/write", "note": "needle"}
    assert origins(run(dumps(activity))) == [(0, 0, "needle")]
    assert (len(parsed), len(classified)) == (1, 1)
