from ipaddress import ip_network
from pathlib import Path

import pytest

from matcher.engine.compiler import predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    Recent,
)
from matcher.engine.verdict import Verdict, condition, judge
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.rulebook import load_rules
from tests.factories import key, make_event
from tests.languages.sigma.detecting import rule_text, selection

RULES = Path(__file__).parents[2] / "rules"


def consistent(verdict: Verdict) -> bool:
    """A node says what its parts say."""
    held = [part.holds for part in verdict.parts]
    says = {"AND": all(held), "OR": any(held), "NOT": held != [True]}
    return all(map(consistent, verdict.parts)) and (
        not verdict.parts or says[verdict.text] is verdict.holds
    )


def test_a_tree_is_judged_node_by_node_and_nothing_is_cut_short():
    same = Compare(Comparison.EQUAL, key("a"), Constant("x"))
    tree = And((Not(same), Or((same, Among(key("b"), ("y", 1))))))
    different = Verdict("a = 'x'", holds=False, seen=(("a", "z"),))
    among = Verdict("b IN ('y', 1)", holds=True, seen=(("b", "y"),))
    negated = Verdict("NOT", holds=True, parts=(different,))
    either = Verdict("OR", holds=True, parts=(different, among))
    verdict = judge(tree, make_event({"a": "z", "b": "y"}))
    assert verdict == Verdict("AND", holds=True, parts=(negated, either))


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        (Like(key("a"), "x%", caseless=True), "a ILIKE 'x%'"),
        (Like(key("a"), "x%", caseless=False), "a LIKE 'x%'"),
        (Matches(key("a"), "x+", caseless=True), "a IMATCHES 'x+'"),
        (Matches(key("a"), "x+", caseless=False), "a MATCHES 'x+'"),
        (InNetwork(key("a"), ip_network("10.0.0.0/8")), "INCIDR('10.0.0.0/8', a)"),
        (IsNull(key("a")), "a IS NULL"),
        (Recent(60_000, "LAST 1 MINUTES"), "LAST 1 MINUTES"),
        (Always(holds=True), "TRUE"),
        (Always(holds=False), "FALSE"),
    ],
)
def test_a_condition_as_aql_writes_it(leaf, text):
    assert condition(leaf) == text


def test_the_verdict_is_the_rules_on_every_event_of_the_rules_tests():
    catalogue = Catalogue.load()
    book = load_rules([RULES], catalogue)
    events = [
        normalize(raw, 0, catalogue) for test in book.tests for raw in unwrap(test.record).events
    ]
    seen = set()
    for rule in book.rules:
        holds = predicate(rule.expression)
        for event in events:
            verdict = judge(rule.expression, event)
            assert verdict.holds is holds(event)
            assert consistent(verdict)
            seen.add(verdict.holds)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("where", "document", "seen"),
    [
        ("a|hour: 5", {"a": "2024-05-01T05:00:00Z"}, 5),
        ("a|hour: 5", {"a": ["2024-05-01T05:00:00Z", "2024-05-01T06:00:00Z"]}, [5, 6]),
        ("a|hour: 5", {"a": "x"}, None),
        ("a|fieldref|endswith: b", {"a": "abc", "b": "bc"}, True),
        ("a|fieldref|endswith: b", {"a": "abc", "b": "xc"}, False),
    ],
)
def test_what_sigma_works_out_is_shown_as_it_was_seen(tmp_path, where, document, seen):
    (tmp_path / "r.yml").write_text(rule_text(selection(where)))
    (rule,) = load_rules([tmp_path], Catalogue.load()).rules
    _, found = judge(rule.expression, make_event(document)).parts
    assert found.seen[0][1] == seen
