"""Where records come from: what the worker needs of a source, and how a source may fail.

:class:`matcher.stream.kafka_source.KafkaSource` reads from Kafka.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from matcher.events.record import Batch, TopicPartition


class ReadFailedError(Exception):
    """Reading ended; it may help to stop the source and to start it again."""


class CommitRefusedError(Exception):
    """The group has rebalanced: another member owns, or will own, these partitions."""


class CommitFailedInTimeError(Exception):
    """No broker confirmed the commit in time, or a broker refused it; it may be tried again."""


class CommitUnansweredError(CommitFailedInTimeError):
    """No broker answered the commit at all within its time."""


class NoAnswerError(Exception):
    """The brokers did not say what they were asked."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result of one read: one batch for each partition, all of one generation.

    ``oversized`` are the coordinates of records that are too large to be read. ``positions`` are
    the offsets to read next. What lies before them and is in no batch is not a record: a
    transaction's marker, an aborted record, or a gap that compaction left.
    """

    generation: int
    batches: Sequence[Batch]
    oversized: Sequence[tuple[TopicPartition, int]] = ()
    positions: Mapping[TopicPartition, int] = field(default_factory=dict)


class Assignment(Protocol):
    """Is told when partitions are assigned and revoked."""

    async def revoked(self) -> None:
        """Finish and commit: when this returns, all partitions are revoked."""

    def assigned_from(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """These partitions are assigned, and read from these offsets on."""


class Source(Protocol):
    """A member of a consumer group. It may be started again after it was stopped."""

    async def start(self, assignment: Assignment) -> None:
        """Connect and begin to join the group. Raises KafkaUnreachable."""

    async def read(self) -> Fetched:
        """The next records; empty after about half a second without any. Waits while the group
        rebalances.

        Raises ReadFailedError, and KafkaUnreachable if reading is not allowed.
        """

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these offsets. Raises CommitRefusedError, CommitFailedInTimeError."""

    def lag(self) -> Mapping[TopicPartition, int]:
        """The number of records after our position in each partition, as of the last
        fetch; no I/O.
        """

    async def waiting(self) -> Mapping[TopicPartition, int]:
        """Ask the brokers how many records wait after our position in each of our partitions.

        A connection of its own is used, because the reading client may be what hangs. The brokers
        are asked also while no partition is ours. Raises NoAnswerError.
        """

    def isolated(self) -> Mapping[TopicPartition, int]:
        """Our partitions that are not read on, with the offset that cannot be decoded. Their
        records count in :meth:`lag`, but not in :meth:`waiting`, as they cannot be read.
        """

    async def stop(self) -> None:
        """Leave the group and close the connection; never raises."""
