"""An expression is printed as AQL, and reading that AQL gives the same expression."""

import json
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.compiler import predicate
from matcher.engine.expression import (
    Among,
    And,
    Call,
    Case,
    Compare,
    Comparison,
    Constant,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    Recent,
)
from matcher.engine.gate import possible_types
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import AqlPolicy, compile_query
from matcher.languages.aql.functions import FUNCTIONS, OPERATORS
from matcher.languages.aql.text import aql_text
from tests.factories import TYPES, key, make_event

CASES = Path(__file__).parents[1] / "cases" / "aql"
EVENTS = [make_event({}), make_event({"userAgent": "ab"}, username="a'1")]
WRITTEN = [row[0] for row in yaml.safe_load((CASES / "expressions.yml").read_text("utf-8"))]
CATALOGUE = Catalogue.load()
NEEDING_TEXTS = {"DATEFORMAT", "REPLACEFIRST", "REPLACEALL"}


def field(name: str, written: str) -> Field:
    found = CATALOGUE.properties.find(name)
    assert found is not None
    return Field(found, written)


FIELDS = [
    field("username", "username"),
    field("username", "USERNAME"),
    field("User Agent", "User Agent"),
    field("payload", "UTF8(payload)"),
    field("qidname", "QIDNAME(qid)"),
    field("logsourcetypename", "LOGSOURCETYPENAME(logsourceid)"),
]
NOW = field("starttime", "NOW()")
"""Compared with numbers alone: AQL refuses a text beside a time."""
texts = st.text(max_size=8) | st.sampled_from(["'", "''", "a -- b", "/*", '"', "\n", "%_", "\0"])
numbers = (
    st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([-0.0, 0, 1e-7, 1e22])
)
members = st.lists(texts | numbers | st.none(), min_size=1, max_size=3).map(tuple)
constants = st.builds(Constant, texts | numbers | st.none())
PLAIN = [s for name, s in FUNCTIONS.items() if name not in NEEDING_TEXTS]
NETWORKS = [ip_network(text) for text in ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")]


@st.composite
def calls(draw, inner):
    signature = draw(st.sampled_from(PLAIN))
    most = min(signature.most, signature.fewest + 2)
    arguments = st.lists(inner, min_size=signature.fewest, max_size=most)
    return Call(signature.function, tuple(draw(arguments)))


@st.composite
def special_calls(draw, inner):
    item = draw(inner)
    replace = FUNCTIONS[draw(st.sampled_from(["REPLACEFIRST", "REPLACEALL"]))].function
    return draw(
        st.sampled_from(
            [
                Call(FUNCTIONS["DATEFORMAT"].function, (item, Constant("yyyy'T'HH"))),
                Call(replace, (Constant("(a')"), item, Constant("$1"))),
            ]
        )
    )


def operations(inner):
    return st.builds(
        lambda sign, left, right: Call(OPERATORS[sign], (left, right)),
        st.sampled_from(sorted(OPERATORS)),
        inner,
        inner,
    )


def leaves_of(operands):
    patterns = st.sampled_from(["a+", "it's", r"\d", "(?i)x|y", ".*"])
    operands = operands.filter(lambda operand: operand is not NOW)
    return (
        st.builds(Compare, st.sampled_from(Comparison), operands, operands)
        | st.builds(Compare, st.sampled_from(Comparison), st.just(NOW), numbers.map(Constant))
        | st.builds(
            Among,
            operands,
            members,
        )
        | st.builds(Like, operands, texts, st.booleans())
        | st.builds(Matches, operands, patterns, st.booleans())
        | st.builds(InNetwork, operands, st.sampled_from(NETWORKS))
        | st.builds(IsNull, operands)
    )


def trees_of(leaves):
    def grow(inner):
        items = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(And, items) | st.builds(Or, items) | st.builds(Not, inner)

    return st.recursive(leaves, grow, max_leaves=5)


simple = st.sampled_from(FIELDS) | constants
operands = st.recursive(
    simple | st.just(NOW),
    lambda inner: (
        calls(inner)
        | special_calls(inner)
        | operations(inner)
        | st.builds(
            Case,
            st.lists(st.tuples(trees_of(leaves_of(simple)), inner), min_size=1, max_size=2).map(
                tuple
            ),
            inner,
        )
    ),
    max_leaves=4,
)
expressions = trees_of(leaves_of(operands))


@settings(max_examples=400)
@given(expressions)
def test_an_expression_prints_and_reads_back(expression):
    text = aql_text(expression)
    again = compile_query(text, CATALOGUE).expression
    assert again == expression, text
    assert repr(again) == repr(expression), text  # 1 is not 1.0 either
    for event in EVENTS:
        assert predicate(again)(event) in (True, False)
        assert possible_types(again, TYPES) <= set(TYPES)


@given(st.lists(leaves_of(simple), min_size=1, max_size=3))
def test_a_time_window_prints_beside_the_rest(items):
    expression = And((*items, Recent(7_200_000, "LAST 2 HOURS")))
    text = aql_text(expression)
    assert compile_query(text, CATALOGUE).expression == expression, text


@pytest.mark.parametrize("policy", [AqlPolicy(), AqlPolicy(nulls="three-valued", matches="full")])
@pytest.mark.parametrize("text", WRITTEN)
def test_what_people_write_prints_and_reads_back(text, policy):
    expression = compile_query(text, CATALOGUE, policy=policy).expression
    again = compile_query(aql_text(expression), CATALOGUE)
    assert again.expression == expression


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM events",
        "SELECT qid FROM events LAST 3 DAYS",
        "SELECT qid FROM events WHERE username = 'a' OR username = 'b' LAST 3 DAYS",
        "SELECT UPPER(username) AS u FROM events WHERE u = 'A'",
        "IF qid = 1 THEN 'a' ELSE 'b' = 'a'",
        "CASE qid WHEN 1 THEN 'a' END = 'a'",
        "starttime > PARSEDATETIME('1 hour ago')",
        "username IN ('a')",
        "username IN (account)",
        "username ILIKE ENUMERATION('a')",
    ],
)
def test_what_has_no_form_of_its_own(text):
    if text.startswith("IF"):
        text = f"({text.replace(' = ' + repr('a'), '')}) = 'a'"
    expression = compile_query(text, CATALOGUE).expression
    assert compile_query(aql_text(expression), CATALOGUE).expression == expression


def test_a_text_reads_well():
    text = "username='it''s' and not (\"User Agent\" like 'x%' or severity+1<-3)"
    assert aql_text(compile_query(text, CATALOGUE).expression) == (
        "username = 'it''s' AND NOT (\"User Agent\" LIKE 'x%' OR (severity + 1) < (-3))"
    )


def test_names_that_are_words_are_quoted():
    assert aql_text(IsNull(key("end"))) == '"end" IS NULL'
    assert aql_text(IsNull(key('a"b'))) == '"a""b" IS NULL'


@pytest.mark.corpus
def test_the_statements_of_another_tool_print_and_read_back(corpus):
    lines = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        expression = compile_query(json.loads(line)["aql"], CATALOGUE).expression
        assert compile_query(aql_text(expression), CATALOGUE).expression == expression
