"""Every operator over text, NULL in each form, case, Unicode, and values of other types."""

import re
from pathlib import Path

import pytest
import yaml

from matcher.engine.compiler import predicate
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.aql import AqlPolicy, compile_query
from tests.factories import make_event, make_rule

CASES = Path(__file__).parents[2] / "cases" / "aql"
CATALOGUE = Catalogue.load()
VALUES = {
    "text": "alice",
    "missing": None,
    "empty": "",
    "upper": "ALICE",
    "accent": "Élodie",
    "number": 42,
    "digits": "42",
    "true": True,
    "list": ["alice"],
    "lines": "a\nb",
}
EVENTS = {
    name: make_event(username="alice", properties={"Session Name": value})
    for name, value in VALUES.items()
}
SETS = {
    "People": frozenset({"alice", "Élodie"}),
    "Numbers": frozenset({"42"}),
    "Nobody": frozenset(),
}


def held(text: str, policy: AqlPolicy) -> list[str]:
    """The events that a filter on ``x`` holds for."""
    query = compile_query(re.sub(r"\bx\b", '"Session Name"', text), CATALOGUE, policy=policy)
    holds = predicate(query.expression)
    return [name for name, event in EVENTS.items() if holds(event)]


def table(name: str) -> list:
    return yaml.safe_load((CASES / name).read_text("utf-8"))


@pytest.mark.parametrize(("text", "expected"), table("operators.yml"))
def test_what_an_operator_holds_for(text, expected):
    assert held(text, AqlPolicy(reference_sets=SETS)) == expected


@pytest.mark.parametrize(("text", "expected"), table("three-valued.yml"))
def test_what_three_valued_logic_holds_for(text, expected):
    assert held(text, AqlPolicy(nulls="three-valued", reference_sets=SETS)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x MATCHES 'lic'", []),
        ("x MATCHES 'alice|nobody'", ["text"]),
        ("x MATCHES '.*lic.*'", ["text", "list"]),
        ("x MATCHES '(?i)alice'", ["text", "upper"]),
        ("x IMATCHES 'alice'", ["text", "upper"]),
    ],
)
def test_matches_over_the_full_text(text, expected):
    assert held(text, AqlPolicy(matches="full")) == expected


ADDRESSES = ("9.0.0.1", "10.0.0.0", "10.30.1.1", "10.255.255.255", "100.20.3.4", "::1", None)


def addresses(text: str) -> list[str | None]:
    """The source addresses that a filter holds for."""
    holds = predicate(compile_query(text, CATALOGUE).expression)
    return [one for one in ADDRESSES if holds(make_event(sourceip=one))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sourceip BETWEEN '10.0.0.0' AND '10.255.255.255'", ADDRESSES[1:4]),
        ("sourceip >= '10.0.0.0' AND sourceip <= '10.255.255.255'", ADDRESSES[1:4]),
        (
            "sourceip IS NOT NULL AND NOT (sourceip BETWEEN '10.0.0.0' AND '10.255.255.255')",
            ("9.0.0.1", "100.20.3.4", "::1"),
        ),
        ("sourceip < '10.30.1.1'", ("9.0.0.1", "10.0.0.0")),
        ("'10.30.1.1' > sourceip", ("9.0.0.1", "10.0.0.0")),
        ("sourceip > '100.20.3.4'", ("::1",)),
        ("sourceip <= '::1'", ADDRESSES[:6]),
        ("sourceip >= sourceaddress", ADDRESSES[:6]),
        ("sourceip > ''", ()),
        ("sourceip < NULL", ()),
        ("STR(sourceip) < '10.4'", ("10.0.0.0", "10.30.1.1", "10.255.255.255")),
    ],
)
def test_addresses_are_ordered_as_addresses(text, expected):
    assert addresses(text) == list(expected)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({"10.0.0.0/8"}, ADDRESSES[1:4]),
        ({"10.0.0.0/9", "10.128.0.0/9", "::/64"}, (*ADDRESSES[1:4], "::1")),
        ({"10.30.1.99/24"}, ("10.30.1.1",)),
        ({"10.30.0.0/16", "9.0.0.1", "no/address"}, ("9.0.0.1", "10.30.1.1")),
    ],
)
def test_a_network_in_a_reference_set_is_a_network(listed, expected):
    policy = AqlPolicy(reference_sets={"Own": frozenset(listed)})
    text = "REFERENCESETCONTAINS('Own', sourceip)"
    holds = predicate(compile_query(text, CATALOGUE, policy=policy).expression)
    assert [one for one in ADDRESSES if holds(make_event(sourceip=one))] == list(expected)
    other = predicate(compile_query(f"NOT {text}", CATALOGUE, policy=policy).expression)
    assert [one for one in ADDRESSES if not other(make_event(sourceip=one))] == list(expected)


def test_numbers_compare_with_their_texts():
    for text in ("qid = '1'", "qid IN (2, '1.0')", "qid LIKE '1%'", "severity >= '-3'", "qid = 1"):
        assert predicate(compile_query(text, CATALOGUE).expression)(make_event(qid=1))


SPELLED = ("10.1.2.3", "::ffff:10.1.2.3", "::FFFF:0A01:0203", "2001:db8::7", "2001:0DB8:0::0007")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sourceip = '10.1.2.3'", SPELLED[:3]),
        ("sourceip IN ('9.9.9.9', '::ffff:10.1.2.3')", SPELLED[:3]),
        ("sourceip = '2001:DB8::7'", SPELLED[3:]),
        ("'2001:db8::0:7' = sourceip", SPELLED[3:]),
        ("sourceip != '2001:db8::7'", SPELLED[:3]),
        ("INCIDR('10.0.0.0/8', sourceip)", SPELLED[:3]),
        ("INCIDR('::ffff:10.0.0.0/104', sourceip)", SPELLED[1:3]),
        ("sourceip BETWEEN '10.0.0.0' AND '10.255.255.255'", SPELLED[:3]),
    ],
)
def test_an_address_is_one_however_it_is_spelled(text, expected):
    expression = compile_query(text, CATALOGUE).expression
    rules = RuleSet([make_rule(expression)], CATALOGUE.log_source_types)
    found = []
    for one in SPELLED:
        raw = b'{"sourceIPAddress":"%s","eventName":"a","awsRegion":"x"}' % one.encode()
        (unwrapped,) = unwrap(raw).events
        event = normalize(unwrapped, 0, CATALOGUE)
        assert bool(rules.match(event)) is bool(rules.match_naive(event))
        found += [one] if rules.match(event) else []
    assert found == list(expected)


@pytest.mark.parametrize(
    ("field", "note"),
    [
        ("qid", "qid is never '10.0.0.0/8' and 1 more of the reference set 'Mixed'"),
        ("sourceip", "sourceip is never '7' and 1 more of the reference set 'Mixed'"),
        ("username", None),
    ],
)
def test_what_a_reference_set_lists_in_vain_is_said(field, note):
    policy = AqlPolicy(reference_sets={"Mixed": frozenset({"10.0.0.0/8", "7", "alice"})})
    query = compile_query(f"REFERENCESETCONTAINS('Mixed', {field})", CATALOGUE, policy=policy)
    assert query.notes == (() if note is None else (note,))
