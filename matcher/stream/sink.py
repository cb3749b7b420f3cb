"""Where messages are written. The worker knows only :class:`Sink`; :class:`KafkaSink` writes to
Kafka.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

from aiokafka.errors import KafkaError, ProducerClosed, UnknownTopicOrPartitionError

from matcher.config import KafkaSettings, OutputSettings
from matcher.errors import DeliveryError
from matcher.stream.client import ClientLog
from matcher.stream.diagnosis import why_unwritten
from matcher.stream.lanes import Batch, Lane, Parcel, Refusal
from matcher.stream.outgoing import Message
from matcher.stream.partitioner import partition_of
from matcher.stream.preflight import output_topics
from matcher.stream.producer import BREAKS_THE_SEQUENCE, TOO_LARGE, Producer, size_of

_LAST_ANSWERS_SECONDS = 1.0
"""After the producer is closed, its last answers have so long to reach those who wait for them."""


class Sink(Protocol):
    """Writes messages. An accepted message is written once, or its parcel says why not."""

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Parcel]:
        """Accept messages; may wait for room. Each of them is in one of the parcels."""

    async def diagnose(self) -> str:
        """Why a message waits for so long, in one line for a person; never raises."""

    async def stop(self, seconds: float) -> None:
        """Write what was accepted, and close the connection, both within this many seconds; never
        raises. A parcel that is not written by then fails.
        """


class KafkaSink:
    """A sink that gives its producer whole batches, and so gets one acknowledgement for each batch.

    A message that comes alone leaves at once. Those that follow within ``output.linger_ms`` wait
    for the rest of that time, and longer where the batch before them is not acknowledged yet: the
    more there is to write, the larger the batches are.

    The messages of a batch that is refused for its size are sent again, each alone: a refusal then
    concerns that message only.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        output: OutputSettings,
        client_log: ClientLog,
        batch_bytes: int | None = None,
    ) -> None:
        self._kafka = kafka
        self._topics = output_topics(output)
        self._producer = Producer(kafka, output, client_log, batch_bytes or output.max_batch_bytes)
        self._largest = output.max_request_bytes
        self._linger = output.linger_ms / 1000
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._left = 0.0
        self._leaving: asyncio.TimerHandle | None = None
        self._diagnosis: asyncio.Task[str] | None = None

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable, ConfigError."""
        await self._producer.start()

    async def send(self, messages: Sequence[Message]) -> Sequence[Parcel]:
        """See :meth:`Sink.send`."""
        parcels: list[Parcel] = []
        for topic, run in itertools.groupby(messages, attrgetter("topic")):
            parcels += await self._send_to(topic, list(run))
        self._let_leave()
        return parcels

    async def diagnose(self) -> str:
        """See :meth:`Sink.diagnose`."""
        return await why_unwritten(self._kafka, self._topics)

    async def stop(self, seconds: float) -> None:
        """See :meth:`Sink.stop`."""
        deadline = time.monotonic() + seconds
        self._leave()
        writing = {lane.writing for lane in self._lanes.values() if lane.writing is not None}
        if writing:
            await asyncio.wait(writing, timeout=seconds)
        if self._diagnosis is not None:
            self._diagnosis.cancel()
        await self._producer.stop(max(1.0, deadline - time.monotonic()))
        if writing:
            await asyncio.wait(writing, timeout=_LAST_ANSWERS_SECONDS)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        for lane in self._lanes.values():
            while (batch := lane.take()) is not None:
                batch.settle(_delivery_error(batch.messages[0], ProducerClosed()))

    # -- into the lanes ----------------------------------------------------------------------------

    async def _send_to(self, topic: str, messages: list[Message]) -> list[Parcel]:
        """Put messages of one topic into its lanes."""
        try:
            partitions, available = await self._producer.partitions(topic)
        except Exception as error:  # noqa: BLE001 - whatever it is, none of them can be written
            return [_failed(messages, _delivery_error(messages[0], error))]
        parcels: list[Parcel] = []
        batches: dict[Batch, list[Message]] = {}
        for message in messages:
            if (size := size_of(message)) > self._largest:
                parcels.append(_refused(message, size, self._largest))
                continue
            lane = self._lane(topic, partition_of(message.key, partitions, available))
            await lane.room()
            batches.setdefault(lane.add(message, self._producer.batch), []).append(message)
            self._write_from(lane)
        parcels += (Parcel(some, batch.written) for batch, some in batches.items())
        return parcels

    def _lane(self, topic: str, partition: int) -> Lane:
        lane = self._lanes.get((topic, partition))
        if lane is None:
            lane = self._lanes[topic, partition] = Lane(topic, partition)
        return lane

    def _let_leave(self) -> None:
        """Let the messages in the lanes leave, now or once they have waited for company."""
        if self._leaving is None and any(lane.waits for lane in self._lanes.values()):
            loop = asyncio.get_running_loop()
            wait = self._left + self._linger - loop.time()
            if wait > 0:
                self._leaving = loop.call_later(wait, self._leave)
            else:
                self._leave()

    def _leave(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        self._left = asyncio.get_running_loop().time()
        for lane in self._lanes.values():
            lane.release()
            self._write_from(lane)

    # -- out of the lanes --------------------------------------------------------------------------

    def _write_from(self, lane: Lane) -> None:
        if lane.writing is None and lane.ready:
            lane.writing = asyncio.create_task(self._write_all(lane))

    async def _write_all(self, lane: Lane) -> None:
        while (batch := lane.take()) is not None:
            try:
                refusals = await self._write(lane, batch)
            except asyncio.CancelledError:
                batch.settle(_delivery_error(batch.messages[0], ProducerClosed()))
                raise
            except Exception as error:  # noqa: BLE001 - who waits for the batch must learn of it
                batch.settle(await self._failure(batch.messages[0], error))
            else:
                batch.settle(refusals)
        lane.writing = None

    async def _write(self, lane: Lane, batch: Batch) -> list[Refusal]:
        """Write a batch; returns those of its messages that are refused for their size."""
        try:
            await self._producer.write(batch.builder, lane.topic, lane.partition)
        except BREAKS_THE_SEQUENCE as error:
            if len(batch.messages) == 1 and isinstance(error, TOO_LARGE):
                return [Refusal(batch.messages[0], str(error))]
        else:
            return []
        refusals: list[Refusal] = []
        for message in batch.messages:
            alone = Batch(self._producer.batch())
            alone.add(message)
            try:
                await self._producer.write(alone.builder, lane.topic, lane.partition)
            except TOO_LARGE as error:
                refusals.append(Refusal(message, str(error)))
        return refusals

    async def _failure(self, message: Message, error: Exception) -> DeliveryError:
        """The error for a batch that is not written. If a temporary error lasted until the client
        gave up, the error is explained: the brokers are asked once, however many batches fail
        meanwhile.
        """
        failure = _delivery_error(message, error)
        if not isinstance(error, KafkaError) or not error.retriable:
            return failure
        if self._diagnosis is None:
            self._diagnosis = asyncio.ensure_future(self.diagnose())
        await asyncio.wait({self._diagnosis})
        if self._diagnosis.cancelled() or self._diagnosis.exception() is not None:
            return failure
        explained = DeliveryError(f"{failure}: {self._diagnosis.result()}")
        explained.__cause__ = error
        return explained


def _refused(message: Message, size: int, largest: int) -> Parcel:
    why = f"it takes {size} bytes, output.max_request_bytes allows {largest}"
    written: asyncio.Future[Sequence[Refusal]] = asyncio.get_running_loop().create_future()
    written.set_result((Refusal(message, why),))
    return Parcel((message,), written)


def _failed(messages: Sequence[Message], failure: DeliveryError) -> Parcel:
    written: asyncio.Future[Sequence[Refusal]] = asyncio.get_running_loop().create_future()
    written.set_exception(failure)
    return Parcel(messages, written)


def _delivery_error(message: Message, error: BaseException) -> DeliveryError:
    text = str(error) or type(error).__name__
    if isinstance(error, UnknownTopicOrPartitionError):
        text = "the topic does not exist any more, or is hidden from this user; create it again"
    failure = DeliveryError(f"{message.topic}: {message.destination} not written: {text}")
    failure.__cause__ = error
    return failure
