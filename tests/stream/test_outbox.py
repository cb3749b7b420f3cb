"""Messages that were handed over, until they are acknowledged or dead-lettered."""

import asyncio
import json

from matcher.errors import DeliveryError
from matcher.events.record import TopicPartition
from matcher.metrics import PRODUCE_FAILURES
from matcher.stream import outbox as module
from matcher.stream.outbox import Outbox
from matcher.stream.outgoing import Message
from tests.fakes.broker import FakeBroker
from tests.fakes.recorder import MemoryRecorder

SOURCE = TopicPartition("in", 0)


class _Scene:
    def __init__(self, limit=1_000_000):
        self.broker = FakeBroker()
        self.alerts = self.broker.create_topic("alerts", 1)
        self.letters = self.broker.create_topic("letters", 1, {"max.message.bytes": str(limit)})
        self.sink = self.broker.sink()
        self.recorder = MemoryRecorder()
        self.failures = []
        self.done = []
        self.outbox = Outbox(
            self.sink,
            self.recorder,
            self.failures.append,
            dead_letter_topic=self.letters,
            max_in_flight=10,
            send_timeout=30.0,
        )

    def open(self, name="slice"):
        return self.outbox.open(SOURCE, lambda: self.done.append(name))

    def alert(self, size=10):
        body = {"origin": {"topic": "in", "partition": 0, "offset": 1, "index": 0}, "x": "y" * size}
        return Message(self.alerts, "alert", json.dumps(body).encode(), b"id")


async def test_a_delivery_is_done_when_it_is_sealed_and_all_is_in():
    scene = _Scene()
    scene.sink.held = []
    delivery = scene.open()
    await scene.outbox.put(delivery, (scene.alert(),))
    scene.outbox.seal(delivery)
    await asyncio.sleep(0)
    assert scene.done == []
    assert scene.outbox.in_flight == 1
    scene.sink.release()
    await scene.outbox.drained()
    assert scene.done == ["slice"]
    assert scene.outbox.in_flight == 0


async def test_a_delivery_without_messages_is_done_when_it_is_sealed():
    scene = _Scene()
    delivery = scene.open()
    assert scene.done == []
    scene.outbox.seal(delivery)
    assert scene.done == ["slice"]


async def test_what_is_acknowledged_before_the_seal_does_not_end_it():
    scene = _Scene()
    delivery = scene.open()
    await scene.outbox.put(delivery, (scene.alert(),))
    await asyncio.sleep(0.01)
    assert scene.done == []
    scene.outbox.seal(delivery)
    assert scene.done == ["slice"]


async def test_a_refused_message_is_done_when_its_dead_letter_is_in():
    scene = _Scene()
    scene.broker.max_message_bytes[scene.alerts] = 100
    delivery = scene.open()
    acknowledged = []
    await scene.outbox.put(delivery, (scene.alert(500),), acknowledged.extend)
    scene.outbox.seal(delivery)
    await scene.outbox.drained()
    assert len(scene.broker.read_all(scene.letters)) == 1
    assert (scene.done, acknowledged, scene.outbox.in_flight) == (["slice"], [], 0)


async def test_a_dead_letter_that_does_not_fit_becomes_a_stub_and_a_stub_that_does_not_an_error():
    for limit, letters, failed in ((1500, 1, 0), (10, 0, 1)):
        scene = _Scene(limit)
        scene.broker.max_message_bytes[scene.alerts] = 100
        delivery = scene.open()
        await scene.outbox.put(delivery, (scene.alert(5000),))
        scene.outbox.seal(delivery)
        await asyncio.sleep(0.01)
        assert len(scene.broker.read_all(scene.letters)) == letters
        assert len(scene.failures) == failed
        assert scene.done == ["slice"] * letters
        assert scene.recorder.value(PRODUCE_FAILURES, "dead_letter") == failed


async def test_a_failed_write_is_told_once_and_never_done():
    scene = _Scene()
    scene.broker.refusals["acknowledge"] = [DeliveryError("no")]
    delivery = scene.open()
    await scene.outbox.put(delivery, (scene.alert(),))
    await scene.outbox.put(delivery, (scene.alert(),))
    scene.outbox.seal(delivery)
    await asyncio.sleep(0.01)
    assert [str(error) for error in scene.failures] == ["no"]
    assert scene.done == []


async def test_only_what_waits_for_an_acknowledgement_is_overdue(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    scene = _Scene()
    long_work = scene.open("an envelope of a million events that match nothing")
    now[0] += 31
    assert scene.outbox.overdue() is None
    scene.sink.held = []
    other = scene.open("other")
    await scene.outbox.put(other, (scene.alert(),))
    now[0] += 29
    assert scene.outbox.overdue() is None
    now[0] += 2
    error = scene.outbox.overdue()
    assert "1 messages are not acknowledged after 30 s" in str(error)
    assert scene.outbox.overdue() is error
    assert scene.recorder.value(PRODUCE_FAILURES, "alert") == 1
    scene.outbox.seal(long_work)


async def test_the_eleventh_waits_for_room():
    scene = _Scene()
    scene.sink.held = []
    delivery = scene.open()
    for _ in range(10):
        await scene.outbox.put(delivery, (scene.alert(),))
    waiting = asyncio.create_task(scene.outbox.put(delivery, (scene.alert(),)))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    scene.sink.release()
    await waiting
