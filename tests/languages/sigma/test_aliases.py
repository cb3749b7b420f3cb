"""Every alias of the log sources, by a record of each dialect, and by what must not follow."""

import json

import pytest

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.sigma import compile_detection
from matcher.languages.sigma.log_sources import known_log_sources
from tests.factories import make_rule
from tests.languages.sigma.aliases import TABLE, alias_selections, sigma_rule

CATALOGUE = Catalogue.load()
ROWS = [
    pytest.param(
        group["source"],
        case["when"],
        {**group["base"], **record},
        outcome == "holds",
        id=f"{group['source']}-{next(iter(case['when']))}-{outcome}-{dialect}",
    )
    for group in TABLE
    for case in group["cases"]
    for outcome in ("holds", "fails")
    for dialect, record in case.get(outcome, {}).items()
]


def ruleset(source: str, selection: dict, condition: str = "selection") -> RuleSet:
    rule = sigma_rule(source, selection, condition)
    expression = compile_detection(rule, CATALOGUE).expression
    return RuleSet([make_rule(expression)], CATALOGUE.log_source_types)


def event(record: dict):
    (raw,) = unwrap(json.dumps(record).encode()).events
    return normalize(raw, 0, CATALOGUE)


@pytest.mark.parametrize(("source", "when", "record", "holds"), ROWS)
def test_an_alias(source, when, record, holds):
    rules, found = ruleset(source, when), event(record)
    assert bool(rules.match(found)) is holds
    assert bool(rules.match_naive(found)) is holds
    negated = ruleset(source, when, "not selection").match(found)
    assert bool(negated) is (not holds)


def test_every_alias_is_shown():
    tested = {
        (source, name.split("|")[0].lower())
        for source, selection in alias_selections()
        for name in selection
    }
    for source in known_log_sources():
        for alias in source.aliases:
            names = {(source.name, name.lower()) for name in alias.names}
            assert names & tested, alias.names


def test_every_name_has_one_alias_and_a_reason():
    for source in known_log_sources():
        names = [name.lower() for alias in source.aliases for name in alias.names]
        assert len(names) == len(set(names))
        assert all(len(alias.why) > 20 for alias in source.aliases)


def test_the_words_of_the_record_come_before_what_a_table_says():
    rules = ruleset("azure/activitylogs", {"properties.message": "said"})
    record = {"category": "Administrative", "operationName": "a/b/write"}
    assert rules.match(event({**record, "properties": {"message": "said"}}))
    assert not rules.match(event({**record, "message": "said"}))


def test_a_rule_of_a_whole_product_reads_each_of_its_log_sources():
    rules = ruleset("azure", {"properties.message": "Delete user"})
    assert rules.match(event({"activityDisplayName": "Delete user", "initiatedBy": {}}))
    assert rules.match(event({"category": "Administrative", "operationName": "Delete user"}))
