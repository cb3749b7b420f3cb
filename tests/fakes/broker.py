"""A broker in memory: topics, a group protocol with eager rebalances, and a process that dies.

It has the interface of :class:`tests.brokers.client.KafkaBroker`, and makes sources and sinks of
:mod:`matcher.stream`. Every call of a client is a *step* of its :class:`Process`; a process dies at
a chosen step, and nothing it does afterwards reaches the broker.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.stream.lanes import Parcel, Refusal
from matcher.stream.outgoing import Message as Outgoing
from matcher.stream.source import (
    Assignment,
    CommitRefusedError,
    Fetched,
    NoAnswerError,
    ReadFailedError,
)
from tests.brokers.client import Message

_POLL_SECONDS = 0.01


class DiedError(Exception):
    """The process is dead."""


class Process:
    """Counts the steps of its clients; dies at ``dies_at`` (from 1), before that step's effect."""

    def __init__(self, dies_at: int | None = None) -> None:
        self._dies_at = dies_at
        self.steps: list[str] = []
        self.dead = False

    def step(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) == self._dies_at:
            self.dead = True
        if self.dead:
            raise DiedError(f"dead at step {self._dies_at}: {name}")


@dataclass
class _Partition:
    start: int = 0
    log: list[Message] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.log)


class _Group:
    def __init__(self) -> None:
        self.committed: dict[TopicPartition, int] = {}
        self.members: list[FakeSource] = []
        self.generation = 0
        self.changed = False
        self.rebalancing: asyncio.Task[None] | None = None


class FakeBroker:
    """See the module."""

    name = "fake"

    def __init__(self) -> None:
        self._topics: dict[str, list[_Partition]] = {}
        self._groups: dict[str, _Group] = defaultdict(_Group)
        self.max_message_bytes: dict[str, int] = {}
        self.down = False
        self.refusals: dict[str, list[Exception]] = defaultdict(list)
        """By operation (``read``, ``commit``, ``send``): what its next calls raise."""

    # -- as the tests see it ----------------------------------------------------------------------

    def create_topic(
        self, hint: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        name = f"{hint}-{uuid.uuid4().hex[:8]}"
        self._topics[name] = [_Partition() for _ in range(partitions)]
        if limit := (config or {}).get("max.message.bytes"):
            self.max_message_bytes[name] = int(limit)
        return name

    def produce(self, topic: str, messages: Iterable[Message]) -> None:
        for message in messages:
            partition = self._topics[topic][message.partition]
            partition.log.append(replace(message, offset=partition.end))

    def read_all(self, topic: str) -> list[Message]:
        return [message for partition in self._topics[topic] for message in partition.log]

    def committed(self, group: str, topic: str) -> dict[int, int]:
        offsets = self._groups[group].committed
        return {tp.partition: offset for tp, offset in offsets.items() if tp.topic == topic}

    def ends(self, topic: str) -> dict[int, int]:
        return {number: one.end for number, one in enumerate(self._topics[topic])}

    def delete_before(self, topic: str, offsets: Mapping[int, int]) -> None:
        for number, offset in offsets.items():
            partition = self._topics[topic][number]
            partition.log = partition.log[offset - partition.start :]
            partition.start = offset

    # -- as the worker sees it --------------------------------------------------------------------

    def source(
        self, group: str, *topics: str, process: Process | None = None, max_records: int = 500
    ) -> "FakeSource":
        return FakeSource(self, self._groups[group], topics, process or Process(), max_records)

    def sink(self, process: Process | None = None) -> "FakeSink":
        return FakeSink(self, process or Process())

    def expire(self, group: str) -> None:
        """The session time-out of every member whose process is dead."""
        state = self._groups[group]
        state.members = [one for one in state.members if not one.process.dead]

    def partition(self, place: TopicPartition) -> _Partition:
        return self._topics[place.topic][place.partition]

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(len(self._topics[topic]))
        ]

    def refuse(self, operation: str) -> None:
        if self.refusals[operation]:
            raise self.refusals[operation].pop(0)

    def rebalance(self, group: _Group) -> None:
        group.changed = True
        if group.rebalancing is None:
            group.rebalancing = asyncio.ensure_future(self._rebalance(group))

    async def _rebalance(self, group: _Group) -> None:
        """Everybody gives back everything, then the members share it (eager, as aiokafka does)."""
        while group.changed:
            group.changed = False
            members = list(group.members)
            await asyncio.gather(*(member.take_back() for member in members))
            if group.changed or not members:
                continue
            group.generation += 1
            places = self.partitions(members[0].topics)
            for number, member in enumerate(members):
                member.give(group.generation, places[number :: len(members)])
        group.rebalancing = None


class FakeSource:
    """A member of a group; see :class:`matcher.stream.source.Source`."""

    def __init__(
        self,
        broker: FakeBroker,
        group: _Group,
        topics: Sequence[str],
        process: Process,
        max_records: int,
    ) -> None:
        self._broker = broker
        self._group = group
        self._max_records = max_records
        self._assignment: Assignment
        self._positions: dict[TopicPartition, int] = {}
        self._generation = 0
        self.topics = topics
        self.process = process
        self.commits: list[dict[TopicPartition, int]] = []

    async def start(self, assignment: Assignment) -> None:
        self.process.step("start source")
        self._assignment = assignment
        self._group.members.append(self)
        self._broker.rebalance(self._group)

    async def read(self) -> Fetched:
        self.process.step("read")
        self._broker.refuse("read")
        await asyncio.sleep(0)
        batches, room = [], self._max_records
        for place, position in self._positions.items():
            partition = self._broker.partition(place)
            if position < partition.start:
                raise ReadFailedError("offset out of range")
            at = position - partition.start
            found = partition.log[at : at + room]
            if found and not self._broker.down:
                room -= len(found)
                self._positions[place] += len(found)
                batches.append(Batch(place, [_record(message) for message in found]))
        if not batches:
            await asyncio.sleep(_POLL_SECONDS)
        return Fetched(self._generation, batches, positions=dict(self._positions))

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.process.step("commit")
        await asyncio.sleep(0)
        self.process.step("commit is done")
        self._broker.refuse("commit")
        if self not in self._group.members or self._generation != self._group.generation:
            raise CommitRefusedError("the group has moved on")
        self._group.committed.update(offsets)
        self.commits.append(dict(offsets))
        self.process.step("commit is answered")

    def lag(self) -> Mapping[TopicPartition, int]:
        return {
            place: self._broker.partition(place).end - position
            for place, position in self._positions.items()
        }

    def isolated(self) -> Mapping[TopicPartition, int]:
        return {}

    async def waiting(self) -> Mapping[TopicPartition, int]:
        if self._broker.down:
            raise NoAnswerError("the broker is down")
        return self.lag()

    async def stop(self) -> None:
        self._positions = {}
        if not self.process.dead and self in self._group.members:
            self._group.members.remove(self)
            self._broker.rebalance(self._group)

    async def take_back(self) -> None:
        """The group rebalances."""
        if not self.process.dead:
            await self._assignment.revoked()
            self._positions = {}

    def give(self, generation: int, places: Sequence[TopicPartition]) -> None:
        """The group is stable again."""
        committed = self._group.committed
        self._generation = generation
        self._positions = {
            place: max(committed.get(place, 0), self._broker.partition(place).start)
            for place in places
        }
        if not self.process.dead:
            self._assignment.assigned_from(generation, dict(self._positions))


class FakeSink:
    """Writes at once and acknowledges a turn later; see :class:`matcher.stream.sink.Sink`."""

    def __init__(self, broker: FakeBroker, process: Process) -> None:
        self._broker = broker
        self.process = process
        self.held: list[asyncio.Future[Sequence[Refusal]]] | None = None
        """Set it to a list, and acknowledgements wait in it for :meth:`release`."""

    async def start(self) -> None:
        self.process.step("start sink")

    async def send(self, messages: Sequence[Outgoing]) -> list[Parcel]:
        """Each message is a parcel of its own."""
        return [Parcel((message,), self._send(message)) for message in messages]

    def _send(self, message: Outgoing) -> "asyncio.Future[Sequence[Refusal]]":
        self.process.step("send")
        self._broker.refuse("send")
        written: asyncio.Future[Sequence[Refusal]] = asyncio.get_running_loop().create_future()
        size = len(message.value or b"") + sum(len(value or b"") for _, value in message.headers)
        if size > self._broker.max_message_bytes.get(message.topic, 1_000_000):
            written.set_result((Refusal(message, f"{size} bytes"),))
            return written
        partition = hash(message.key) % len(self._broker.ends(message.topic))
        timestamp = message.timestamp or 0
        self._broker.produce(
            message.topic,
            [Message(message.value, message.key, message.headers, partition, timestamp)],
        )
        if self.held is None:
            asyncio.get_running_loop().call_soon(self._acknowledge, written)
        else:
            self.held.append(written)
        return written

    def release(self) -> None:
        held, self.held = self.held or [], None
        for written in held:
            self._acknowledge(written)

    async def diagnose(self) -> str:
        return "the fake is slow"

    async def stop(self, seconds: float) -> None:
        del seconds

    def _acknowledge(self, written: "asyncio.Future[Sequence[Refusal]]") -> None:
        if written.done():
            return
        try:
            self.process.step("acknowledge")
        except DiedError:
            return
        if self._broker.refusals["acknowledge"]:
            written.set_exception(self._broker.refusals["acknowledge"].pop(0))
        else:
            written.set_result(())


def _record(message: Message) -> PlainRecord:
    return PlainRecord(
        message.offset, message.timestamp, message.value, message.key, message.headers
    )
