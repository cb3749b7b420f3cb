"""The broker in the process, and what keeps it from dropping records."""

import asyncio
import builtins

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from matcher.config import InputSettings, KafkaSettings, OutputSettings, Settings
from matcher.errors import DeliveryError, UsageError
from matcher.metrics import RECORDS_CONSUMED
from matcher.service.service import prepare_worker
from matcher.stream.client import ClientLog
from matcher.stream.embedded import PARTITIONS, EmbeddedBroker, Pacer
from tests.fakes.pipeline import ScriptedPipeline
from tests.fakes.recorder import MemoryRecorder

_RECORD = b"none " + b"x" * 10_000


@pytest.fixture
def broker():
    with EmbeddedBroker() as started:
        started.create_topics(["cloud-audit", "cloud-audit-alerts", "cloud-audit-dead-letters"])
        yield started


async def _producer(broker):
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, max_batch_size=200_000, linger_ms=5
    )
    await producer.start()
    return producer


def _settings(broker):
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=broker.bootstrap_servers),
        input=InputSettings(topics=("cloud-audit",), group="matcher"),
        output=OutputSettings(),
    )


async def test_topics_are_there_and_empty(broker):
    assert broker.ends("cloud-audit") == dict.fromkeys(range(PARTITIONS), 0)
    assert broker.committed("nobody", "cloud-audit") == dict.fromkeys(range(PARTITIONS), 0)
    assert broker.behind("nobody", "cloud-audit") == 0


async def test_a_paced_writer_loses_nothing_of_more_than_a_partition_holds(broker):
    recorder = MemoryRecorder()
    worker = await prepare_worker(
        _settings(broker), ScriptedPipeline(), recorder, ClientLog(recorder)
    )
    running = asyncio.create_task(worker.run())
    producer = await _producer(broker)
    pacer = Pacer(broker, [("matcher", ["cloud-audit"])])
    for _ in range(60):
        await pacer.before(20 * len(_RECORD))
        for _ in range(20):
            await producer.send("cloud-audit", _RECORD, partition=0)
        await producer.flush()
    await pacer.caught_up()
    worker.request_stop()
    await running
    await producer.stop()
    assert broker.committed("matcher", "cloud-audit")[0] == 1200
    assert recorder.value(RECORDS_CONSUMED, "cloud-audit", "0") == 1200


async def test_a_writer_without_a_pace_would_lose_records(broker):
    """Why there is a pacer: the mock cluster drops the oldest records in silence."""
    producer = await _producer(broker)
    for _ in range(1200):
        await producer.send("cloud-audit", _RECORD, partition=0)
    await producer.stop()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    partition = TopicPartition("cloud-audit", 0)
    consumer.assign([partition])
    assert broker.ends("cloud-audit")[0] == 1200
    assert (await consumer.beginning_offsets([partition]))[partition] > 0
    await consumer.stop()


async def test_a_reader_that_stands_still_is_an_error(broker):
    producer = await _producer(broker)
    await producer.send_and_wait("cloud-audit", b"x")
    pacer = Pacer(broker, [("nobody", ["cloud-audit"])])
    with pytest.raises(DeliveryError, match="group nobody does not read on: 1 messages of cloud"):
        await pacer.caught_up(0.05)
    await producer.stop()


def test_a_missing_extra_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "confluent_kafka":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'matcher\[demo\]'"):
        EmbeddedBroker()
