"""A Sigma text with its wildcards, and what it becomes in AQL, hold for the same texts."""

import json

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from matcher.engine.compiler import predicate
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.languages.aql.text import aql_statement
from matcher.languages.conversion import Notes, aql_expression
from matcher.languages.sigma import compile_detection
from matcher.languages.sigma.log_sources import log_sources
from tests.factories import make_event

CATALOGUE = Catalogue.load()
SOURCES = log_sources(product="aws", service="cloudtrail", category=None)
SIGNS = ["a", "A", "é", "É", "k", "\u212a", "%", "_", "'", ".", "+", "(", "[", "^", "$", "|", "\n"]
TEXTS = st.lists(st.sampled_from([*SIGNS, "\\", "5", "true"]), min_size=1, max_size=4).map("".join)
PATTERNS = st.lists(
    st.sampled_from([*SIGNS, "*", "?", r"\*", r"\?", r"\\", "5", "true"]), min_size=1, max_size=4
).map("".join)
MODIFIERS = st.sampled_from(["", "|cased", "|contains", "|startswith", "|endswith|cased"])


@given(PATTERNS, MODIFIERS, st.sampled_from(["", "not "]), st.lists(TEXTS, min_size=6, max_size=6))
@settings(max_examples=500)
@example("5%", "|cased", "", ["5%", "5", "5x", "A", "a", "%"])
@example("5", "|cased", "", ["5", "05", "5a", "A", "a", "%"])
def test_they_hold_for_the_same_texts(pattern, modifier, word, texts):
    detection = {"s": {f"userAgent{modifier}": pattern}, "condition": f"{word}s"}
    rule = {"title": "T", "logsource": {"product": "aws", "service": "cloudtrail"}}
    written = yaml.safe_load(yaml.safe_dump(rule | {"detection": detection}))
    sigma = compile_detection(SigmaRule.from_dict(written), CATALOGUE).expression
    made = aql_expression(sigma, SOURCES, CATALOGUE, Notes())
    aql = compile_query(aql_statement(made), CATALOGUE, dialect="strict").expression
    assert aql == made
    for text in texts:
        document = {"userAgent": text}
        event = make_event(raw=json.dumps(document).encode(), document=document)
        assert predicate(sigma)(event) == predicate(aql)(event), (aql_statement(made), text)
