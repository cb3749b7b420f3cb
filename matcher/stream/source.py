"""Where records come from: what the worker asks of a source, and how a source may fail.

:class:`matcher.stream.kafka_source.KafkaSource` is the real one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from matcher.events.record import Batch, TopicPartition


class ReadFailedError(Exception):
    """Reading ended; stopping the source and starting it again may help."""


class CommitRefusedError(Exception):
    """The group has moved on: these partitions are, or will be, somebody else's."""


class CommitFailedInTimeError(Exception):
    """No broker confirmed the commit in time, or it was refused; it may be tried again."""


class CommitUnansweredError(CommitFailedInTimeError):
    """No broker answered the commit at all within its time."""


class NoAnswerError(Exception):
    """The brokers did not say what they were asked."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one read brought, one batch a partition, all of one generation.

    ``oversized`` are the coordinates of records that could not be read for their size.
    ``positions`` are the offsets that will be read next: what lies before them and is in no batch
    is no record (a transaction's marker, an aborted record, a gap that compaction left).
    """

    generation: int
    batches: Sequence[Batch]
    oversized: Sequence[tuple[TopicPartition, int]] = ()
    positions: Mapping[TopicPartition, int] = field(default_factory=dict)


class Assignment(Protocol):
    """Who is told that partitions come and go."""

    async def revoked(self) -> None:
        """Finish and commit: when this returns, all partitions are gone."""

    def assigned_from(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """These are ours, and read from these offsets on."""


class Source(Protocol):
    """A member of a consumer group. It may be started again after it was stopped."""

    async def start(self, assignment: Assignment) -> None:
        """Connect and begin to join the group. Raises KafkaUnreachable."""

    async def read(self) -> Fetched:
        """The next records, none after about half a second; waits while the group rebalances.

        Raises ReadFailedError, KafkaUnreachable where we are not allowed to read.
        """

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit. Raises CommitRefusedError, CommitFailedInTimeError."""

    def lag(self) -> Mapping[TopicPartition, int]:
        """How many records wait behind our position, as the last fetch told; no I/O."""

    async def waiting(self) -> Mapping[TopicPartition, int]:
        """Ask the brokers how many records wait behind our position in each of our partitions.

        Asked over a connection of its own: the reading client may be what stands still. Raises
        NoAnswerError.
        """

    def isolated(self) -> Mapping[TopicPartition, int]:
        """The partitions of ours that are not read on, and the offset that cannot be decoded.

        Their records are in :meth:`lag`, and not in :meth:`waiting`: nothing here can read them.
        """

    async def stop(self) -> None:
        """Leave the group and let go of the connection; never raises."""
