"""Whole batches against aiokafka's own records, as brokers hand them out."""

import contextlib

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from matcher.stream.record_batches import read_whole, record_batches_can_be_read_whole
from tests.brokers.client import Message


@pytest.fixture(params=["mock", pytest.param("real", marks=pytest.mark.real_kafka)])
def broker(request):
    return request.getfixturevalue(f"{request.param}_broker")


def _messages(count):
    values = (b'{"eventName":"%d"}' % number * (number % 90) or None for number in range(count))
    return [
        Message(value, key=b"k" * (number % 3) or None, headers=(("h", None), ("i", b"x")))
        for number, value in enumerate(values)
    ]


async def _read(broker, topic, level, at=0, *, whole=None):
    """Every record from an offset on, and the position at the end. ``whole`` is how many records of
    whole batches are taken at a time; with None aiokafka reads in its own way.
    """
    partition, records = TopicPartition(topic, 0), []
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, isolation_level=level)
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, at)
        while (position := await consumer.position(partition)) < broker.ends(topic)[0]:
            with contextlib.nullcontext() if whole is None else read_whole(_nothing):
                found = await consumer.getmany(timeout_ms=200, max_records=whole)
            assert all(len(some) <= (whole or 300) for some in found.values())
            records += [
                (one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
                for one in found.get(partition, ())
            ]
    finally:
        await consumer.stop()
    return records, position


def _nothing(batch):
    raise AssertionError(batch)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_codec_is_read_from_any_offset(broker, codec):
    record_batches_can_be_read_whole()
    topic = broker.create_topic("codec")
    broker.produce(topic, _messages(300), **{"compression.type": codec, "batch.num.messages": 70})
    for at in (0, 1, 69, 70, 123, 299):
        theirs = await _read(broker, topic, "read_committed", at)
        assert len(theirs[0]) == 300 - at
        for most in (7, 500):
            assert await _read(broker, topic, "read_committed", at, whole=most) == theirs


@pytest.mark.real_kafka
async def test_of_transactions_those_are_read_that_the_isolation_level_names(real_broker):
    record_batches_can_be_read_whole()
    topic = real_broker.create_topic("transactions")
    for commit in (True, False, True, False, False):
        real_broker.produce_transaction(topic, _messages(5), commit=commit)
        real_broker.produce(topic, _messages(3))
    counts = {}
    for level in ("read_committed", "read_uncommitted"):
        theirs = await _read(real_broker, topic, level)
        assert await _read(real_broker, topic, level, whole=4) == theirs
        counts[level] = len(theirs[0])
    assert counts == {"read_committed": 25, "read_uncommitted": 40}
