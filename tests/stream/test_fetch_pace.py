"""Brokers collect records for a fetch only while records keep coming."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from aiokafka.protocol.fetch import FetchRequest

from matcher.stream import fetch_pace as module
from matcher.stream.fetch_pace import AT_REST, BEHIND, COLLECTING, FetchPace
from tests.stream.stage import Stage

_MOST = 500


@pytest.fixture
def now(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture
def consumer():
    return SimpleNamespace(_fetcher=SimpleNamespace())


def _paces(now, consumer, *reads):
    """The pace after each read; a read is the seconds since the read before, and its records."""
    pace = FetchPace()
    pace.watch(consumer)
    for seconds, records in reads:
        now[0] += seconds
        pace.read(records, _MOST)
        fetcher = consumer._fetcher
        asked = (fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms, fetcher._prefetch_backoff)
        assert asked == pace.pace
        yield pace.pace


def test_records_that_follow_each_other_are_collected_and_a_pause_ends_that(now, consumer):
    reads = ((0, 4), (0.05, 60), (0.01, 3), (0.5, 0), (3, 1))
    assert [*_paces(now, consumer, *reads)] == [AT_REST, COLLECTING, COLLECTING, AT_REST, AT_REST]


def test_records_that_come_now_and_then_are_answered_at_once(now, consumer):
    assert {*_paces(now, consumer, *[(0.3, 1)] * 5)} == {AT_REST}


def test_more_than_a_read_hands_out_is_fetched_while_the_rest_is_matched(now, consumer):
    reads = ((0, _MOST), (0.01, _MOST), (0.01, 311), (0.2, 20))
    assert [*_paces(now, consumer, *reads)] == [BEHIND, BEHIND, BEHIND, AT_REST]


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
        await stage.until(lambda: COLLECTING[:2] in asked)
        stop.set()
        await streaming
        asked.clear()
        await stage.until(lambda: AT_REST[:2] in asked)
        await stage.until_committed()


async def test_a_partition_is_fetched_while_the_records_of_others_are_matched(mock_broker):
    stage = Stage(mock_broker)
    stage.source["max_records"] = 1
    worker = await stage.worker()
    beside = []  # does the client hold records that came a moment ago when it fetches?
    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        consumer = worker._source.consumer
        send = consumer._client.send

        async def watched(node, request, **options):
            if isinstance(request, FetchRequest):
                buffered = consumer._fetcher._records.values()
                beside.append(any(time.monotonic() - one._created < 0.1 for one in buffered))
            return await send(node, request, **options)

        consumer._client.send = watched
        for _ in range(50):
            await asyncio.to_thread(stage.produce, [b"alert"] * 40)
            if any(beside):
                break
        await stage.until_committed()
    assert any(beside)
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)
