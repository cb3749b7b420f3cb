"""Law 6 for both accountings: lean and full give the same alerts, whatever the bytes."""

import gzip
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.languages.sigma import compile_detection
from matcher.pipeline.lean import SAMPLED, LeanPipeline
from matcher.pipeline.process import Pipeline
from tests.factories import make_rule
from tests.languages.sigma.aliases import sigma_rule
from tests.properties.envelopes import NAMES, enveloped
from tests.properties.test_prefilter_law import (
    catalogues,  # noqa: F401 - a fixture
    document,
    expression,
    texts_by_field,
    written,
)
from tests.properties.test_prefilter_on_corpus import rules

PARTITION = TopicPartition("t", 0)


def _required(rules, catalogue):
    """A rule set of only the rules that require a literal."""
    every = RuleSet(rules, catalogue.log_source_types)
    kept = [plan.rule for plan in every.plans if not plan.required.anything]
    return RuleSet(kept, catalogue.log_source_types)


def _batches(values, size, first=0):
    records = [
        PlainRecord(first + offset, 1_760_000_000_000 + offset, value, b"k")
        for offset, value in enumerate(values)
    ]
    return [Batch(PARTITION, records[at : at + size]) for at in range(0, len(records), size)]


def _agree(ruleset, catalogue, batches):
    """Check that both accountings agree on the batches; return the result of full accounting."""
    full = Pipeline(ruleset, catalogue)
    lean = LeanPipeline(full)
    total = None
    for batch in batches:
        expected, found = full.process(batch), lean.process(batch)
        assert found.alerts == expected.alerts
        assert found.forwards == expected.forwards
        for name in ("records", "bytes", "matched", "matches", "evaluations"):
            assert getattr(found.counts, name) == getattr(expected.counts, name), name
        assert found.done == expected.done
        rejected = [(unit.record, unit.reject) for unit in expected.rejects]
        assert all((unit.record, unit.reject) in rejected for unit in found.rejects)
        sampled = [record for record in batch.records if record.offset % SAMPLED == 0]
        counted = full.process(Batch(batch.input, sampled)).counts
        for name in ("events", "rejects", "skipped"):
            scaled = {key: n * SAMPLED for key, n in getattr(counted, name).items()}
            assert getattr(found.counts.estimate, name) == Counter(scaled)
        total = expected if total is None else total
        if total is not expected:
            total.add(expected)
    return total


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@settings(max_examples=200)
@given(data=st.data())
def test_any_rules_and_any_envelopes(catalogues, data):  # noqa: F811 - the fixture
    catalogue = data.draw(st.sampled_from(catalogues))
    chance = random.Random(data.draw(st.integers(0, 1 << 20)))  # noqa: S311
    documents = data.draw(st.lists(document, min_size=1, max_size=3))
    events = [written(one, chance.randrange(1000)) for one in documents]
    normalized = [
        normalize(found, 1_700_000_000_000, catalogue)
        for event in events
        for found in unwrap(event).events
    ]
    some = expression(catalogue.properties, texts_by_field(catalogue.properties, normalized))
    drawn = [make_rule(data.draw(some), id=f"rule-{n}") for n in range(3)]
    layers = st.lists(st.sampled_from(NAMES), max_size=3)
    values = [enveloped(event, data.draw(layers), chance) for event in events]
    ruleset = _required(drawn, catalogue)
    _agree(ruleset, catalogue, _batches([None, b"", *values, b"{"], 2, first=62))


EVENT = b'{"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"eu-west-1"}'


@pytest.fixture(scope="module")
def whole_name(catalogue):
    """A rule whose literal includes both quotes of a JSON string."""
    rule = sigma_rule("aws/cloudtrail", {"eventName": "CreateUser"})
    found = compile_detection(rule, catalogue).expression
    ruleset = _required([make_rule(found)], catalogue)
    (plan,) = ruleset.plans
    assert plan.required.literals == {'"createuser"'}
    return ruleset


@pytest.mark.parametrize("name", NAMES)
def test_no_envelope_hides_a_match(catalogue, whole_name, name):
    chance = random.Random(name)  # noqa: S311
    for inner in ("", *NAMES):
        layers = [inner, name] if inner else [name]
        values = [enveloped(EVENT, layers, chance) for _ in range(6)]
        total = _agree(whole_name, catalogue, _batches([b"{}", *values, b"{}"], 500, first=7))
        assert inner or len(total.forwards) == len(values)


@pytest.mark.corpus
@pytest.mark.parametrize("seed", range(2))
def test_lean_and_full_agree_on_the_corpus_in_any_envelope(corpus, catalogue, seed):
    chance = random.Random(seed)  # noqa: S311
    values = []
    for file in sorted(corpus.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            names = chance.choices(NAMES, k=chance.choice((0, 0, 0, 1, 1, 2)) if seed else 0)
            values.append(enveloped(line, names, chance))
    ruleset = _required(rules(corpus, catalogue), catalogue)
    total = _agree(ruleset, catalogue, _batches(values, 500))
    assert len(total.forwards) > 500


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("record", [EVENT, b' {"Records":[%b]}' % EVENT])
def test_utf16_hides_no_match(catalogue, whole_name, codec, record):
    values = [record.decode().encode(codec)] * 3
    total = _agree(whole_name, catalogue, _batches([b"{}", *values, b"{}"], 500, first=7))
    assert len(total.forwards) == len(values)
