"""Broker faults, injected into librdkafka's mock cluster."""

import asyncio

import pytest
import structlog

from matcher.errors import DeliveryError, KafkaUnreachable, NotDrained
from matcher.metrics import CLIENT_LOG_MESSAGES, COMMITS
from matcher.stream.source import NoAnswerError
from tests.brokers.mock import FETCH, OFFSET_COMMIT, PRODUCE
from tests.stream.stage import Stage

ILLEGAL_GENERATION, UNKNOWN_MEMBER, NOT_COORDINATOR = 22, 25, 16
REBALANCE_IN_PROGRESS, TIMED_OUT = 27, 7
NOT_LEADER, NOT_ENOUGH_REPLICAS, TOPIC_AUTHORIZATION_FAILED = 6, 19, 29


@pytest.fixture
def stage(mock_broker):
    stage = Stage(mock_broker)
    with stage.client_log:
        yield stage


def _client_complaints(stage):
    return sum(stage.recorder.values(CLIENT_LOG_MESSAGES).values())


@pytest.mark.parametrize("code", [NOT_COORDINATOR, TIMED_OUT])
async def test_a_commit_that_may_be_tried_again_succeeds(stage, mock_broker, code):
    async with stage.running(await stage.worker()):
        await stage.until(lambda: len(stage.committed()) == 4)
        mock_broker.fail_next(OFFSET_COMMIT, code)
        stage.produce([b"alert"] * 20)
        await stage.until_committed()
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)
    assert stage.recorder.value(COMMITS, "refused") == 0


@pytest.mark.parametrize("code", [ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE_IN_PROGRESS])
async def test_a_commit_that_the_group_refuses_loses_nothing(stage, mock_broker, code):
    async with stage.running(await stage.worker()):
        await stage.until(lambda: len(stage.committed()) == 4)
        mock_broker.fail_next(OFFSET_COMMIT, code)
        stage.produce([b"alert"] * 20)
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()
    assert stage.recorder.value(COMMITS, "refused") >= 1


@pytest.mark.parametrize("code", [NOT_LEADER, NOT_ENOUGH_REPLICAS, TIMED_OUT])
async def test_a_write_that_may_be_tried_again_is_tried_again(stage, mock_broker, code):
    stage.produce([b"alert"] * 20)
    mock_broker.fail_next(PRODUCE, code)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()
    assert _client_complaints(stage) >= 1


async def test_a_write_that_is_not_allowed_ends_the_worker_and_commits_nothing(stage, mock_broker):
    stage.produce([b"alert"], partition=0)
    mock_broker.fail_next(PRODUCE, TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(DeliveryError, match=rf"{stage.alerts}: alert not written"):
        await asyncio.wait_for((await stage.worker()).run(), 20)
    assert stage.committed()[0] == 0


async def test_fetch_errors_that_the_client_does_not_know_are_survived(stage, mock_broker):
    stage.produce([b"alert"] * 20)
    mock_broker.fail_next(FETCH, 74, 76, NOT_LEADER, 56)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()


async def test_brokers_that_go_and_come_back_lose_nothing(stage, mock_broker):
    async with stage.running(await stage.worker()):
        stage.produce([b"alert"] * 40)
        await stage.until_committed()
        mock_broker.take_down()
        await stage.until(lambda: _client_complaints(stage))
        mock_broker.bring_up()
        stage.produce([b"alert"] * 40)
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()


async def test_a_stop_with_the_brokers_down_keeps_its_budget(stage, mock_broker):
    """Commit, send and both stops of the client would wait for ever."""
    stage.service["drain_timeout"] = 1.0
    stage.produce([b"alert"] * 4)
    worker = await stage.worker(commit_seconds=60)
    mock_broker.fail_next(PRODUCE, *[NOT_ENOUGH_REPLICAS] * 1000)
    task = asyncio.create_task(worker.run())
    await stage.until(lambda: worker._outbox.in_flight == 4)
    mock_broker.take_down()
    worker.request_stop()
    with pytest.raises(NotDrained, match="not drained after 1 s"):
        await asyncio.wait_for(task, 25)
    assert stage.recorder.value(COMMITS, "ok") == 0


async def test_a_broker_that_is_not_there_is_named(stage):
    stage.kafka |= {"bootstrap_servers": "127.0.0.1:1", "start_timeout": 2.0}
    with pytest.raises(KafkaUnreachable, match=r"127\.0\.0\.1:1.*\n.*nothing listens"):
        await stage.worker()


async def test_a_service_that_starts_before_its_broker_waits_for_it(stage, mock_broker):
    stage.kafka["start_timeout"] = 20.0
    stage.produce([b"alert"] * 4)
    mock_broker.take_down()
    with structlog.testing.capture_logs() as written:
        preparing = asyncio.create_task(stage.worker())
        await stage.until(lambda: any(e["event"] == "kafka_not_reached_yet" for e in written))
        mock_broker.bring_up()
        worker = await preparing
    async with stage.running(worker):
        await stage.until_committed()


async def test_a_client_whose_commits_hang_for_ever_is_replaced(stage):
    """This was seen in practice: the coordinator's lock is held, and nothing will release it."""
    stage.kafka["commit_timeout"] = 0.5
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: len(stage.committed()) == 4)
        hanging = worker._source.consumer
        await hanging._coordinator._coordinator_lookup_lock.acquire()
        hanging._coordinator.coordinator_dead()
        stage.produce([b"alert"] * 20)
        await stage.until_committed()
        assert worker._source.consumer is not hanging
        tasks = (hanging._coordinator._heartbeat_task, hanging._coordinator._coordination_task)
        await stage.until(lambda: all(task is None or task.done() for task in tasks))
    assert set(stage.origins()) == stage.expected()


async def test_the_brokers_are_asked_for_news_also_while_nothing_is_assigned(stage, mock_broker):
    source = (await stage.worker())._source
    assert await source.waiting() == {}
    mock_broker.take_down()
    with pytest.raises(NoAnswerError):
        await source.waiting()


async def test_the_brokers_are_asked_for_news_although_the_reading_client_hangs(stage):
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: len(stage.committed()) == 4)
        worker._source.consumer._client.send = lambda *_arguments, **_options: asyncio.Future()
        assert set(await worker._source.waiting()) == worker.assigned


async def test_an_outage_writes_a_few_lines_however_often_the_client_complains(stage, mock_broker):
    with structlog.testing.capture_logs() as written:
        async with stage.running(await stage.worker()):
            await stage.until(lambda: len(stage.committed()) == 4)
            mock_broker.take_down()
            await stage.until(lambda: _client_complaints(stage) > 100)
            lines = [entry for entry in written if entry["event"] == "kafka_client"]
            mock_broker.bring_up()
            stage.produce([b"alert"] * 4)
            await stage.until_committed()
    assert len(lines) < 12
