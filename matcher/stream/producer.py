"""An idempotent producer, which is replaced by a new one after a broker refused a batch."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    RecordListTooLargeError,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from matcher.config import KafkaSettings, OutputSettings
from matcher.stream.client import ClientLog, closed, producer_settings, started
from matcher.stream.outgoing import Message

log = structlog.get_logger(__name__)

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
BREAKS_THE_SEQUENCE = (*TOO_LARGE, OutOfOrderSequenceNumber)
"""After these errors a producer can write no more to the partition, and is replaced."""


class Producer:
    """Writes batches, each to one partition.

    A batch that a broker refuses for good leaves a gap in the producer's sequence numbers that
    aiokafka cannot close: every later batch of that partition is refused as out of order. Therefore
    the next call after a refusal replaces the producer; before that, the old producer writes the
    batches that are under way to other partitions.

    A caller hands over no second batch of a partition before the first is written: aiokafka loses a
    batch that waits for its turn while the producer is stopped.
    """

    def __init__(
        self, kafka: KafkaSettings, output: OutputSettings, client_log: ClientLog, batch_bytes: int
    ) -> None:
        self._kafka = kafka
        self._settings = producer_settings(kafka, output, batch_bytes)
        self._client_log = client_log
        self._current: Any = None
        self._gone: asyncio.Future[None]
        self._replacing = asyncio.Lock()
        self._broken = True
        self._stopped = False

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable, ConfigError."""
        producer = AIOKafkaProducer(**self._settings)
        try:
            await started(self._kafka, self._client_log, "producer", producer.start)
        except BaseException:
            await _close(producer, 1.0)
            raise
        self._gone = asyncio.get_running_loop().create_future()
        self._current, self._broken = producer, False

    async def partitions(self, topic: str) -> tuple[Sequence[int], Sequence[int]]:
        """All partitions of a topic, in order, and those that have a leader now.

        Raises KafkaError if there is no such topic, and KafkaUnreachable.
        """
        producer = await self._in_use()
        found = sorted(await producer.partitions_for(topic))
        return found, tuple(producer.client.cluster.available_partitions_for_topic(topic) or ())

    def batch(self) -> BatchBuilder:
        """An empty batch."""
        return self._current.create_batch()

    async def write(self, batch: BatchBuilder, topic: str, partition: int) -> None:
        """Write a batch; return when every in-sync replica has it.

        Raises KafkaError; the errors of :data:`TOO_LARGE` may be the fault of one message. Raises
        ProducerClosed where the producer was stopped without an answer.
        """
        batch.close()
        while True:
            producer = await self._in_use()
            try:
                answer = await producer.send_batch(batch, topic, partition=partition)
            except ProducerClosed:
                if producer is self._current:
                    raise
                continue
            await self._answered(producer, answer)
            return

    async def stop(self, seconds: float) -> None:
        """Close the connection within this many seconds; never raises."""
        self._stopped = True
        await self._end(seconds)

    async def _in_use(self) -> Any:
        async with self._replacing:
            if self._stopped:
                raise ProducerClosed
            if self._broken:
                log.warning("producer_replaced", reason="a batch was refused for its size")
                await self._end(self._kafka.request_timeout)
                await self.start()
            return self._current

    async def _answered(self, producer: Any, answer: "asyncio.Future[Any]") -> None:
        await asyncio.wait({answer, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise ProducerClosed
        try:
            answer.result()
        except BREAKS_THE_SEQUENCE:
            self._broken = self._broken or producer is self._current
            raise

    async def _end(self, seconds: float) -> None:
        if self._current is not None and not self._gone.done():
            await _close(self._current, seconds)
            self._gone.set_result(None)


def size_of(message: Message) -> int:
    """The size in bytes of an uncompressed batch that holds this message alone."""
    return int(
        DefaultRecordBatchBuilder.estimate_size_in_bytes(
            message.key, message.value, list(message.headers)
        )
    )


async def _close(producer: AIOKafkaProducer, seconds: float) -> None:
    if not await closed("producer", producer.stop(), seconds):
        await closed("producer's connections", producer.client.close(), 1.0)
