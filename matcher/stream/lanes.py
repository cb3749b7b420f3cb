"""Messages that wait for their turn to be written: a lane for each partition, in batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka.producer.message_accumulator import BatchBuilder

from matcher.errors import DeliveryError
from matcher.stream.outgoing import Message

NewBuilder = Callable[[], BatchBuilder]

_QUEUED_BATCHES = 2
"""So many full batches may wait behind the batch under way; more would only take memory."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that will never be accepted because it is too large; ``why`` names the limit."""

    message: Message
    why: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages that were handed over together and are acknowledged together.

    ``written`` is done when every in-sync replica has the messages, except the messages in its
    result, which were refused. ``written`` fails with DeliveryError when nothing can be written any
    more. Several parcels may share one ``written``: its result may name messages of other parcels.
    """

    messages: Sequence[Message]
    written: "asyncio.Future[Sequence[Refusal]]"

    async def refused(self) -> list[Refusal]:
        """Wait until the parcel is written. Returns those of its own messages that are refused for
        their size. Raises the error with which ``written`` failed.
        """
        await asyncio.wait({self.written})
        return self.own(self.written.result())

    def own(self, refusals: Sequence[Refusal]) -> list[Refusal]:
        """The refusals of the parcel's own messages."""
        if not refusals:
            return []
        ours = {id(message) for message in self.messages}
        return [refusal for refusal in refusals if id(refusal.message) in ours]


class Batch:
    """Messages for one partition that are written in one piece."""

    def __init__(self, builder: BatchBuilder) -> None:
        self.builder = builder
        self.messages: list[Message] = []
        self.written: asyncio.Future[Sequence[Refusal]] = asyncio.get_running_loop().create_future()

    def add(self, message: Message) -> bool:
        """Add a message. Returns False, and takes no more messages, if the batch is full. The first
        message always fits.
        """
        added = self.builder.append(
            timestamp=message.timestamp,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
        )
        if added is None:
            return False
        self.messages.append(message)
        return True

    def settle(self, outcome: "Sequence[Refusal] | DeliveryError") -> None:
        """Tell those who wait which messages were refused, or why the batch is not written."""
        if self.written.done():
            return
        if isinstance(outcome, DeliveryError):
            self.written.set_exception(outcome)
        else:
            self.written.set_result(outcome)


class Lane:
    """The batches of one partition, written in their order and one at a time. A batch can be taken
    when it is full, or after :meth:`release`. A batch that is not full is filled until it is taken.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.writing: asyncio.Task[None] | None = None
        """The task that takes the batches; None while there is nothing to take."""
        self._filling: Batch | None = None
        self._full: deque[Batch] = deque()
        self._released = False
        self._taken = asyncio.Event()

    @property
    def waits(self) -> bool:
        """Whether the lane has messages that nobody may take yet."""
        return self._filling is not None and not self._released

    @property
    def ready(self) -> bool:
        """Whether a batch can be taken."""
        return bool(self._full) or (self._released and self._filling is not None)

    def add(self, message: Message, new_builder: NewBuilder) -> Batch:
        """Put a message into the batch that is being filled; returns that batch."""
        batch = self._filling
        if batch is None or not batch.add(message):
            if batch is not None:
                self._full.append(batch)
            batch = self._filling = Batch(new_builder())
            batch.add(message)
        return batch

    def release(self) -> None:
        """Allow the messages that are here now to be taken, whether they fill a batch or not."""
        self._released = self._filling is not None

    def take(self) -> Batch | None:
        """The next batch to write; None if there is none yet."""
        if not self.ready:
            return None
        self._taken.set()
        if self._full:
            return self._full.popleft()
        batch, self._filling, self._released = self._filling, None, False
        return batch

    async def room(self) -> None:
        """Wait until at most _QUEUED_BATCHES full batches wait."""
        while len(self._full) > _QUEUED_BATCHES:
            self._taken.clear()
            await self._taken.wait()
