"""What is prepared once a rule does not show: an alert has the bytes that the plain way gives."""

import gzip
import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matcher.alerts.document import EventOrigin, iso_time
from matcher.alerts.identity import AlertIds
from matcher.alerts.template import AlertTemplate
from matcher.engine.compiler import predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Compare,
    Comparison,
    Constant,
    Exists,
    Field,
    Function,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Nulls,
    Or,
    Recent,
)
from matcher.engine.rule import Attack, Column, Rule
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import InputFile, Reject, TopicPartition
from matcher.events.schema import Event, Kind, Property
from matcher.events.written import Number
from matcher.languages.aql import compile_query
from matcher.rulebook import load_rules
from tests.alerts.plain_alert import plain_body, plain_id, plain_time
from tests.factories import PAYLOAD, TYPES, key, make_event, make_rule

VERBATIM = Path(__file__).parents[2] / "rules" / "cloud-api-t1059-009.yml"
ORIGIN = EventOrigin(TopicPartition('a "topic"', 3), 42, 1)


def assert_same(rules: RuleSet, index: int, event: Event, origin: EventOrigin, size: int) -> None:
    rule, digest = rules.rules[index], rules.digest
    why = rules.explain(event, index).why
    template = AlertTemplate(rule, ruleset=digest, max_bytes=size)
    alert = template.alert(event, why, origin, timestamp=1)
    assert alert.body == plain_body(rule, event, origin, ruleset=digest, max_bytes=size)
    assert alert.id == plain_id(rule, event.uid)


def corpus_rules(corpus: Path, catalogue: Catalogue):
    yield from load_rules([VERBATIM, corpus.parent / "sigma"], catalogue).rules
    statements = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(statements):
        query = compile_query(json.loads(line)["aql"], catalogue)
        yield make_rule(
            query.expression, id=f"statement-{number}", source=line, columns=query.columns
        )


@pytest.mark.corpus
def test_every_alert_of_the_corpus_has_the_same_bytes(corpus):
    catalogue = Catalogue.load("default")
    rules = RuleSet(corpus_rules(corpus, catalogue), catalogue.log_source_types)
    compared = 0
    for file in sorted(corpus.glob("*.jsonl.gz")):
        for number, line in enumerate(gzip.decompress(file.read_bytes()).splitlines()):
            for found in unwrap(line).events:
                candidates = rules.candidates(found.raw)
                if not candidates:
                    continue
                event = normalize(found, 1_700_000_000_000, catalogue)
                assert not isinstance(event, Reject)
                origin = EventOrigin(InputFile(file.name), number, found.index)
                for index in rules.indexes(rules.narrow(candidates, event.log_source_type)):
                    if rules.matches(event, index):
                        assert_same(rules, index, event, origin, 900_000 if compared % 5 else 3000)
                        compared += 1
    assert compared > 3000


# Case, both sides of ASCII, one letter that folds across it, escapes, U+FFFD, a lone surrogate.
TEXTS = st.text("aAbBéÉ\u212ak/\\\"'%_u00e9\n\x00\ufffd𝄞\ud83d1.", max_size=8)
NUMBERS = st.sampled_from([0, -1, 1.5, 1e16, 1e-7, -0.0, 2**53, 2**63, 2**64, -(10**30)])
ODD = st.sampled_from([None, True, False, float("nan"), float("inf"), "", "192.0.2.1", "5", "::1"])
SCALARS = TEXTS | NUMBERS | ODD
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
JUNK = st.sampled_from([b"", b"\xff\xfe", b"\xe2\x82", b"\xf0\x9f\x98", "é\ufffd".encode(), b"\\/"])


def _values(event: Event) -> tuple[Any, ...]:
    found = event.document.get("a")
    return tuple(found) if isinstance(found, list) else () if found is None else (found, Number(7))


OPERANDS = st.sampled_from(
    [
        PAYLOAD,
        key("a"),
        key("b"),
        Field(Property("address", Kind.ADDRESS, lambda event: event.sourceip), "sourceip"),
        Field(Property("values", Kind.VALUES, _values), "values"),
        Call(Function("SAME", lambda value: value), (key("a"),)),
    ]
)
NULLS = st.sampled_from(Nulls)
PATTERNS = st.sampled_from(["", "a", "^É", "[aé]+$", "(?s).b", "𝄞|k", r'\\|"'])
CONSTANTS = st.builds(Constant, SCALARS)
LEAVES = st.one_of(
    st.builds(Like, OPERANDS, TEXTS, st.booleans(), NULLS, st.sampled_from(["", "\\"])),
    st.builds(
        Among, OPERANDS, st.lists(SCALARS, min_size=1, max_size=3).map(tuple), NULLS, st.booleans()
    ),
    st.builds(Compare, st.sampled_from(Comparison), OPERANDS, CONSTANTS | OPERANDS, NULLS),
    st.builds(Matches, OPERANDS, PATTERNS, st.booleans(), NULLS),
    st.builds(InNetwork, OPERANDS, st.just(ip_network("192.0.2.0/24")), NULLS),
    st.builds(IsNull, OPERANDS, NULLS),
    st.builds(Exists, OPERANDS),
    st.just(Recent(1000, "LAST 1 SECONDS")),
    st.builds(Always, st.booleans()),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(And),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=6,
)
COLUMNS = st.lists(
    st.builds(Column, st.sampled_from(["x", "y", 'é"']), OPERANDS | CONSTANTS), max_size=4
).map(tuple)
TIMES = st.integers(-(2**62), 2**62) | st.integers(-(10**13), 3 * 10**13)


@st.composite
def events(draw: st.DrawFn) -> Event:
    document = {"a": draw(ANY), "b": draw(ANY), "pad": "@"}
    text = json.dumps(document, ensure_ascii=draw(st.booleans()))
    raw = text.encode("utf-8", "surrogatepass").replace(b"@", draw(JUNK))
    if draw(st.booleans()):
        raw = draw(JUNK) + raw
    return make_event(
        document,
        raw=raw,
        qidname=draw(TEXTS | st.none()),
        username=draw(TEXTS | st.none()),
        sourceip=draw(st.sampled_from([None, "192.0.2.1", "::ffff:192.0.2.1", "x"])),
        uid=draw(TEXTS),
        starttime=draw(TIMES),
        devicetime=draw(TIMES | st.none()),
    )


@st.composite
def rules_for(draw: st.DrawFn, event: Event) -> Rule:
    """A rule that matches the event."""
    expression = draw(EXPRESSIONS)
    if not predicate(expression)(event):
        expression = Not(expression)
    return make_rule(
        expression,
        id=draw(TEXTS),
        title=draw(TEXTS),
        version=draw(TEXTS),
        attack=Attack((), tuple(draw(st.lists(TEXTS, max_size=2)))),
        references=tuple(draw(st.lists(TEXTS, max_size=1))),
        columns=draw(COLUMNS),
    )


@given(data=st.data(), event=events(), size=st.sampled_from([900_000, 1500, 900]))
def test_an_alert_of_a_hostile_event_has_the_same_bytes(data, event, size):
    rules = RuleSet([data.draw(rules_for(event))], TYPES)
    assert_same(rules, 0, event, ORIGIN, size)


def test_the_first_listed_value_that_is_equal_is_the_reason():
    event = make_event({"a": "5"})
    for options in ((5, "5"), ("5", 5), ("", "5"), ("05", 5.0)):
        rules = RuleSet([make_rule(Among(key("a"), options))], TYPES)
        assert_same(rules, 0, event, ORIGIN, 900_000)


def test_a_rule_that_is_no_utf_8_has_its_alerts_written_the_slow_way():
    """Both ways write every value alike but for numbers such as 1e-7."""
    columns = (Column("small", Constant(1e-7)),)
    for title in ("plain", "\ud83d"):
        rule = make_rule(Always(holds=True), title=title, columns=columns)
        assert_same(RuleSet([rule], TYPES), 0, make_event({}), ORIGIN, 900_000)


@given(TIMES)
@example(-62_135_596_800_000)
@example(-62_135_596_800_001)
@example(253_402_300_799_999)
@example(253_402_300_800_000)
def test_a_time_is_written_as_the_calendar_has_it(milliseconds):
    assert iso_time(milliseconds) == plain_time(milliseconds)


@given(TEXTS, TEXTS, TEXTS)
def test_an_id_is_the_uuid_of_the_array(identity, version, uid):
    rule = make_rule(Always(holds=True), id=identity, version=version)
    assert AlertIds(rule).of(uid) == plain_id(rule, uid)
