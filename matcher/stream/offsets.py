"""Keeps track of which offsets may be committed: those before the first record that is not done."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from matcher.events.record import TopicPartition


@dataclass(slots=True, eq=False)
class Slice:
    """Consecutive records of one partition that are being processed; ``end`` is the offset after
    them.
    """

    input: TopicPartition
    records: int
    end: int
    generation: int
    done: bool = False


@dataclass(slots=True)
class _Partition:
    position: int
    committable: int
    committed: int
    open: deque[Slice] = field(default_factory=deque)


class OffsetTracker:
    """Slices begin in the order of their partition and end in any order.

    A *generation* is one assignment of partitions; its number comes from the source. Offsets of an
    earlier generation are never committable, so an acknowledgement after a revocation has no
    effect. Offsets may have gaps, which compaction and transaction markers leave.
    """

    def __init__(self) -> None:
        self.generation: int | None = None
        """The number of the assignment in force; None while there is no assignment."""
        self._partitions: dict[TopicPartition, _Partition] = {}

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are assigned to us."""
        return frozenset(self._partitions)

    def assign(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """Begin an assignment: these partitions and no others are ours, each from its offset on."""
        self.generation = generation
        self._partitions = {
            partition: _Partition(position, position, position)
            for partition, position in positions.items()
        }

    def revoke(self) -> None:
        """End the assignment: nothing is ours, and nothing can be committed."""
        self.generation = None
        self._partitions = {}

    def begin(
        self, generation: int, partition: TopicPartition, first: int, last: int, records: int
    ) -> Slice:
        """Begin a slice: the records from offset ``first`` to ``last``, fetched in this generation.

        Raises LookupError if the generation is not the one in force or the partition is not ours:
        another member may own these records now. Raises ValueError if ``first`` lies before a slice
        that was begun already: the reader would then repeat records.
        """
        state = self._partitions.get(partition)
        if generation != self.generation:
            raise LookupError(
                f"{partition} was fetched in generation {generation}, now is {self.generation}"
            )
        if state is None:
            raise LookupError(f"{partition} is not assigned")
        if not state.position <= first <= last:
            raise ValueError(f"{partition}: offset {first} after {state.position} was expected")
        work = Slice(partition, records, last + 1, generation)
        state.position = work.end
        state.open.append(work)
        return work

    def passed(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """Note that no records lie before these offsets, read in this generation, except those in
        slices.

        Kafka keeps other things between records, such as a transaction's marker. They are done when
        the record before them is. Otherwise a marker at a partition's end would never be committed.
        """
        if generation != self.generation:
            return
        for partition, position in positions.items():
            state = self._partitions.get(partition)
            if state is None or position <= state.position:
                continue
            state.position = position
            if state.open:
                state.open[-1].end = position
            else:
                state.committable = position

    def finish(self, work: Slice) -> None:
        """End a slice: everything that it caused is acknowledged."""
        work.done = True
        if work.generation != self.generation:
            return
        state = self._partitions[work.input]
        while state.open and state.open[0].done:
            state.committable = state.open.popleft().end

    def committable(self) -> dict[TopicPartition, int]:
        """The offsets to commit, by partition, where they moved since :meth:`committed`."""
        return {
            partition: state.committable
            for partition, state in self._partitions.items()
            if state.committable > state.committed
        }

    def committed(self, generation: int | None, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that these offsets, which :meth:`committable` gave in that generation, are
        committed.
        """
        if generation != self.generation:
            return
        for partition, offset in offsets.items():
            state = self._partitions[partition]
            state.committed = max(state.committed, offset)

    def position(self, partition: TopicPartition) -> int | None:
        """The next offset of the partition that is to be read; None if the partition is
        not ours.
        """
        state = self._partitions.get(partition)
        return None if state is None else state.position

    def uncommitted(self) -> int:
        """The number of offsets that are begun and not committed: a crash now would repeat them."""
        return sum(state.position - state.committed for state in self._partitions.values())
