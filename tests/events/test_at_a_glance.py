"""What is told at a glance is what the closer look would say."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.at_a_glance import log_sources
from matcher.events.attribution import attribute
from matcher.events.envelope import Limits, unwrap
from matcher.events.probe import KEYS
from matcher.events.sources import SOURCES, SourceKind

LIMITS = Limits(max_event_bytes=6000)
EVENT = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "us-east-1"}
VETOES = [key for source in SOURCES if source.telltale for key in source.telltale.unless]


def looked_at_closely(value):
    """The log source of a record that is one event as it stands, or None."""
    found = unwrap(value, LIMITS)
    if found.rejects or found.skipped or [e.raw for e in found.events] != [value.rstrip()]:
        return None
    return attribute(found.events[0])


def agree(values):
    """Whatever is told is right; returns what was told."""
    told = log_sources(values, LIMITS)
    for value, kind in zip(values, told, strict=True):
        assert kind is None or kind is looked_at_closely(value), value
    return told


def test_an_event_is_told_by_its_telltale_and_any_other_by_its_keys():
    azure = {"category": "Administrative", "operationName": "a/b/write", "time": "x"}
    values = [json.dumps(document).encode() for document in (EVENT, azure, {"a": 1})]
    assert agree(values) == [
        SourceKind.CLOUDTRAIL,
        SourceKind.AZURE_ACTIVITY,
        SourceKind.UNKNOWN,
    ]


texts = st.sampled_from(
    ["", "x", "iam.amazonaws.com", "aws:sqs", "aws:s3", "CONTROL_MESSAGE", json.dumps(EVENT)]
)
values_ = st.recursive(
    texts | st.integers() | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["data", "x", *EVENT]), inner, max_size=2)
        | st.just(EVENT)
        | st.just([EVENT])
    ),
    max_leaves=4,
)
documents = st.lists(st.tuples(st.sampled_from([*KEYS, *VETOES, *EVENT]), values_), max_size=5).map(
    lambda members: [*EVENT.items(), *members]
)
written = st.builds(
    lambda members, before, after: (
        before
        + "{"
        + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in members)
        + "}"
        + after
    ).encode(),
    documents | documents.map(lambda members: members[len(EVENT) :]),
    st.sampled_from(["", "", "", " ", "\ufeff", "{}", "["]),
    st.sampled_from(["", "", "", "\n", " \t\r\n", "{}", "]", "x", ","]),
)


@given(st.lists(written | st.binary(max_size=8), max_size=6))
def test_whatever_is_told_is_what_the_closer_look_says(values):
    agree(values)


@given(written, st.data())
def test_a_damaged_event_is_never_told_wrongly(value, data):
    at = data.draw(st.integers(0, len(value)))
    damage = data.draw(st.binary(max_size=2) | st.sampled_from([b"NaN", b"\\ud800", b"\\", b'"']))
    agree([value[:at], value[:at] + damage + value[at:], value[at:]])


@pytest.mark.parametrize(
    "addition",
    [
        b'"a":' + b"[" * 201 + b"]" * 201,
        b'"a":' + b"[" * 5000 + b"]" * 5000,
        b'"a":' + b"7" * 4301,
        b'"a":"' + b"x" * 6000 + b'"',
        b'"Records":[]',
        b'"\\u0052ecords":[]',
        b'"logEvents":[],"messageType":"CONTROL_MESSAGE"',
        b'"acsRegion":null',
        b'"eventSource":5',
        b'"eventSource":"aws:s3","s3":{}',
        b'"a":NaN',
        b'"a":"\xff"',
    ],
)
def test_what_is_not_plain_is_left_to_the_closer_look(addition):
    value = json.dumps(EVENT).encode()[:-1] + b"," + addition + b"}"
    assert agree([value, json.dumps(EVENT).encode()])[1] is SourceKind.CLOUDTRAIL
    if addition != b'"a":"\xff"':
        assert agree([value]) == [None]


@pytest.mark.corpus
def test_on_the_corpus_every_plain_event_is_told(corpus):
    told = 0
    for file in sorted(corpus.glob("*.jsonl.gz")):
        lines = gzip.decompress(file.read_bytes()).splitlines()
        found = log_sources(lines, Limits())
        told += len(lines) - found.count(None)
        for line, kind in zip(lines, found, strict=True):
            if kind is not None:
                (event,) = unwrap(line).events
                assert (event.raw, attribute(event)) == (line.rstrip(), kind)
    assert told > 15_000
