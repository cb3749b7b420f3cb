"""Every public rule fires on what its tree asks for, and not where one thing of that is wrong."""

import json

import pytest

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from tests.sigma_events import events_for, main, public_rules

CATALOGUE = Catalogue.load()


@pytest.mark.corpus
def test_each_rule_fires_on_its_events_and_on_no_near_miss(corpus):
    rules = public_rules(corpus)
    assert len(rules) == 136
    for rule in rules:
        ruleset = RuleSet([rule], CATALOGUE.log_source_types)
        built = list(events_for(rule))
        assert {made.satisfies for made in built} == {True, False}, rule.file
        for made in built:
            (raw,) = unwrap(json.dumps(made.document).encode()).events
            event = normalize(raw, 1_700_000_000_000, CATALOGUE)
            expected = (rule.id,) if made.satisfies else ()
            assert ruleset.match_naive(event) == expected, (rule.file, made.how, made.document)
            assert tuple(match.rule.id for match in ruleset.match(event)) == expected


@pytest.mark.corpus
def test_they_are_written_an_event_a_line(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MATCHER_CORPUS", str(corpus))
    out = tmp_path / "made.ndjson"
    main(str(out), "azure")
    events = out.read_text("utf-8").splitlines()
    told = out.with_suffix(".expected.jsonl").read_text("utf-8").splitlines()
    assert len(events) == len(told)
    fires = {line["rule"] for line in map(json.loads, told) if line["satisfies"]}
    assert len(fires) == 79
    assert all(isinstance(json.loads(line), dict) for line in events)
