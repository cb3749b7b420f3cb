"""Sigma files made by hand, and the rules of theirs that fire on a document."""

import json

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from tests.languages.sigma.detecting import SOURCE, rule_text, selection

CATALOGUE = Catalogue.load()
ID = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
FILTER = "title: F\nid: ffffffff-ffff-4fff-8fff-ffffffffffff\n"


def rule(where: str = "a: x", rest: str = "", **changes: str) -> str:
    text = rule_text(selection(where), rest)
    for before, after in changes.items():
        text = text.replace({"id": ID, "source": SOURCE.strip()}[before], after)
    return text


def filtering(rules: str, condition: str, selections: str = "selection: {b: y}", source=SOURCE):
    body = f"filter:\n  rules: {rules}\n  {selections}\n  condition: {condition}\n"
    return FILTER + source + body


def fired(book, document: dict) -> list[str]:
    raw = json.dumps({"eventSource": "made.amazonaws.com", **document}).encode()
    (found,) = unwrap(raw).events
    event = normalize(found, 1_700_000_000_000, CATALOGUE)
    rules = RuleSet(book.rules, CATALOGUE.log_source_types)
    naive = rules.match_naive(event)
    assert tuple(match.rule.id for match in rules.match(event)) == naive
    return list(naive)
