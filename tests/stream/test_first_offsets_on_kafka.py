"""Where a group starts, and where it goes on when its offset no longer exists."""

from datetime import UTC, datetime

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from matcher.metrics import OFFSETS_LOST, TOPICS_MADE_ANEW
from tests.brokers.client import Message
from tests.stream.stage import PARTITIONS, Stage


@pytest.fixture(params=["mock", pytest.param("real", marks=pytest.mark.real_kafka)])
def broker(request):
    return request.getfixturevalue(f"{request.param}_broker")


async def test_latest_is_decided_once_also_for_a_partition_that_stays_empty(broker):
    stage = Stage(broker)
    stage.source["start"] = "latest"
    stage.produce([b"alert old"] * 8)
    async with stage.running(await stage.worker()):
        await stage.until(lambda: len(stage.committed()) == PARTITIONS)
    assert stage.committed() == dict.fromkeys(range(PARTITIONS), 2)
    stage.produce([b"alert new"] * 4)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == {(partition, 2, 0) for partition in range(PARTITIONS)}


@pytest.mark.real_kafka
async def test_a_time_starts_at_the_first_record_from_then_on(real_broker):
    stage = Stage(real_broker)
    stage.produce([b"alert"] * 40, partition=0)
    at = datetime.fromtimestamp((stage.epoch + 25) / 1000, UTC)
    stage.source["start"] = at.isoformat()
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert sorted(stage.origins()) == [(0, offset, 0) for offset in range(25, 40)]


async def test_what_retention_took_from_a_stopped_group_is_counted(broker):
    stage = Stage(broker)
    stage.produce([b"alert"] * 10, partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    stage.produce([b"alert"] * 20, partition=0)
    broker.delete_before(stage.input, {0: 25})
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert stage.recorder.value(OFFSETS_LOST, stage.input, "0") == 15
    assert set(stage.origins()) == {(0, n, 0) for n in [*range(10), *range(25, 30)]}


@pytest.mark.real_kafka
async def test_what_retention_takes_from_a_running_group_is_counted(real_broker):
    """The position leaves the log between two fetches: the broker answers "out of range"."""
    stage = Stage(real_broker)
    stage.produce([b"alert"] * 10, partition=0)
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until_committed()
        consumer = worker._source.consumer
        (partition,) = [tp for tp in consumer.assignment() if tp.partition == 0]
        consumer.pause(partition)
        stage.produce([b"alert"] * 20, partition=0)
        real_broker.delete_before(stage.input, {0: 25})
        consumer.resume(partition)
        await stage.until_committed()
    lost = stage.recorder.value(OFFSETS_LOST, stage.input, "0")
    assert len(stage.origins()) + lost == 30
    assert {place[1] for place in stage.origins()} >= set(range(25, 30))


@pytest.mark.real_kafka
async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(real_broker):
    stage = Stage(real_broker)
    stage.produce([b"alert"] * 10, partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    name = stage.input
    real_broker.delete_topic(name)
    real_broker._create(name, PARTITIONS, {})
    real_broker.produce(name, [Message(b"low low alert", timestamp=stage.epoch)])
    async with stage.running(await stage.worker()):
        await stage.until(lambda: (0, 0, 2) in stage.origins())


def _make_anew(broker, topic, scripts):
    """Recreate the topic under the same name, with other records in its first partition."""
    broker.delete_topic(topic)
    broker._create(topic, PARTITIONS, {})
    broker.produce(topic, [Message(script) for script in scripts])


@pytest.mark.real_kafka
@pytest.mark.parametrize("start", ["earliest", "latest"])
async def test_a_topic_made_anew_under_a_frozen_reader_is_read_whole(real_broker, start):
    """The reader's position is a valid offset of the new topic, too, so no broker objects."""
    stage = Stage(real_broker)
    stage.source["start"] = start
    stage.kafka["metadata_max_age"] = 1.0
    async with stage.running(await stage.worker()):
        await stage.until(lambda: len(stage.committed()) == PARTITIONS)
        stage.produce([b"alert"] * 10, partition=0)
        await stage.until_committed()
        # these calls block the loop, and with it the reader
        _make_anew(real_broker, stage.input, [b"none alert"] * 20)
        await stage.until(lambda: {(0, n, 1) for n in range(20)} <= set(stage.origins()))
        await stage.until_committed()
    assert stage.recorder.value(TOPICS_MADE_ANEW, stage.input) == 1


@pytest.mark.real_kafka
async def test_an_offset_committed_for_an_earlier_topic_of_that_name_is_not_believed(real_broker):
    stage = Stage(real_broker)
    stage.produce([b"alert"] * 10, partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    admin = AIOKafkaAdminClient(bootstrap_servers=real_broker.bootstrap)
    await admin.start()
    kept = {one.metadata for one in (await admin.list_consumer_group_offsets(stage.group)).values()}
    await admin.close()
    assert [text.startswith("topic-id=") for text in kept] == [True]
    stage.produce([b"none alert"] * 10, partition=0)
    real_broker.commit(stage.group, stage.input, {0: 15}, "topic-id=bm90IHRoZSBzYW1lIHRvcA")
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert {(0, n, 1) for n in range(10, 20)} <= set(stage.origins())
    assert stage.recorder.value(TOPICS_MADE_ANEW, stage.input) == 1


@pytest.mark.real_kafka
async def test_an_offset_that_another_tool_committed_is_believed(real_broker):
    stage = Stage(real_broker)
    stage.produce([b"alert"] * 10, partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    stage.produce([b"none alert"] * 10, partition=0)
    real_broker.commit(stage.group, stage.input, {0: 15}, "by hand")
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert {place for place in stage.origins() if place[2]} == {(0, n, 1) for n in range(15, 20)}
    assert stage.recorder.value(TOPICS_MADE_ANEW, stage.input) == 0
