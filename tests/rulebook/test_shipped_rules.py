import json
import re
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest

from matcher.engine.rule import Severity
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.aql import compile_query
from matcher.rulebook import load_rules, run_tests
from matcher.rulebook.document import plain, read_document
from matcher.rulebook.format import (
    ATTACK_KEYS,
    CONFIDENCES,
    KEYS,
    REQUIRED,
    SEVERITIES,
    STATUSES,
    TEST_KEYS,
)
from matcher.rulebook.lints import lint_rules
from matcher.rulebook.lints.walking import placed, text_test

RULES = Path(__file__).parents[2] / "rules"
SCHEMA = json.loads((RULES / "rule.schema.json").read_text("utf-8"))
FILES = sorted(RULES.rglob("*.yml"))
CATALOGUE = Catalogue.load()
BOOK = load_rules([RULES], CATALOGUE)
RESULTS = run_tests(BOOK, CATALOGUE)

NAMES = (
    *("CreateUser", "AttachUserPolicy", "CreateAccessKey", "CreateRole", "AssumeRole"),
    *("GetSessionToken", "PutBucketPolicy", "DeleteBucketPolicy", "CreateFunction"),
    *("UpdateFunctionCode", "RunInstances", "CreateKeyPair", "StopLogging", "DeleteTrail"),
    *("PutEventSelectors", "DisableGuardDuty", "DeleteDetector", "CreateGroup"),
    "AddMemberToGroup",
)
_OUTCOME = (
    r"\"Error Code\" IS (NOT )?NULL"
    r"|\"Error Code\" IN \([^)]*\)"
    r"|\"Result\" ILIKE '\w+'"
)
NEEDLES = ("roleDefinitions/write", "roleAssignments/write", "virtualMachines/write")


def test_every_shipped_rule_loads():
    assert BOOK.errors == ()
    assert len(BOOK.rules) == len(FILES) >= 1


@pytest.mark.parametrize(
    "result", RESULTS, ids=lambda result: f"{result.test.rule_id}: {result.test.name}"
)
def test_a_test_inside_a_rule_passes(result):
    assert result.detail == ""


def test_every_rule_has_a_positive_and_a_negative_test():
    for rule in BOOK.rules:
        outcomes = {test.match for test in BOOK.tests if test.rule_id == rule.id}
        assert outcomes == {True, False}, rule.id


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_rule_is_valid_by_the_schema(file):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = read_document(str(file), file.read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(plain(document.root))


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_a_shipped_rule_says_what_to_do_and_how_to_look_further(rule):
    assert set(rule.metadata["runbook"]) == {"triage", "investigate", "contain"}
    assert all(rule.metadata["runbook"].values())
    assert rule.metadata["false_positives"]
    assert rule.attack.tactics
    assert rule.attack.techniques
    assert rule.metadata["hunting"]
    for hunt in rule.metadata["hunting"]:
        assert compile_query(hunt["query"], CATALOGUE, dialect="strict").columns, hunt["name"]


def test_only_the_published_rule_draws_warnings_and_alerts_by_default():
    assert {lint.rule_id for lint in lint_rules(BOOK, CATALOGUE)} == {"cloud-api-t1059-009"}
    high = [rule.id for rule in BOOK.rules if rule.severity >= Severity.HIGH]
    assert high == ["cloud-api-t1059-009"]


def test_every_name_in_a_shipped_rule_has_a_test_that_it_matches():
    for rule in BOOK.rules:
        tests = [test for test in BOOK.tests if test.rule_id == rule.id and test.match]
        texts = " ".join(test.record.decode() for test in tests).lower()
        for place in placed(rule.expression):
            test = text_test(place.leaf)
            if test is not None and test.name in ("qidname", "operation name", "activity"):
                for text in test.texts:
                    assert f'"{text.strip("%").lower()}' in texts, (rule.id, text)


def test_an_event_is_a_change_or_an_attempt_and_never_both():
    """The two companions ask for the same things and for opposite outcomes."""
    change, attempt = (
        next(rule for rule in BOOK.rules if rule.id == f"cloud-api-{name}")
        for name in ("change", "attempt")
    )
    ruleset = RuleSet([change, attempt], CATALOGUE.log_source_types)
    for test in BOOK.tests:
        for raw in unwrap(test.record).events:
            event = normalize(raw, 0, CATALOGUE)
            assert len(ruleset.match(event)) <= 1, test.name
    conditions = [re.sub(_OUTCOME, "", rule.source) for rule in (change, attempt)]
    assert conditions[0] == conditions[1]


def test_the_schema_and_the_loader_know_the_same_keys():
    properties = SCHEMA["properties"]
    assert set(properties) == set(KEYS)
    assert set(SCHEMA["required"]) == set(REQUIRED)
    assert set(properties["attack"]["properties"]) == set(ATTACK_KEYS)
    assert set(SCHEMA["$defs"]["test"]["properties"]) == set(TEST_KEYS)
    assert tuple(properties["severity"]["enum"]) == SEVERITIES
    assert tuple(properties["confidence"]["enum"]) == CONFIDENCES
    assert tuple(properties["status"]["enum"]) == STATUSES


def test_the_format_is_documented_key_by_key():
    text = (RULES.parent / "docs" / "rule-format.md").read_text("utf-8")
    for key in (*KEYS, *TEST_KEYS):
        assert f"`{key}`" in text, key


def test_the_published_query_stands_byte_for_byte():
    (rule,) = [rule for rule in BOOK.rules if rule.id == "cloud-api-t1059-009"]
    digest = "f6d71fbdbae78e1bababc59da82c17cb5dd080e200810b8bb6c63e52f63310bb"
    assert sha256(rule.source.encode()).hexdigest() == digest
    assert (rule.severity, rule.confidence) == (Severity.HIGH, "medium")
    assert (rule.attack.tactics, rule.attack.techniques) == (("TA0002",), ("T1059.009",))
    assert rule.references == ("https://attack.mitre.org/techniques/T1059/009/",)
    assert len(rule.metadata["false_positives"]) == 3


def test_the_published_rule_tests_every_name_and_needle_with_a_near_miss():
    tests = [test for test in BOOK.tests if test.rule_id == "cloud-api-t1059-009"]
    positive = {test.name for test in tests if test.match}
    assert positive >= {*NAMES, *NEEDLES}
    events = [json.loads(test.record) for test in tests if not test.match]
    assert len({event["eventName"] for event in events if "eventName" in event}) >= len(NAMES)
    assert len([event for event in events if "operationName" in event]) >= len(NEEDLES)
