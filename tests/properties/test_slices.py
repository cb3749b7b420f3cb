"""Law 3: records give the same results, told at a glance or looked at one by one, in any slices."""

import gzip
import json
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.pipeline import process
from matcher.pipeline.outcome import Outcome
from matcher.pipeline.process import Pipeline
from matcher.rulebook import load_rules
from tests.faults.load import RULES

CATALOGUE = Catalogue.load()
EVENT = {
    "eventVersion": "1.08",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
}
AZURE = {"operationName": "Microsoft.Compute/virtualMachines/write", "category": "Administrative"}
ENVELOPE = {"Records": [EVENT, 5, AZURE]}
PIECES = st.sampled_from(
    [
        *(json.dumps(whole).encode() for whole in (EVENT, EVENT, AZURE, ENVELOPE)),
        json.dumps(EVENT).replace("CreateUser", "Create\\u0055ser").encode(),
        gzip.compress(json.dumps(ENVELOPE).encode()),
        b'{"eventSource":"s3.amazonaws.com","eventName":"GetObject","x":"',
        *(b"{", b"}", b'"', b",", b"[", b"]", b"\\", b"\n", b" ", b"\0", b"Create", b"User"),
        b"null",
    ]
)
VALUES = st.none() | st.lists(PIECES, max_size=4).map(b"".join)


def pipeline():
    return Pipeline(
        RuleSet(load_rules([RULES], CATALOGUE).rules, CATALOGUE.log_source_types), CATALOGUE
    )


PIPELINE = pipeline()


def records(values):
    return [PlainRecord(7 * n, 1_700_000_000_000, value) for n, value in enumerate(values)]


def one_by_one(found):
    whole = Outcome()
    with patch.object(process, "log_sources", lambda values, _limits: [None] * len(values)):
        for record in found:
            whole.add(PIPELINE.process(Batch(TopicPartition("t", 0), [record])))
    return whole


def in_slices(found, size):
    whole = Outcome()
    with patch.object(process, "EVENTS_A_PART", size):
        whole.add(PIPELINE.process(Batch(TopicPartition("t", 0), found)))
    return whole


@given(st.lists(VALUES, min_size=1, max_size=12), st.integers(1, 12))
def test_slices_of_hostile_records_cause_what_the_records_cause_one_by_one(values, size):
    found = records(values)
    assert in_slices(found, size) == one_by_one(found)


@pytest.mark.corpus
@pytest.mark.parametrize("size", [1, 37, 500])
def test_slices_of_the_corpus_cause_what_its_records_cause_one_by_one(corpus, size):
    alerts = 0
    for file in sorted(corpus.glob("*.jsonl.gz")):
        found = records(gzip.decompress(file.read_bytes()).splitlines())
        outcome = in_slices(found, size)
        assert outcome == one_by_one(found), file.name
        alerts += len(outcome.alerts)
    assert alerts > 400
