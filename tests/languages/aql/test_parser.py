import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.compiler import predicate
from matcher.errors import RuleError, RuleSyntaxError
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import ast, compile_query
from matcher.languages.aql.parser import MAX_CHARACTERS, parse
from matcher.languages.aql.text import aql_text
from tests.factories import make_event

CATALOGUE = Catalogue.load()
EVENT = make_event({}, username="a")
WORDS = re.findall(
    r"\S+",
    "SELECT FROM events WHERE AND OR NOT IN LIKE ILIKE MATCHES BETWEEN IS NULL AS LAST DAYS "
    "ORDER BY GROUP HAVING LIMIT START STOP PARAMETERS CASE WHEN THEN ELSE END IF TEXT SEARCH "
    "NOW PARSEDATETIME 'now' REPLACEALL REFERENCESETCONTAINS '(a' $1 "
    "username qid QIDNAME LOWER COUNT INCIDR DATEFORMAT UTF8 payload starttime "
    "( ) , * = == != <> < <= > >= + - / % ^ & ; 1 0x1F 2.5 'a' 'a%' '10.0.0.0/8' '' \"User Agent\" "
    '"x" -- /* */ \' " :: GEO::LOOKUP é',
)


def nested(pattern: str, times: int) -> str:
    text = "qid"
    for _ in range(times):
        text = pattern.format(text)
    return f"{text} = 1"


def aliased(item: str, condition: str) -> str:
    return f"SELECT {item} AS a FROM events WHERE {condition}"  # noqa: S608 - AQL


CHAIN = "(a" + " + 1" * 40 + ")"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 10_000 + "qid" + ")" * 10_000 + "=1", "too-deep"),
        ("(" * 10_000, "too-deep"),
        ("NOT " * 10_000 + "qid = 1", "too-deep"),
        ("- " * 10_000 + "qid = 1", "too-deep"),
        ("LOWER(" * 10_000, "too-deep"),
        ("CASE WHEN " * 10_000, "too-deep"),
        ("qid IN (SELECT qid FROM events WHERE " * 2_000, "too-deep"),
        ("username = '" + "a" * 1_000_000, "too-long"),
        ("'" * (MAX_CHARACTERS - 1), "unclosed-text"),
        ("qid = 1 " + "/* " * 60_000, "unclosed-comment"),
        ("qid = " + "9" * 10_000, "number"),
        ("qid = 1" + " + 1" * 10_000, "too-long"),
        (nested("({}" + " + 1" * 49 + ")", 4), "too-deep"),
        (nested("({}" + " + 1" * 49 + ")", 40), "too-deep"),
        (nested("CASE {} WHEN 1 THEN 2 WHEN 3 THEN 4 END", 60), "too-large"),
        (nested("CASE WHEN {} BETWEEN 1 AND 2 THEN 3 END", 40), "too-large"),
        (
            aliased(f"CONCAT({', '.join(['username'] * 900)})", " OR ".join(["a = 1"] * 900)),
            "too-large",
        ),
        (
            aliased(
                "LOWER(" * 60 + "qid" + ")" * 60, nested("UPPER({})", 60).replace("qid", CHAIN)
            ),
            "too-deep",
        ),
    ],
    ids=lambda value: value[:16],
)
def test_what_is_too_much_is_refused_with_its_place(text, code):
    with pytest.raises(RuleError) as caught:
        compile_query(text, CATALOGUE)
    assert caught.value.code == code
    assert caught.value.location is not None


def test_what_is_long_but_flat_is_read():
    members = ", ".join(f"'name{index}'" for index in range(10_000))
    query = compile_query(f"QIDNAME(qid) IN ({members})", CATALOGUE)
    assert len(query.expression.values) == 10_000
    query = compile_query(" OR ".join(["qid = 1"] * 10_000), CATALOGUE)
    assert len(query.expression.items) == 10_000


def test_a_hundred_parentheses_are_not_too_deep():
    compile_query("(" * 100 + "qid = 1" + ")" * 100, CATALOGUE)


def test_keywords_are_caseless_and_names_may_begin_with_one():
    parsed = parse("sElEcT selector, android FROM events wHeRe notes iLiKe 'x' aNd order_id = 1")
    assert isinstance(parsed.root, ast.Select)
    assert [column.written for column in parsed.root.columns] == ["selector", "android"]
    assert isinstance(parsed.root.where, ast.And)


def test_comments_are_known_by_their_place():
    parsed = parse("qid = 1 -- a 'b'\n AND username = '--' /* c\nd */")
    assert [(place.line, place.column) for place in parsed.comments] == [(1, 9), (2, 22)]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from(["", " ", "\n"]))
def test_any_sequence_of_words_compiles_or_is_refused_with_a_place(words, between):
    _compiles_or_is_refused(between.join(words))


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_any_text_compiles_or_is_refused_with_a_place(text):
    _compiles_or_is_refused(text)


def _compiles_or_is_refused(text: str) -> None:
    for dialect in ("compat", "strict"):
        try:
            expression = compile_query(text, CATALOGUE, dialect=dialect).expression
        except RuleError as error:
            for one in getattr(error, "errors", [error]):
                assert one.code
                assert one.location is not None
                assert re.match(r"[0-9]+:[0-9]+: ", str(one))
        else:
            assert compile_query(aql_text(expression), CATALOGUE).expression == expression
            assert predicate(expression)(EVENT) in (True, False)


def test_the_place_of_an_error_is_inside_the_text():
    with pytest.raises(RuleSyntaxError) as caught:
        parse("qid = 1\r\n  AND ~")
    assert (caught.value.line, caught.value.column) == (2, 7)
