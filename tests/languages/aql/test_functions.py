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


def test_now_takes_no_argument():
    with pytest.raises(RuleError, match="NOW takes no argument"):
        compile_query("SELECT NOW(starttime) FROM events", CATALOGUE)


def test_lower_folds_as_ilike_does():
    (column,) = compile_query("SELECT LOWER('É\u212a') AS v FROM events", CATALOGUE).columns
    assert operand(column.operand)(EVENT) == "é\u212a"
