from pathlib import Path

import pytest
import yaml

from matcher.engine.compiler import operand
from matcher.errors import RuleError
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.languages.aql.functions import FUNCTIONS, REFUSALS
from matcher.languages.aql.names import NAMING_FUNCTIONS
from tests.factories import make_event

CASES = Path(__file__).parents[2] / "cases" / "aql" / "values.yml"
CATALOGUE = Catalogue.load()
EVENT = make_event(
    {"eventName": "CreateUser"},
    starttime=1_772_368_496_789,
    severity=3,
    username="alice",
    sourceip="198.51.100.7",
    errorcode="AccessDenied",
)


@pytest.mark.parametrize(("item", "expected"), yaml.safe_load(CASES.read_text("utf-8")))
def test_the_value_of_a_select_item(item, expected):
    (column,) = compile_query(f"SELECT {item} FROM events", CATALOGUE).columns  # noqa: S608 - AQL
    seen = operand(column.operand)(EVENT)
    assert (type(seen), seen) == (type(expected), expected)


def test_no_function_is_both_answered_and_refused():
    assert not {*FUNCTIONS, *NAMING_FUNCTIONS} & REFUSALS.keys()


@pytest.mark.parametrize(
    "item",
    [
        "CONCAT(" + ", ".join(["t"] * 400) + ")",
        "REPLACEALL('.', t, '" + "x" * 1000 + "')",
        "BASE64(" * 60 + "t" + ")" * 60,
    ],
    ids=lambda item: item[:10],
)
def test_a_text_that_grows_without_measure_is_null(item):
    text = f"SELECT {item.replace('t', 'UTF8(payload)')} AS v FROM events"  # noqa: S608 - AQL
    (column,) = compile_query(text, CATALOGUE).columns
    assert operand(column.operand)(make_event({"a": "x" * 30_000})) is None
    assert operand(column.operand)(make_event({})) is not None or "BASE64" in item


def test_now_takes_no_argument():
    with pytest.raises(RuleError, match="NOW takes no argument"):
        compile_query("SELECT NOW(starttime) FROM events", CATALOGUE)


def test_lower_folds_as_ilike_does():
    (column,) = compile_query("SELECT LOWER('É\u212a') AS v FROM events", CATALOGUE).columns
    assert operand(column.operand)(EVENT) == "é\u212a"
