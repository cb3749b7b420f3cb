"""The same worker on three brokers: the fake, librdkafka's mock cluster, Apache Kafka."""

import asyncio
import json

import pytest

from matcher.events.record import TopicPartition
from matcher.metrics import (
    ALERTS_BELOW_SEVERITY,
    ALERTS_PRODUCED,
    COMMITS,
    DEAD_LETTERS,
    FORWARDED,
    RECORDS_CONSUMED,
    UNCOMMITTED,
)
from tests.brokers.client import Message
from tests.fakes.broker import FakeBroker
from tests.stream.stage import PARTITIONS, Stage


@pytest.fixture(params=["fake", "mock", pytest.param("real", marks=pytest.mark.real_kafka)])
def broker(request):
    if request.param == "fake":
        return FakeBroker()
    return request.getfixturevalue(f"{request.param}_broker")


async def test_every_match_becomes_one_alert_and_every_offset_is_committed(broker):
    stage = Stage(broker)
    stage.produce([b"alert none", b"none", b"none alert alert"] * 40)
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until_committed()
        assert worker.ready
        assert worker.assigned == {TopicPartition(stage.input, n) for n in range(PARTITIONS)}
    assert not worker.ready
    origins = stage.origins()
    assert set(origins) == stage.expected()
    assert set(origins.values()) == {1}
    assert stage.recorder.value(ALERTS_PRODUCED, "alert") == len(origins) == 120
    assert sum(stage.recorder.values(RECORDS_CONSUMED).values()) == 120
    assert stage.recorder.value(COMMITS, "ok") >= 1


async def test_what_is_no_event_goes_to_the_dead_letters_byte_for_byte(broker):
    stage = Stage(broker)
    stage.produce([b"alert bad alert"])
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    (letter,) = broker.read_all(stage.dead_letters)
    assert (letter.value, letter.key) == (b"bad", b"key-0")
    headers = dict(letter.headers)
    assert headers.pop("x-matcher-version")
    assert headers == {
        "h": b"1",
        "x-matcher-reason": b"not_json",
        "x-matcher-detail": b"scripted",
        "x-matcher-topic": stage.input.encode(),
        "x-matcher-partition": b"0",
        "x-matcher-offset": b"0",
        "x-matcher-index": b"1",
        "x-matcher-timestamp": str(stage.epoch).encode(),
    }
    assert len(stage.origins()) == 2
    assert stage.recorder.value(DEAD_LETTERS, "not_json") == 1


async def test_a_tombstone_among_the_records_is_passed_over_and_committed(broker):
    stage = Stage(broker)
    stage.produce([b"alert", None, b"alert", None], partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert stage.origins() == {(0, 0, 0): 1, (0, 2, 0): 1}
    assert broker.read_all(stage.dead_letters) == []


async def test_an_alert_carries_its_id_as_key_and_what_is_known_of_it_in_headers(broker):
    stage = Stage(broker)
    stage.produce([b"alert"])
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    (alert,) = broker.read_all(stage.alerts)
    assert alert.key == f"{stage.input}/0/0/0".encode()
    headers = dict(alert.headers)
    assert headers.pop("detected_at").endswith(b"Z")
    assert headers == {
        "rule_id": b"scripted",
        "severity": b"high",
        "schema": b"cloud-audit-alert/1",
    }
    assert json.loads(alert.value)["origin"]["offset"] == 0


async def test_lesser_matches_are_counted_or_go_to_the_signals_topic(broker):
    counted = Stage(broker)
    signals = Stage(broker, signals_topic=broker.create_topic("signals"))
    for stage in (counted, signals):
        stage.produce([b"alert low low"])
        async with stage.running(await stage.worker()):
            await stage.until_committed()
        assert set(stage.origins()) == stage.expected(b"alert")
    assert counted.recorder.value(ALERTS_BELOW_SEVERITY, "scripted") == 2
    assert signals.recorder.value(ALERTS_BELOW_SEVERITY, "scripted") == 0
    assert set(signals.origins(signals.output.signals_topic)) == signals.expected(b"low")


async def test_a_record_with_a_match_is_forwarded_as_it_was(broker):
    stage = Stage(broker, forward_topic=broker.create_topic("forward"))
    stage.produce([b"none", b"low  alert", b"bad"])
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    (forwarded,) = broker.read_all(stage.output.forward_topic)
    assert forwarded.value == b"low  alert"
    assert (forwarded.key, forwarded.headers) == (b"key-1", (("h", b"1"),))
    assert forwarded.timestamp == stage.epoch + 1
    assert stage.recorder.value(FORWARDED) == 1


async def test_a_clean_stop_under_load_repeats_nothing(broker):
    stage = Stage(broker)
    for _ in range(4):
        seen = sum(stage.origins().values())
        stage.produce([b"alert"] * 400)
        worker = await stage.worker(commit_seconds=60)
        async with stage.running(worker):
            await stage.until(lambda seen=seen: sum(stage.origins().values()) > seen)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)
    assert stage.recorder.value(UNCOMMITTED) == 0


# the mock cluster answers a second member's SyncGroup with INVALID_REQUEST
@pytest.mark.parametrize(
    "broker", ["fake", pytest.param("real", marks=pytest.mark.real_kafka)], indirect=True
)
async def test_members_that_come_and_go_share_the_partitions_and_lose_nothing(broker):
    stage = Stage(broker)
    stage.produce([b"alert"] * 200)
    async with stage.running(await stage.worker()):
        for _ in range(3):
            newcomer = await stage.worker()
            async with stage.running(newcomer):
                await stage.until(lambda newcomer=newcomer: len(newcomer.assigned) == 2)
                stage.produce([b"alert", b"alert none"] * 20)
        await stage.until_committed()
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_a_stop_that_comes_before_the_start_is_done_ends_the_worker(broker):
    stage = Stage(broker)
    worker = await stage.worker()
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0)
    worker.request_stop()
    worker.request_stop()
    await task


@pytest.mark.real_kafka
@pytest.mark.parametrize("isolation", ["read_committed", "read_uncommitted"])
async def test_a_transaction_marker_at_the_end_is_committed(real_broker, isolation):
    stage = Stage(real_broker)
    stage.source["isolation_level"] = isolation
    async with stage.running(await stage.worker()):
        real_broker.produce_transaction(stage.input, [Message(b"alert")] * 3)
        await stage.until_committed()
        real_broker.produce_transaction(stage.input, [Message(b"alert")], commit=False)
        await stage.until_committed()
    assert stage.committed()[0] == real_broker.ends(stage.input)[0] == 6
