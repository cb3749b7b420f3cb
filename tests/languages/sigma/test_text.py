"""An expression written as Sigma and read again decides the same."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from matcher.engine.compiler import predicate
from matcher.engine.expression import Always, And, Compare, Comparison, Constant, Expression
from matcher.events.catalogue import Catalogue
from matcher.languages.sigma import compile_detection
from matcher.languages.sigma.text import detection
from tests.factories import make_event

CATALOGUE = Catalogue.load()
SOURCE = {"product": "aws", "service": "cloudtrail"}
PIECES = ["a", "B", "*", "?", "\\", "\\*", "\\?", "%", "_", '"', "'", "5", "é", " ", "\n", "null"]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
NAMES = st.sampled_from(["f", "g", "o.p"])
MODIFIERS = st.sampled_from(
    ["", "|cased", "|contains", "|startswith", "|endswith|cased", "|contains|cased"]
)
ITEMS = st.one_of(
    st.tuples(NAMES, MODIFIERS, st.one_of(TEXTS, st.lists(TEXTS, min_size=2, max_size=3))),
    st.tuples(NAMES, st.just("|contains|all"), st.lists(TEXTS, min_size=2, max_size=3)),
    st.tuples(NAMES, st.just(""), st.sampled_from([None, "", 5, True])),
    st.tuples(NAMES, st.just("|exists"), st.booleans()),
    st.tuples(NAMES, st.sampled_from(["|gt", "|lte"]), st.just(5)),
    st.tuples(NAMES, st.sampled_from(["|re", "|re|i", "|re|i|m|s"]), st.sampled_from(["^a", "b$"])),
    st.tuples(NAMES, st.just("|cidr"), st.just("10.0.0.0/8")),
    st.tuples(NAMES, st.sampled_from(["|fieldref", "|fieldref|contains"]), NAMES),
    st.tuples(NAMES, st.just("|year"), st.just(2026)),
)
MAPPINGS = st.lists(ITEMS, min_size=1, max_size=3).map(
    lambda items: {f"{name}{modifier}": value for name, modifier, value in items}
)
KEYWORDS = st.lists(TEXTS, min_size=1, max_size=2)
SELECTIONS = st.one_of(MAPPINGS, st.lists(MAPPINGS, min_size=2, max_size=3), KEYWORDS)
CONDITIONS = st.sampled_from(
    [
        *("a", "not a", "a and b", "a or b", "a and not b", "not (a or b)", "a and (b or c)"),
        *("a or (b and not c)", "1 of them", "all of them", "not a and not (b and not c)"),
    ]
)
VALUES = st.sampled_from(
    [
        *(None, "", "a", "A", "aB", "a*", "b", "5", 5, 6.5, True, "é", "É", "a\nb", ["a", "b"]),
        *({"k": "a"}, "10.1.2.3", '"', "\\", "%", "_", "null", "2026-01-01T00:00:00Z"),
    ]
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"f": VALUES, "g": VALUES, "o": st.fixed_dictionaries({"p": VALUES})}
)


def compiled(written: dict) -> Expression:
    document = {"title": "T", "logsource": SOURCE, "detection": written}
    gate, *items = compile_detection(SigmaRule.from_dict(document), CATALOGUE).expression.items
    assert gate.operand.property.name == "devicetype"
    return items[0] if len(items) == 1 else And(tuple(items))


@given(SELECTIONS, SELECTIONS, SELECTIONS, CONDITIONS, st.lists(DOCUMENTS, min_size=8, max_size=8))
@settings(max_examples=400)
def test_reading_it_again_decides_the_same(a, b, c, condition, documents):
    first = compiled({"a": a, "b": b, "c": c, "condition": condition})
    text = yaml.safe_dump(detection(first), sort_keys=False)
    second = compiled(yaml.safe_load(text))
    for document in documents:
        event = make_event(raw=json.dumps(document).encode(), document=document)
        assert predicate(first)(event) == predicate(second)(event), text


def test_what_is_alike_stands_together():
    written = {
        "a": [{"f": "x", "g": "y"}, {"f": "z"}],
        "b": {"f|contains": ["p", "q"]},
        "c": ["word"],
        "condition": "(a or c) and not b",
    }
    assert detection(compiled(written)) == {
        "selection": [{"f": "z"}, {"f": "x", "g": "y"}],
        "keywords": ["word"],
        "filter": {"f|contains": ["p", "q"]},
        "condition": "(selection or keywords) and not filter",
    }


@pytest.mark.parametrize(
    "foreign",
    [Always(holds=True), Compare(Comparison.LESS, Constant(1), Constant(2))],
    ids=["always", "constants"],
)
def test_what_no_rule_compiles_to_has_no_text(foreign):
    with pytest.raises(ValueError, match="no Sigma rule"):
        detection(foreign)
