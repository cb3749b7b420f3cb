"""Candidates, gates, matches, and why."""

import pytest

from matcher.engine.expression import Among, And, Call, Function, Like, Not, Or, Recent
from matcher.engine.prefilter import Prefilter
from matcher.engine.ruleset import FEW, RuleSet
from tests.factories import (
    ACTIVITY,
    CLOUDTRAIL,
    PAYLOAD,
    SIGN_IN,
    TYPE_NAME,
    TYPES,
    key,
    make_event,
    make_rule,
)

NAME = key("eventName")
GATE = Or(
    (Like(TYPE_NAME, "%cloudtrail%", caseless=True), Like(TYPE_NAME, "%activity%", caseless=True))
)
SEEN = Or((Among(NAME, ("CreateUser",)), Like(PAYLOAD, "%roleAssignments/write%", caseless=True)))
RULE = make_rule(And((Recent(1, "LAST 1 DAYS"), GATE, SEEN)), id="one")


def ruleset(*rules):
    return RuleSet(rules, TYPES)


def test_a_match_names_every_leaf_that_held_and_where():
    event = make_event({"eventName": "CreateUser", "x": "ROLEASSIGNMENTS/WRITE"})
    (match,) = ruleset(RULE).match(event)
    assert [(r.field, r.operator, r.value, r.offset) for r in match.why] == [
        ("starttime", "LAST", "LAST 1 DAYS", None),
        ("LOGSOURCETYPENAME(devicetype)", "ILIKE", "%cloudtrail%", None),
        ("eventName", "IN", "CreateUser", event.payload.raw.index(b"CreateUser")),
        (
            "UTF8(payload)",
            "ILIKE",
            "%roleAssignments/write%",
            event.payload.raw.index(b"ROLEASSIGNMENTS"),
        ),
    ]


def test_the_offset_counts_bytes_and_is_null_where_seen_only_unescaped():
    plain = make_event(raw='{"é":"é","x":"roleAssignments/write"}'.encode())
    assert ruleset(RULE).match(plain)[0].why[-1].offset == plain.payload.raw.index(b"roleA")
    escaped = make_event(raw=rb'{"x":"roleAssignments\/write"}')
    assert ruleset(RULE).match(escaped)[0].why[-1].offset is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"eventName":"CreateUser"}',
        b'{"EVENTNAME":"CREATEUSER"}',
        rb'{"eventName":"Create\u0055ser"}',
        rb'{"x":"roleassignments\/WRITE"}',
        b'{"x":"\xff\xfe roleAssignments/write"}',
        rb'{"x":"%b","eventName":"CREATE\u0055ser"}' % (rb"\u0041" * 20_000),
        rb'{"y":"{\"x\":\"%b\",\"eventName\":\"Create\\u0055ser\"}"}' % (rb"\\u0041" * 20_000),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_the_prefilter_lets_through_what_could_match(raw):
    assert ruleset(RULE).candidates(raw) == 1


def test_the_prefilter_excludes_the_rest():
    assert ruleset(RULE).candidates(b'{"eventName":"ListUsers"}') == 0
    assert ruleset(RULE).candidates(rb'{"eventName":"List\u0055sers"}') == 0


SOURCE = key("eventSource")
MANY_OF_A_NAME = ruleset(
    *(
        make_rule(
            And((Among(NAME, ("CreateUser",)), Among(SOURCE, (f"service{n}.amazonaws.com",)))),
            id=f"{n:02}",
        )
        for n in range(3 * FEW)
    )
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"service7.amazonaws.com", {7}),
        (b"SERVICE7.AMAZONAWS.COM", {7}),
        (rb"service7\u002eamazonaws.com", {7}),
        (rb"service\u0037.amazonaws.com", {7}),
        (b"other.amazonaws.com", set()),
        (rb"other\u002eamazonaws.com", set()),
        (b"other.amazonaws.com service3.amazonaws.com", {3}),
    ],
)
def test_of_many_rules_with_one_literal_those_remain_whose_further_literals_are_there(
    source, expected
):
    raw = b'{"eventName":"CreateUser","eventSource":"%b"}' % source
    candidates = MANY_OF_A_NAME.candidates(raw)
    assert set(MANY_OF_A_NAME.indexes(candidates)) == expected
    other = b'{"eventName":"ListUsers"}'
    assert MANY_OF_A_NAME.candidates_of([other, raw]) == ({1: candidates} if candidates else {})


def test_rules_that_require_nothing_further_remain():
    named = make_rule(Among(NAME, ("CreateUser",)), id="named")
    rules = ruleset(*MANY_OF_A_NAME.rules, named, make_rule(Not(SEEN), id="not"))
    raw = b'{"eventName":"CreateUser","eventSource":"service7.amazonaws.com"}'
    left = [rules.rules[index].id for index in rules.indexes(rules.candidates(raw))]
    assert left == ["07", "named", "not"]


@pytest.mark.parametrize(("further", "searched"), [(FEW, 1), (FEW + 1, 2)])
def test_an_event_is_searched_again_only_where_more_than_a_few_rules_require_more(
    monkeypatch, further, searched
):
    anything = [make_rule(Not(SEEN), id=f"not {n}") for n in range(3 * FEW)]
    rules = ruleset(*MANY_OF_A_NAME.rules[:further], *anything)
    searches, search = [], Prefilter.candidates
    monkeypatch.setattr(Prefilter, "candidates", lambda *a: searches.append(1) or search(*a))
    rules.candidates(b'{"eventName":"CreateUser"}')
    assert len(searches) == searched


def test_a_rule_without_a_literal_is_always_a_candidate():
    anything = make_rule(Not(SEEN), id="two")
    assert ruleset(RULE, anything).candidates(b"{}") == 0b10


@pytest.mark.parametrize("source", ["sts.amazonaws.com", "x.amazonaws.com", ".amazonaws.com"])
def test_a_rule_is_found_by_a_services_name(source):
    found = ruleset(make_rule(Among(NAME, (source,))))
    assert found.candidates(b'{"eventName":"%b"}' % source.upper().encode()) == 1
    escaped = source.replace(".", r"\u002e").encode()
    assert found.candidates(b'{"eventName":"%b"}' % escaped) == 1
    assert found.candidates(b'{"eventName":"sts.example.com"}') == 0


def test_a_rule_with_an_endless_literal_is_found_by_its_beginning():
    endless = make_rule(Among(NAME, (100_000 * "abc",)))
    assert ruleset(endless).candidates(b'{"eventName":"%b"}' % (100_000 * b"abc")) == 1


def test_the_places_of_many_rules_come_in_their_order():
    places = [0, 1, 63, 64, 2999]
    assert list(RuleSet.indexes(sum(1 << place for place in places))) == places
    assert list(RuleSet.indexes(0)) == []


def test_the_gate_leaves_the_log_sources_a_rule_speaks_of():
    rules = ruleset(RULE)
    assert rules.plans[0].types == {CLOUDTRAIL, ACTIVITY}
    assert rules.narrow(1, CLOUDTRAIL) == 1
    assert rules.narrow(1, SIGN_IN) == 0


def test_the_gate_does_not_decide_what_the_type_does_not():
    everywhere = make_rule(Or((GATE, SEEN)))
    assert ruleset(everywhere).plans[0].types == set(TYPES)
    inverted = make_rule(Not(GATE))
    assert ruleset(inverted).plans[0].types == {SIGN_IN}
    upper = Function("UPPER", lambda text: text.upper())
    called = make_rule(Like(Call(upper, (TYPE_NAME,)), "%CLOUDTRAIL%", caseless=False))
    assert ruleset(called).plans[0].types == {CLOUDTRAIL}


def test_match_and_match_naive_agree():
    rules = ruleset(RULE, make_rule(Not(SEEN), id="two"))
    for document in ({"eventName": "CreateUser"}, {"eventName": "ListUsers"}, {}):
        event = make_event(document)
        assert [m.rule.id for m in rules.match(event)] == list(rules.match_naive(event))


def test_the_digest_depends_on_what_rules_say_and_not_on_their_order():
    a, b = make_rule(SEEN, id="a"), make_rule(SEEN, id="b")
    assert ruleset(a, b).digest == ruleset(b, a).digest
    changed = make_rule(SEEN, id="a", source="something else")
    assert ruleset(changed, b).digest != ruleset(a, b).digest


def test_the_digest_depends_on_the_settings_that_a_rule_rests_on():
    plain = make_rule(SEEN, source="x")
    found = make_rule(SEEN, source="x", settings=("aql.matches = find",))
    whole = make_rule(SEEN, source="x", settings=("aql.matches = full",))
    assert len({ruleset(rule).digest for rule in (plain, found, whole)}) == 3


def test_two_rules_with_one_id_are_refused():
    with pytest.raises(ValueError, match="one id"):
        ruleset(RULE, RULE)
