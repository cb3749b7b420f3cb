"""Law 1 on real events, for every AQL statement that another tool wrote, every Sigma rule of
SigmaHQ and every alias of a Sigma field.
"""

import gzip
import json
from pathlib import Path

import pytest

from matcher.engine import ruleset as ruleset_module
from matcher.engine.compiler import predicate
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.languages.aql import compile_query
from matcher.languages.sigma import compile_detection
from matcher.rulebook import load_rules
from tests.factories import make_rule
from tests.languages.sigma.aliases import alias_selections, sigma_rule

VERBATIM = Path(__file__).parents[2] / "rules" / "cloud-api-t1059-009.yml"
NAIVE_EVERY = 40


def rules(corpus, catalogue):
    yield from load_rules([VERBATIM], catalogue).rules
    statements = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(statements):
        query = compile_query(json.loads(line)["aql"], catalogue)
        yield make_rule(query.expression, id=f"statement-{number}", source=line)
    yield from load_rules([corpus.parent / "sigma"], catalogue).rules
    for number, (source, selection) in enumerate(alias_selections()):
        expression = compile_detection(sigma_rule(source, selection), catalogue).expression
        yield make_rule(expression, id=f"alias-{number}", source=repr(selection))


@pytest.mark.corpus
@pytest.mark.parametrize("profile", ["default", "qradar-stock"])
def test_prefilter_on_is_prefilter_off_is_naive_on_the_corpus(corpus, profile, monkeypatch):
    monkeypatch.setattr(ruleset_module, "FEW", 0)  # further literals are searched for, too
    catalogue = Catalogue.load(profile)
    ruleset = RuleSet(rules(corpus, catalogue), catalogue.log_source_types)
    tests = [(rule.id, predicate(rule.expression)) for rule in ruleset.rules]
    seen = matched = 0
    for file in sorted(corpus.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            for found in unwrap(line).events:
                event = normalize(found, 1_700_000_000_000, catalogue)
                assert not isinstance(event, Reject)
                on = tuple(match.rule.id for match in ruleset.match(event))
                off = tuple(name for name, holds in tests if holds(event))
                assert on == off, (file.name, line)
                if seen % NAIVE_EVERY == 0:
                    assert on == ruleset.match_naive(event)
                seen += 1
                matched += bool(on)
    assert seen > 20_000
    assert matched > 500
