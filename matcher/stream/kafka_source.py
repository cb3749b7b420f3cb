"""The source on a real Kafka: a member of a consumer group. This program decides its
first offsets.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import aiokafka
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
)

from matcher.config import InputSettings, KafkaSettings
from matcher.errors import KafkaUnreachable
from matcher.events.record import Batch, TopicPartition
from matcher.metrics import Recorder
from matcher.stream.client import ClientLog, closed, consumer_settings, started, within
from matcher.stream.fetch_pace import FetchPace
from matcher.stream.first_offsets import FirstOffsets
from matcher.stream.isolation import Isolation
from matcher.stream.record_batches import read_whole, record_batches_can_be_read_whole
from matcher.stream.source import (
    Assignment,
    CommitFailedInTimeError,
    CommitRefusedError,
    CommitUnansweredError,
    Fetched,
    NoAnswerError,
    ReadFailedError,
)
from matcher.stream.standing import StandingPartitions

log = structlog.get_logger(__name__)

_NOT_ALLOWED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
_POLL_MS = 500
_STOP_SECONDS = 5.0
_PROBE_SECONDS = 10.0


class KafkaSource:
    """See :class:`matcher.stream.source.Source`. Each start makes a new consumer.

    ``consumer`` is the client in use, None while stopped. Raises ConfigError.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        source: InputSettings,
        recorder: Recorder,
        client_log: ClientLog,
    ) -> None:
        self._kafka = kafka
        self._input = source
        self._client_log = client_log
        self._settings = consumer_settings(kafka, source)
        self._first_offsets = FirstOffsets(source, recorder)
        self.consumer: Any = None
        self._assignment: Assignment
        self._generation = 0
        self._failure: Exception | None = None
        self._isolation = Isolation()
        self._standing = StandingPartitions(
            self._isolation.isolate, read_committed=source.isolation_level == "read_committed"
        )
        self._pace = FetchPace()
        self._looking_again: asyncio.Task[None] | None = None
        record_batches_can_be_read_whole()

    async def start(self, assignment: Assignment) -> None:
        """See :meth:`Source.start`."""
        self._assignment = assignment
        self._failure = None
        self.consumer = AIOKafkaConsumer(**self._settings)
        self._isolation.begin(self.consumer)
        self._standing.watch(self.consumer._client)  # noqa: SLF001 - it is not public
        try:
            await started(self._kafka, self._client_log, "consumer", self.consumer.start)
        except BaseException:
            await self.stop()
            raise
        self._pace.watch(self.consumer)
        listener = _Listener(self, self.consumer)
        self.consumer.subscribe(list(self._input.topics), listener=listener)
        self._looking_again = asyncio.create_task(self._look_again(self.consumer))

    async def read(self) -> Fetched:
        """See :meth:`Source.read`. The records belong to the generation that is in force when this
        returns: every partition is paused until the assigned callback has set the positions.
        """
        if self._failure is not None:
            raise ReadFailedError(str(self._failure)) from self._failure
        try:
            with read_whole(self._isolation.undecodable):
                found = await self.consumer.getmany(
                    timeout_ms=_POLL_MS, max_records=self._input.max_records
                )
        except RecordTooLargeError as error:
            # aiokafka has moved past the record and its idle clock is broken: start anew after it
            self._failure = error
            partition, offset = _ours(error.args[1]), int(error.args[2])
            return Fetched(self._generation, (), ((partition, offset),))
        except OffsetOutOfRangeError as error:
            self._first_offsets.out_of_range(error.args[0])
            raise ReadFailedError(f"offset out of range: {error.args[0]}") from error
        except _NOT_ALLOWED as error:
            raise KafkaUnreachable(f"not allowed to read: {error!r}") from error
        except Exception as error:
            raise ReadFailedError(str(error) or repr(error)) from error
        self._pace.read(sum(map(len, found.values())), self._input.max_records)
        batches = [Batch(_ours(partition), records) for partition, records in found.items()]
        return Fetched(self._generation, batches, positions=self._positions())

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See :meth:`Source.commit`."""
        theirs = self._first_offsets.in_topic(
            {_theirs(partition): offset for partition, offset in offsets.items()}
        )
        try:
            await within(self._kafka.commit_timeout, "commit", self.consumer.commit(theirs))
        except (CommitFailedError, IllegalStateError) as error:
            raise CommitRefusedError(repr(error.__cause__ or error)) from error
        except KafkaTimeoutError as error:
            raise CommitUnansweredError(str(error) or repr(error)) from error
        except KafkaError as error:
            raise CommitFailedInTimeError(str(error) or repr(error)) from error

    def lag(self) -> Mapping[TopicPartition, int]:
        """See :meth:`Source.lag`."""
        found: dict[TopicPartition, int] = {}
        if self.consumer is None:
            return found
        for partition in self.consumer.assignment():
            end = self.consumer.highwater(partition)
            if self._input.isolation_level == "read_committed":
                end = self.consumer.last_stable_offset(partition)
            position = self._position(partition)
            if end is not None and position is not None:
                found[_ours(partition)] = max(0, end - position)
        return found

    def isolated(self) -> Mapping[TopicPartition, int]:
        """See :meth:`Source.isolated`."""
        return self._isolation.offsets(self._positions() if self.consumer is not None else {})

    async def waiting(self) -> Mapping[TopicPartition, int]:
        """See :meth:`Source.waiting`."""
        assigned, isolated = self.consumer.assignment() if self.consumer else (), self.isolated()
        partitions = [one for one in assigned if _ours(one) not in isolated]
        # ask with a new client: the client in use may stand still, and answer from a stale view
        probe = AIOKafkaConsumer(**self._settings | {"group_id": None})
        try:
            await within(_PROBE_SECONDS, "start of the probe", probe.start())
            ends = await within(_PROBE_SECONDS, "end offsets", probe.end_offsets(partitions))
        except (KafkaError, OSError) as error:
            raise NoAnswerError(str(error) or repr(error)) from error
        finally:
            await closed("probe", probe.stop(), _STOP_SECONDS)
        found: dict[TopicPartition, int] = {}
        for partition, end in ends.items():
            position = self._position(partition) if self.consumer is not None else None
            if position is not None:
                found[_ours(partition)] = max(0, end - position)
        return found

    async def stop(self) -> None:
        """See :meth:`Source.stop`."""
        consumer, self.consumer = self.consumer, None
        self._generation += 1
        self._isolation.begin(None)
        if self._looking_again is not None:
            self._looking_again.cancel()
            self._looking_again = None
        if consumer is None:
            return
        if not await closed("consumer", consumer.stop(), _STOP_SECONDS):
            # a failed stop() leaves connections open, and tasks that would open new connections:
            # a member that only sends heartbeats keeps its partitions from every other member
            _end_tasks(consumer)
            await closed("consumer's connections", consumer._client.close(), 1.0)  # noqa: SLF001

    async def _look_again(self, consumer: Any) -> None:
        """Try again to read isolated partitions, and look for recreated topics.

        A topic that was recreated ends the reading: a new consumer decides where to begin.
        """
        while self._failure is None:
            await asyncio.sleep(self._kafka.metadata_max_age)
            try:
                self._isolation.try_again()
                anew = await self._first_offsets.made_anew(consumer)
            except Exception as error:  # noqa: BLE001 - this task must not end in silence
                log.warning("not_looked_again", error=str(error) or repr(error))
                continue
            if anew:
                self._failure = ReadFailedError(f"deleted and made anew: {', '.join(anew)}")

    def _positions(self) -> dict[TopicPartition, int]:
        """The consumer's position in each partition, without asking a broker."""
        found = ((one, self._position(one)) for one in self.consumer.assignment())
        return {_ours(partition): at for partition, at in found if at is not None}

    def _position(self, partition: aiokafka.TopicPartition) -> int | None:
        """The consumer's position in one partition, without its coroutine, which may wait."""
        assignment = self.consumer._subscription.subscription.assignment  # noqa: SLF001
        state = None if assignment is None else assignment.state_value(partition)
        if state is None or not state.has_valid_position:
            return None
        return int(state.position)

    async def on_revoked(self) -> None:
        """The partitions are revoked. The client calls this while it holds up the group's
        rebalance.
        """
        try:
            await self._assignment.revoked()
        except Exception as error:  # noqa: BLE001 - the client would log it and go on
            self._fail(error)
        finally:
            self._generation += 1
            self._isolation.begin(self.consumer)

    async def on_assigned(self, partitions: Sequence[aiokafka.TopicPartition]) -> None:
        """Partitions are assigned: nothing is fetched until their positions are decided.

        The first statements run before the client can fetch anything. They set a position,
        whichever it is, so that the client does not decide one itself.
        """
        consumer = self.consumer
        for partition in partitions:
            consumer.seek(partition, 0)
        consumer.pause(*partitions)
        try:
            positions = await within(
                self._kafka.session_timeout,
                "first offsets",
                self._first_offsets.decide(consumer, partitions),
            )
            for partition, offset in positions.items():
                consumer.seek(partition, offset)
            self._generation += 1
            ours = {_ours(partition): offset for partition, offset in positions.items()}
            self._assignment.assigned_from(self._generation, ours)
            consumer.resume(*partitions)
        except Exception as error:  # noqa: BLE001 - the client would log it and go on
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        log.error("rebalance_failed", error=str(error) or repr(error))
        self._failure = error


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped
    """Passes the client's callbacks on, unless the client has been given up in the meantime."""

    def __init__(self, source: KafkaSource, consumer: AIOKafkaConsumer) -> None:
        self._source = source
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[aiokafka.TopicPartition]) -> None:
        """Called with every revoked partition, including those that come back at once."""
        del revoked
        if self._source.consumer is self._consumer:
            await self._source.on_revoked()

    async def on_partitions_assigned(self, assigned: Iterable[aiokafka.TopicPartition]) -> None:
        """Called with all partitions that are assigned from now on."""
        if self._source.consumer is self._consumer:
            await self._source.on_assigned(list(assigned))


def _end_tasks(consumer: Any) -> None:
    coordinator = consumer._coordinator  # noqa: SLF001
    for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task"):
        task = getattr(coordinator, name, None)
        if task is not None:
            task.cancel()


def _ours(partition: aiokafka.TopicPartition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)


def _theirs(partition: TopicPartition) -> aiokafka.TopicPartition:
    return aiokafka.TopicPartition(partition.topic, partition.partition)
