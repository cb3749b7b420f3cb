"""The cost of the worst records: memory is bounded, and the caller gets control back meanwhile."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.config import Settings
from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.service.wiring import build_pipeline
from tests.work import calls

MIB = 1 << 20
MOST_MIB = 256
PROGRAM = Path(__file__).with_name("run_record.py")
START = b'{"eventVersion":"1.08","eventSource":"iam.amazonaws.com","eventName":"CreateUser"'
QUIET = START.replace(b"CreateUser", b"GetUser")


def _filled(head: bytes, piece: bytes, tail: bytes, size: int) -> bytes:
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def _event(piece: bytes, size: int = 8 * MIB - 64) -> bytes:
    """An event that rules have to look at, with a list that repeats one piece."""
    return _filled(START + b',"x":[', piece + b",", b"1]}", size)


def _keys() -> bytes:
    pairs = (b'"k%d":%d' % (number, number) for number in range(500_000))
    return START + b',"x":{' + b",".join(pairs) + b"}}"


RECORDS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "an event of 60 MB in a small gzip": (
        lambda: gzip.compress(_filled(START + b',"x":"', b"y", b'"}', 60_000_000)),
        {"inflates_too_large"},
    ),
    "an event of 30 MB in a small gzip": (
        lambda: gzip.compress(_event(b"[]", 30_000_000)),
        {"too_large"},
    ),
    "an event of 9 MB": (lambda: _event(b"1234", 9 * MIB), {"too_large"}),
    "small events in a gzip": (
        lambda: gzip.compress(_filled(b'{"Records":[', QUIET + b"},", b"{}]}", 15 * MIB)),
        set(),
    ),
    "events of nothing in a gzip": (
        lambda: gzip.compress(_filled(b"[", b"{},", b"{}]", 31 * MIB)),
        {"too_many_units"},
    ),
    "values one after the other": (lambda: b"{}" * 240_000, set()),
    "values one after the other in a gzip": (
        lambda: gzip.compress(b"{}" * (15 * MIB)),
        {"too_many_units"},
    ),
    "nested arrays": (lambda: b"[" * (MIB // 2) + b"]" * (MIB // 2), {"too_large"}),
    "an event of empty arrays": (lambda: _event(b"[]"), {"too_large"}),
    "an event of objects": (lambda: _event(b'{"":0}'), {"too_large"}),
    "an event of short texts": (lambda: _event(b'"ab"'), set()),
    "an event of keys": (_keys, set()),
    "an event of numbers": (lambda: _event(b"257"), set()),
    "an event of escapes": (lambda: _event(b'"\\u0041\\/"'), set()),
    "an event of NaN in an envelope": (
        lambda: b'{"Records":[' + _event(b"NaN", 8 * MIB - 100) + b"," + START + b"}]}",
        set(),
    ),
    "an envelope that breaks": (
        lambda: _filled(b'{"Records":[', QUIET + b"},", b'{"a', 8 * MIB),
        {"truncated"},
    ),
    "broken elements": (
        lambda: _filled(b'{"Records":[', b'{"a":b},' + QUIET + b"},", b"{}]}", 8 * MIB),
        {"not_json"},
    ),
    "brackets behind a broken element": (
        lambda: gzip.compress(_filled(b'{"Records":[{},x,', b"[", b'{"a":1}]}', 31 * MIB)),
        {"not_json"},
    ),
    "a wrapper around a large event": (
        lambda: json.dumps({"message": _event(b'"ab"', 3 * MIB).decode()}).encode(),
        set(),
    ),
}


def cost_of(record: bytes, folder: Path) -> dict:
    path = folder / "record"
    path.write_bytes(record)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", RECORDS)
def test_the_worst_of_records_takes_bounded_memory(name, tmp_path):
    make, rejects = RECORDS[name]
    cost = cost_of(make(), tmp_path)
    assert cost["peak"] < MOST_MIB
    assert set(cost["rejects"]) == rejects


@pytest.mark.parametrize(
    "name",
    [
        *("values one after the other", "values one after the other in a gzip"),
        *("events of nothing in a gzip", "an envelope that breaks", "broken elements"),
    ],
)
def test_the_loop_has_its_turn_while_a_record_is_opened(name, tmp_path):
    """A part ends after at most 1,024 values that are found or taken."""
    cost = cost_of(RECORDS[name][0](), tmp_path)
    assert cost["parts"] > 150


@pytest.mark.parametrize(
    "piece",
    [
        *(rb"\u0041", rb"\/", rb"\n", rb"\\", rb"\u0001", rb"\u0022", rb"\ud83d\ude00"),
        *(rb"iam.amazonaws.com\/", rb"{\"a\":\"CreateUser\"},", "é".encode(), b"\xff"),
    ],
)
def test_no_function_is_called_for_each_escape_of_an_event(piece):
    """An event is processed in one stretch, so each part of it must cost next to nothing."""
    settings = Settings(rules={"paths": [PROGRAM.parents[2] / "rules"]})
    pipeline = build_pipeline(settings, lambda _text: None)
    little, much = (
        _filled(START + b',"requestParameters":"', piece, b'"}', size) for size in (100, MIB // 2)
    )
    batches = [Batch(TopicPartition("t", 0), [PlainRecord(1, 0, one)]) for one in (little, much)]
    assert pipeline.process(batches[0]).alerts  # what a rule's first match prepares is made
    found = []
    assert calls(lambda: found.append(pipeline.process(batches[1]))) < 5_000
    assert found[0].alerts
