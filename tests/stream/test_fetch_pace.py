"""Brokers collect records for us while records come, and only then."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.protocol.fetch import FetchRequest

from matcher.stream import fetch_pace as module
from matcher.stream.fetch_pace import FetchPace
from tests.stream.stage import Stage

_AT_REST = (1, 100)


@pytest.fixture
def now(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture
def consumer():
    return SimpleNamespace(_fetcher=SimpleNamespace(_fetch_min_bytes=1, _fetch_max_wait_ms=100))


def _asked(consumer):
    return consumer._fetcher._fetch_min_bytes, consumer._fetcher._fetch_max_wait_ms


def test_records_that_follow_each_other_are_collected_and_a_pause_ends_that(now, consumer):
    pace = FetchPace()
    pace.watch(consumer)
    seen = []
    for seconds, found in ((0, True), (0.05, True), (0.01, True), (0.5, False), (3, True)):
        now[0] += seconds
        pace.read(found=found)
        seen.append(_asked(consumer) == _AT_REST)
    assert seen == [True, False, False, True, True]


def test_records_that_come_now_and_then_are_answered_at_once(now, consumer):
    pace = FetchPace()
    pace.watch(consumer)
    for _ in range(5):
        now[0] += 0.3
        pace.read(found=True)
        assert _asked(consumer) == _AT_REST


async def test_a_fetch_of_the_client_says_so(mock_broker):
    """The fetcher of aiokafka has no public setting for it."""
    stage = Stage(mock_broker)
    worker = await stage.worker()
    asked = set()
    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        client = worker._source.consumer._client
        send = client.send

        async def watched(node, request, **options):
            if isinstance(request, FetchRequest):
                asked.add((request._min_bytes, request._max_wait_ms))
            return await send(node, request, **options)

        client.send = watched
        stop = asyncio.Event()

        async def stream():
            while not stop.is_set():
                await asyncio.to_thread(stage.produce, [b"none"] * 4)

        streaming = asyncio.create_task(stream())
        await stage.until(lambda: any(least > 1 for least, _ in asked))
        stop.set()
        await streaming
        asked.clear()
        await stage.until(lambda: (1, 100) in asked)
        await stage.until_committed()


async def test_a_partition_is_fetched_while_the_records_of_others_are_matched(mock_broker):
    stage = Stage(mock_broker)
    stage.source["max_records"] = 1
    worker = await stage.worker()
    beside = []
    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        consumer = worker._source.consumer
        send = consumer._client.send

        async def watched(node, request, **options):
            if isinstance(request, FetchRequest):
                beside.append(bool(consumer._fetcher._records))
            return await send(node, request, **options)

        consumer._client.send = watched
        stage.produce([b"alert"] * 20)
        await stage.until_committed()
    assert any(beside)
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)
