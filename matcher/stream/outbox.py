"""Follows messages, slice by slice, from the hand-over to the sink until they are acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from matcher.errors import DeliveryError
from matcher.events.record import TopicPartition
from matcher.metrics import (
    ALERTS_PRODUCED,
    DEAD_LETTERS,
    FORWARDED,
    PRODUCE_DURATION,
    PRODUCE_FAILURES,
    Recorder,
)
from matcher.stream.dead_letters import TOO_LARGE, is_stub, refused_message, stub
from matcher.stream.lanes import Parcel, Refusal
from matcher.stream.outgoing import Message
from matcher.stream.sink import Sink

log = structlog.get_logger(__name__)

Acknowledged = Callable[[Sequence[Message]], None]


class Delivery:
    """The messages of one slice of records. ``done`` is called once, when the delivery is sealed
    and all its messages are acknowledged.
    """

    def __init__(self, source: TopicPartition, done: Callable[[], None]) -> None:
        self.source = source
        self.started = self.moved = time.monotonic()
        self.pending = 0
        self.sealed = False
        self.done = done


class Outbox:
    """Sends messages, of which at most ``max_in_flight`` are not yet acknowledged.

    A message that a topic refuses for its size goes to the dead-letter topic instead; if that topic
    refuses it too, a stub is written there. Any other failure calls ``fail`` with a DeliveryError,
    and the delivery concerned is never done.
    """

    def __init__(
        self,
        sink: Sink,
        recorder: Recorder,
        fail: Callable[[BaseException], None],
        *,
        dead_letter_topic: str,
        max_in_flight: int,
        send_timeout: float,
    ) -> None:
        self._sink = sink
        self._recorder = recorder
        self._fail = fail
        self._dead_letter_topic = dead_letter_topic
        self._max_in_flight = max_in_flight
        self._send_timeout = send_timeout
        self._deliveries: dict[Delivery, None] = {}
        self._burials: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._acknowledged = asyncio.Event()
        self._waiting: Counter[str] = Counter()
        self._overdue: DeliveryError | None = None

    @property
    def in_flight(self) -> int:
        """The number of messages that are sent and not acknowledged."""
        return self._waiting.total()

    def open(self, source: TopicPartition, done: Callable[[], None]) -> Delivery:
        """Begin the delivery of a slice; it stays open until :meth:`seal`."""
        delivery = Delivery(source, done)
        self._deliveries[delivery] = None
        self._empty.clear()
        return delivery

    def seal(self, delivery: Delivery) -> None:
        """Close the delivery: no more messages come for its slice."""
        delivery.sealed = True
        self._settle(delivery)

    async def put(
        self,
        delivery: Delivery,
        messages: Sequence[Message],
        acknowledged: Acknowledged | None = None,
    ) -> None:
        """Hand over messages for one destination; wait while too many are not acknowledged.

        ``acknowledged`` is called with the messages that are acknowledged themselves, some at a
        time. It is not called with a message in whose place there is a dead letter.
        """
        while messages:
            room = await self._room()
            some, messages = messages[:room], messages[room:]
            delivery.pending += len(some)
            delivery.moved = time.monotonic()
            self._waiting[some[0].destination] += len(some)
            await self._send(delivery, some, acknowledged)

    async def drained(self) -> None:
        """Wait until every delivery is done. This never returns after a failure."""
        await self._empty.wait()

    def overdue(self) -> DeliveryError | None:
        """An error if a message waits for its acknowledgement longer than allowed."""
        if self._overdue is None and self.in_flight:
            since = min(delivery.moved for delivery in self._deliveries if delivery.pending)
            if time.monotonic() - since > self._send_timeout:
                for destination, messages in self._waiting.items():
                    self._recorder.add(PRODUCE_FAILURES, messages, (destination,))
                self._overdue = DeliveryError(
                    f"{self.in_flight} messages are not acknowledged after {self._send_timeout:g} s"
                )
        return self._overdue

    async def explained(self, overdue: DeliveryError) -> DeliveryError:
        """The error with its cause, as the brokers tell it."""
        return DeliveryError(f"{overdue}: {await self._sink.diagnose()}")

    async def _room(self) -> int:
        """Wait until messages may be sent; returns how many may be sent now, at least one."""
        while (room := self._max_in_flight - self.in_flight) <= 0:
            self._acknowledged.clear()
            await self._acknowledged.wait()
        return room

    async def _send(
        self, delivery: Delivery, messages: Sequence[Message], acknowledged: Acknowledged | None
    ) -> None:
        for parcel in await self._sink.send(messages):
            parcel.written.add_done_callback(partial(self._written, delivery, parcel, acknowledged))

    def _written(
        self,
        delivery: Delivery,
        parcel: Parcel,
        acknowledged: Acknowledged | None,
        written: "asyncio.Future[Sequence[Refusal]]",
    ) -> None:
        messages = parcel.messages
        destination = messages[0].destination
        error = None if written.cancelled() else written.exception()
        if written.cancelled() or error is not None:
            self._recorder.add(PRODUCE_FAILURES, len(messages), (destination,))
            self._fail(error or DeliveryError(f"{messages[0].topic}: the write was cancelled"))
            return
        if refusals := parcel.own(written.result()):
            messages = self._bury_refused(delivery, messages, refusals)
        if not messages:
            return
        self._count(messages)
        if acknowledged is not None:
            acknowledged(messages)
        self._acknowledged.set()
        self._waiting[destination] -= len(messages)
        delivery.pending -= len(messages)
        delivery.moved = time.monotonic()
        self._settle(delivery)

    def _bury_refused(
        self, delivery: Delivery, messages: Sequence[Message], refusals: Sequence[Refusal]
    ) -> list[Message]:
        """Begin to write dead letters for the refused messages; returns the other messages."""
        for refusal in refusals:
            burial = asyncio.ensure_future(self._bury(delivery, refusal))
            self._burials.add(burial)
            burial.add_done_callback(self._buried)
        refused = {id(refusal.message) for refusal in refusals}
        return [message for message in messages if id(message) not in refused]

    async def _bury(self, delivery: Delivery, refusal: Refusal) -> None:
        message, detail = refusal.message, refusal.why
        log.warning("too_large", topic=message.topic, bytes=len(message.value or b""), why=detail)
        if message.destination != "dead_letter":
            letter = refused_message(message, detail, delivery.source, self._dead_letter_topic)
        elif not is_stub(message):
            letter = stub(message, detail)
        else:
            raise DeliveryError(f"{message.topic} refuses even a stub of a dead letter: {detail}")
        self._waiting[message.destination] -= 1
        self._waiting[letter.destination] += 1
        await self._send(delivery, (letter,), None)

    def _buried(self, burial: "asyncio.Task[None]") -> None:
        self._burials.discard(burial)
        if not burial.cancelled() and (error := burial.exception()) is not None:
            self._recorder.add(PRODUCE_FAILURES, 1, ("dead_letter",))
            self._fail(error)

    def _count(self, messages: Sequence[Message]) -> None:
        destination = messages[0].destination
        if destination == "forward":
            self._recorder.add(FORWARDED, len(messages))
        elif destination == "dead_letter":
            for reason, letters in Counter(map(_reason, messages)).items():
                self._recorder.add(DEAD_LETTERS, letters, (reason,))
        else:
            self._recorder.add(ALERTS_PRODUCED, len(messages), (destination,))

    def _settle(self, delivery: Delivery) -> None:
        if delivery.pending or not delivery.sealed:
            return
        del self._deliveries[delivery]
        self._recorder.observe(PRODUCE_DURATION, time.monotonic() - delivery.started)
        if not self._deliveries:
            self._empty.set()
        delivery.done()


def _reason(letter: Message) -> str:
    found = dict(letter.headers).get("x-matcher-reason")
    return TOO_LARGE if found is None else found.decode()
