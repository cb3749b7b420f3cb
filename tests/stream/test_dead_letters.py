"""Dead letters, their coordinates, and the stubs that stand for them."""

import hashlib
import json

from matcher import __version__
from matcher.events.record import PlainRecord, Reject, RejectReason, TopicPartition
from matcher.stream.dead_letters import (
    refused_message,
    rejected_unit,
    stub,
    unreadable_record,
)
from matcher.stream.outgoing import Message

SOURCE = TopicPartition("in", 3)
RECORD = PlainRecord(41, 1_700_000_000_123, b"whole", b"key", (("a", b"1"), ("a", None)))


def test_a_rejected_unit_keeps_its_bytes_and_the_records_key_and_headers():
    reject = Reject(RejectReason.TRUNCATED, "cut\nshort é", b"\xff\x00{", 7, 12)
    letter = rejected_unit(SOURCE, RECORD, reject, "letters")
    assert (letter.topic, letter.key, letter.value) == ("letters", b"key", b"\xff\x00{")
    assert letter.headers == (
        ("a", b"1"),
        ("a", None),
        ("x-matcher-reason", b"truncated"),
        ("x-matcher-detail", "cut\nshort é".encode()),
        ("x-matcher-topic", b"in"),
        ("x-matcher-partition", b"3"),
        ("x-matcher-offset", b"41"),
        ("x-matcher-index", b"7"),
        ("x-matcher-timestamp", b"1700000000123"),
        ("x-matcher-version", __version__.encode()),
    )


def test_a_refused_alert_says_where_its_event_came_from():
    origin = {"topic": "in", "partition": 3, "offset": 41, "index": 2}
    alert = Message(
        "alerts", "alert", json.dumps({"origin": origin}).encode(), b"id", (("h", b"v"),)
    )
    letter = refused_message(alert, "10 bytes too many", SOURCE, "letters")
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["h"]) == (b"id", alert.value, b"v")
    assert headers["x-matcher-reason"] == b"too_large"
    assert headers["x-matcher-detail"] == b"10 bytes too many"
    assert (headers["x-matcher-offset"], headers["x-matcher-index"]) == (b"41", b"2")


def test_a_refused_alert_of_a_file_shape_still_has_the_partition_it_was_read_from():
    alert = Message("alerts", "alert", b'{"id": "x"}', b"id")
    headers = dict(refused_message(alert, "", SOURCE, "letters").headers)
    assert (headers["x-matcher-topic"], headers["x-matcher-partition"]) == (b"in", b"3")
    assert "x-matcher-offset" not in headers


def test_a_stub_has_the_coordinates_the_length_and_the_digest():
    letter = rejected_unit(SOURCE, RECORD, Reject(RejectReason.NOT_JSON, "d", b"x" * 99), "letters")
    found = stub(letter, "too large for the topic")
    document = json.loads(found.value)
    assert document["bytes"] == 99
    assert document["sha256"] == hashlib.sha256(b"x" * 99).hexdigest()
    assert (document["topic"], document["partition"], document["offset"]) == ("in", "3", "41")
    assert document["reason"] == "not_json"
    assert found.key == b"key"
    assert dict(found.headers)["x-matcher-stub"] == b"true"
    assert "a" not in dict(found.headers), "large headers may be why it did not fit"


def test_a_stub_is_small_whatever_it_stands_for():
    record = PlainRecord(1, 1, b"", b"k" * 100_000, (("h", b"v" * 100_000),))
    reject = Reject(RejectReason.NOT_JSON, "d" * 100_000, b"x" * 1_000_000)
    found = stub(rejected_unit(SOURCE, record, reject, "letters"), "e" * 100_000)
    size = len(found.value) + len(found.key or b"") + sum(len(v or b"") for _, v in found.headers)
    assert size < 4000


def test_a_record_that_could_not_be_read_leaves_its_coordinates():
    letter = unreadable_record(SOURCE, 12, "larger than a fetch", "letters")
    assert json.loads(letter.value)["offset"] == "12"
    assert dict(letter.headers)["x-matcher-reason"] == b"too_large_to_read"
