"""Where messages are written. The worker knows only :class:`Sink`; :class:`KafkaSink` writes to
Kafka.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
)

from matcher.config import KafkaSettings, OutputSettings
from matcher.errors import DeliveryError
from matcher.stream.client import ClientLog, closed, producer_settings, started
from matcher.stream.diagnosis import why_unwritten
from matcher.stream.outgoing import Message
from matcher.stream.preflight import output_topics

log = structlog.get_logger(__name__)

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class RefusedForSizeError(Exception):
    """A message that will never be accepted because it is too large; the text names the limit."""


class Sink(Protocol):
    """Writes messages. An accepted message is written once, or its future says why not."""

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable."""

    async def send(self, message: Message) -> asyncio.Future[None]:
        """Accept a message; may wait for room.

        The future is done when every in-sync replica has the message. It fails with
        RefusedForSizeError, or with DeliveryError when nothing can be written any more.
        """

    async def diagnose(self) -> str:
        """Why a message waits for so long, in one line for a person; never raises."""

    async def stop(self, seconds: float) -> None:
        """Close the connection within this many seconds; never raises."""


class KafkaSink:
    """A sink with an idempotent producer.

    A batch that a broker refuses for good leaves a gap in the producer's sequence numbers that
    aiokafka cannot close: every later batch of that partition is refused as out of order. Therefore
    a refusal for size replaces the producer, and every message that failed with it is sent again,
    each alone.
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
        self._settings = producer_settings(kafka, output, batch_bytes or output.max_batch_bytes)
        self._client_log = client_log
        self._producer: AIOKafkaProducer | None = None
        self._open = asyncio.Event()
        self._again: deque[tuple[Message, asyncio.Future[None]]] = deque()
        self._repair: asyncio.Task[None] | None = None
        self._diagnosis: asyncio.Task[str] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable, ConfigError."""
        self._producer = await self._connected()
        self._open.set()

    async def send(self, message: Message) -> asyncio.Future[None]:
        """See :meth:`Sink.send`."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._open.wait()
        try:
            acknowledged = await self._hand_over(message)
        except MessageSizeTooLargeError as error:
            written.set_exception(RefusedForSizeError(str(error)))
        except ProducerClosed as error:
            if self._stopped:
                written.set_exception(_delivery_error(message, error))
            else:
                self._send_again(message, written)
        except KafkaError as error:
            written.set_exception(_delivery_error(message, error))
        else:
            acknowledged.add_done_callback(partial(self._settle, message, written))
        return written

    async def diagnose(self) -> str:
        """See :meth:`Sink.diagnose`."""
        return await why_unwritten(self._kafka, self._topics)

    async def stop(self, seconds: float) -> None:
        """See :meth:`Sink.stop`."""
        self._stopped = True
        if self._diagnosis is not None:
            self._diagnosis.cancel()
        if self._repair is not None:
            self._repair.cancel()
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer, seconds)

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**self._settings)
        try:
            await started(self._kafka, self._client_log, "producer", producer.start)
        except BaseException:
            await _close(producer, 1.0)
            raise
        return producer

    async def _hand_over(self, message: Message) -> asyncio.Future[Any]:
        if self._producer is None:
            raise ProducerClosed
        acknowledged: asyncio.Future[Any] = await self._producer.send(
            message.topic,
            value=message.value,
            key=message.key,
            headers=list(message.headers),
            timestamp_ms=message.timestamp,
        )
        return acknowledged

    def _settle(
        self, message: Message, written: asyncio.Future[None], acknowledged: asyncio.Future[Any]
    ) -> None:
        error = None if acknowledged.cancelled() else acknowledged.exception()
        if written.done():
            return
        if acknowledged.cancelled():
            written.set_exception(_delivery_error(message, ProducerClosed()))
        elif error is None:
            written.set_result(None)
        elif isinstance(error, (*_TOO_LARGE, OutOfOrderSequenceNumber)):
            self._send_again(message, written)
        elif isinstance(error, KafkaError) and error.retriable:
            self._fail_explained(_delivery_error(message, error), written)
        else:
            written.set_exception(_delivery_error(message, error))

    def _fail_explained(self, failure: DeliveryError, written: asyncio.Future[None]) -> None:
        """Fail the messages with a temporary error that lasted until the client gave up, and with
        its cause. The brokers are asked for the cause once, however many messages fail meanwhile.
        """
        if self._diagnosis is None:
            self._diagnosis = asyncio.ensure_future(self.diagnose())
        self._diagnosis.add_done_callback(partial(_explain, failure, written))

    def _send_again(self, message: Message, written: asyncio.Future[None]) -> None:
        self._again.append((message, written))
        if self._repair is None:
            self._open.clear()
            self._repair = asyncio.create_task(self._replace_producer())

    async def _replace_producer(self) -> None:
        """Replace the producer and send the failed messages again, one in a batch: a refusal then
        means that message.
        """
        log.warning("producer_replaced", reason="a batch was refused for its size")
        try:
            await self._renew()
            while self._again:
                message, written = self._again.popleft()
                try:
                    await (await self._hand_over(message))
                except _TOO_LARGE as error:
                    written.set_exception(RefusedForSizeError(str(error)))
                    await self._renew()
                except KafkaError as error:
                    written.set_exception(_delivery_error(message, error))
                else:
                    written.set_result(None)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: who waits must learn of it
            for message, written in self._again:
                written.set_exception(_delivery_error(message, error))
            self._again.clear()
        finally:
            self._repair = None
            self._open.set()

    async def _renew(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer, self._kafka.request_timeout)
        self._producer = await self._connected()


async def _close(producer: AIOKafkaProducer, seconds: float) -> None:
    if not await closed("producer", producer.stop(), seconds):
        await closed("producer's connections", producer.client.close(), 1.0)


def _explain(
    failure: DeliveryError, written: asyncio.Future[None], diagnosis: asyncio.Task[str]
) -> None:
    if written.done():
        return
    if not diagnosis.cancelled() and diagnosis.exception() is None:
        explained = DeliveryError(f"{failure}: {diagnosis.result()}")
        explained.__cause__ = failure.__cause__
        failure = explained
    written.set_exception(failure)


def _delivery_error(message: Message, error: BaseException) -> DeliveryError:
    text = str(error) or type(error).__name__
    if isinstance(error, UnknownTopicOrPartitionError):
        text = "the topic does not exist any more, or is hidden from this user; create it again"
    failure = DeliveryError(f"{message.topic}: {message.destination} not written: {text}")
    failure.__cause__ = error
    return failure
