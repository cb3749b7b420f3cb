"""docs/rule-format.md lists what is evaluated and what is refused: all of it, each in its place."""

import re
from pathlib import Path

import pytest

from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.languages.aql.aggregates import AGGREGATES
from matcher.languages.aql.functions import FUNCTIONS, OPERATORS, REFUSALS
from matcher.languages.aql.names import NAMING_FUNCTIONS
from matcher.languages.aql.operands import CONDITION_FUNCTIONS, TIME_FUNCTIONS

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "rule-format.md").read_text("utf-8")
QUERIES = (DOCS / "queries.md").read_text("utf-8")
EXAMPLES = re.findall(r'--query "((?:[^"\\]|\\.)+)"', QUERIES)
EVALUATED = [*FUNCTIONS, *NAMING_FUNCTIONS, *CONDITION_FUNCTIONS, *TIME_FUNCTIONS]


def section(title: str) -> str:
    return PAGE.partition(f"### {title}\n")[2].partition("\n#")[0]


def test_every_function_that_is_evaluated_is_listed_and_no_other():
    listed = re.findall(r"`([A-Z0-9]+)\(", section("Functions"))
    assert sorted(set(listed)) == sorted(EVALUATED)


@pytest.mark.parametrize("sign", OPERATORS)
def test_every_arithmetic_operator_is_listed(sign):
    assert f"`{sign}`" in section("Operators")


@pytest.mark.parametrize("name", REFUSALS)
def test_every_function_that_is_refused_is_listed_with_its_code(name):
    code = REFUSALS[name].code
    (row,) = [line for line in section("What is refused").splitlines() if f"`{code}`" in line]
    assert re.search(rf"`{name}\b", row)


@pytest.mark.parametrize("name", AGGREGATES)
def test_every_aggregate_is_explained_beside_queries(name):
    assert f"`{name}(" in QUERIES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_a_query_compiles(example):
    compile_query(example.replace('\\"', '"'), Catalogue.load(), now=1_770_000_000_000)


def test_there_are_examples():
    assert len(EXAMPLES) > 2
