"""Messages on their way into Kafka: in batches, each acknowledged as one."""

import asyncio
import time

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.partitioner import DefaultPartitioner

from matcher.config import KafkaSettings, OutputSettings
from matcher.errors import DeliveryError
from matcher.stream.client import ClientLog
from matcher.stream.outgoing import Message
from matcher.stream.sink import KafkaSink
from tests.brokers.mock import PRODUCE
from tests.fakes.recorder import MemoryRecorder

_NOT_ENOUGH_REPLICAS, _TOO_LARGE, _OUT_OF_ORDER = 19, 10, 45
_PATIENCE = 30.0


class _Scene:
    """A sink on a broker, and the topic that the sink writes to."""

    def __init__(self, broker, partitions=1, limit=None, **output):
        config = {"max.message.bytes": str(limit)} if limit else {}
        self.broker = broker
        self.topic = broker.create_topic("alerts", partitions, config)
        output = {"alert_topic": self.topic, "compression": "none", **output}
        self.sink = KafkaSink(
            KafkaSettings(bootstrap_servers=broker.bootstrap, start_timeout=10.0),
            OutputSettings(**output),
            ClientLog(MemoryRecorder()),
        )

    async def __aenter__(self):
        await self.sink.start()
        return self

    async def __aexit__(self, *_exception):
        await self.sink.stop(5.0)

    def message(self, number, size=20):
        return Message(self.topic, "alert", b"%08d" % number + b"x" * size, b"key-%d" % number)

    def written(self):
        return sorted(int(m.value[:8]) for m in self.broker.read_all(self.topic))


async def _refused(parcels):
    """The refusals of these parcels, when all parcels are written."""
    found = [await asyncio.wait_for(parcel.refused(), _PATIENCE) for parcel in parcels]
    return [refusal for some in found for refusal in some]


async def test_messages_for_one_partition_have_one_acknowledgement(mock_broker):
    async with _Scene(mock_broker) as scene:
        parcels = await scene.sink.send([scene.message(number) for number in range(100)])
        assert len(parcels) == 1
        assert await _refused(parcels) == []
    assert scene.written() == list(range(100))


async def test_what_comes_soon_after_waits_for_company_and_is_acknowledged_with_it(mock_broker):
    async with _Scene(mock_broker, linger_ms=1000) as scene:
        await _refused(await scene.sink.send([scene.message(0)]))
        (second,) = await scene.sink.send([scene.message(1)])
        (third,) = await scene.sink.send([scene.message(2)])
        assert second.written is third.written
        assert not second.written.done()
        assert await _refused([second, third]) == []
    assert scene.written() == [0, 1, 2]


async def test_a_message_that_comes_alone_leaves_at_once(mock_broker):
    async with _Scene(mock_broker, linger_ms=1000) as scene:
        began = time.monotonic()
        await _refused(await scene.sink.send([scene.message(0)]))
        assert time.monotonic() - began < 1.0


async def test_a_key_goes_to_the_partition_that_the_client_would_give_it(mock_broker):
    async with _Scene(mock_broker, partitions=7) as scene:
        messages = [scene.message(number) for number in range(50)]
        await _refused(await scene.sink.send(messages))
    theirs = {m.key: DefaultPartitioner()(m.key, list(range(7)), []) for m in messages}
    found = mock_broker.read_all(scene.topic)
    assert {m.key: m.partition for m in found} == theirs


async def test_what_was_accepted_is_written_by_a_stop(mock_broker):
    scene = _Scene(mock_broker, partitions=3, linger_ms=1000)
    await scene.sink.start()
    parcels = [p for n in range(30) for p in await scene.sink.send([scene.message(n)])]
    await scene.sink.stop(10.0)
    assert all(parcel.written.done() for parcel in parcels)
    assert await _refused(parcels) == []
    assert scene.written() == list(range(30))


async def test_a_stop_without_brokers_keeps_its_time_and_fails_what_is_not_written(mock_broker):
    scene = _Scene(mock_broker, linger_ms=0, max_batch_bytes=2000)
    await scene.sink.start()
    mock_broker.fail_next(PRODUCE, *[_NOT_ENOUGH_REPLICAS] * 1000)
    parcels = list(await scene.sink.send([scene.message(n, 900) for n in range(5)]))
    mock_broker.take_down()
    began = time.monotonic()
    await scene.sink.stop(0.5)
    assert time.monotonic() - began < 10
    assert len(parcels) > 1
    for parcel in parcels:
        with pytest.raises(DeliveryError, match=f"{scene.topic}: alert not written"):
            parcel.written.result()


@pytest.mark.parametrize("code", [_TOO_LARGE, _OUT_OF_ORDER])
async def test_a_batch_that_is_refused_as_a_whole_is_written_by_a_new_producer(mock_broker, code):
    async with _Scene(mock_broker) as scene:
        mock_broker.fail_next(PRODUCE, code)
        parcels = await scene.sink.send([scene.message(number) for number in range(5)])
        assert await _refused(parcels) == []
        assert await _refused(await scene.sink.send([scene.message(5)])) == []
    assert scene.written() == list(range(6))


async def test_an_answer_for_another_partition_is_not_lost_when_the_producer_is_replaced(
    mock_broker,
):
    async with _Scene(mock_broker, partitions=8, linger_ms=0) as scene:
        refused = []
        for begin in range(0, 400, 40):
            mock_broker.fail_next(PRODUCE, _TOO_LARGE)
            parcels = await scene.sink.send([scene.message(n) for n in range(begin, begin + 40)])
            refused += await _refused(parcels)
    numbers = [int(refusal.message.value[:8]) for refusal in refused]
    assert sorted(scene.written() + numbers) == list(range(400))


@pytest.mark.real_kafka
async def test_a_refusal_means_one_message_and_its_neighbours_are_written_once(real_broker):
    async with _Scene(real_broker, partitions=2, limit=5000) as scene:
        sizes = [9000 if number in (7, 30, 31) else 100 for number in range(60)]
        messages = [scene.message(number, size) for number, size in enumerate(sizes)]
        refused = await _refused(await scene.sink.send(messages))
        assert sorted(int(r.message.value[:8]) for r in refused) == [7, 30, 31]
        assert await _refused(await scene.sink.send([scene.message(60)])) == []
    assert scene.written() == [n for n in range(61) if n not in (7, 30, 31)]


async def test_a_message_above_the_largest_request_is_refused_alone(mock_broker):
    async with _Scene(mock_broker, max_request_bytes=5000) as scene:
        messages = [scene.message(number, 6000 if number == 3 else 20) for number in range(6)]
        (refusal,) = await _refused(await scene.sink.send(messages))
        assert refusal.message is messages[3]
        assert "output.max_request_bytes allows 5000" in refusal.why
    assert scene.written() == [0, 1, 2, 4, 5]


async def test_a_topic_that_is_not_there_is_an_error_of_its_messages(mock_broker):
    async with _Scene(mock_broker) as scene:
        scene.sink._producer.partitions = _no_such_topic
        (parcel,) = await scene.sink.send([scene.message(0)])
        with pytest.raises(DeliveryError, match="create it again"):
            await parcel.refused()


async def _no_such_topic(_topic):
    raise UnknownTopicOrPartitionError
