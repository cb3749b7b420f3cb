"""Which offsets may be committed: those before the first record that is not done yet."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from matcher.events.record import TopicPartition


@dataclass(slots=True, eq=False)
class Slice:
    """Consecutive records of one partition that are in work; ``end`` is the offset after them."""

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
    """Slices are begun in their partition's order and end in any order.

    A *generation* is one assignment of partitions; its number comes from the source. Nothing of an
    earlier generation is ever committable, so an acknowledgement that comes after a revoke does
    nothing. Offsets need not be dense: compaction and transaction markers leave gaps.
    """

    def __init__(self) -> None:
        self.generation: int | None = None
        """The number of the assignment in force, None while there is none."""
        self._partitions: dict[TopicPartition, _Partition] = {}

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are ours."""
        return frozenset(self._partitions)

    def assign(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """These partitions are ours now, each from its offset on; nothing else is."""
        self.generation = generation
        self._partitions = {
            partition: _Partition(position, position, position)
            for partition, position in positions.items()
        }

    def revoke(self) -> None:
        """Nothing is ours any more, and nothing can be committed."""
        self.generation = None
        self._partitions = {}

    def begin(
        self, generation: int, partition: TopicPartition, first: int, last: int, records: int
    ) -> Slice:
        """Records from offset ``first`` to ``last``, fetched in this generation, are in work.

        Raises LookupError where the generation is not the one in force, or the partition is not
        ours: somebody else may own these records now. Raises ValueError where ``first`` lies before
        what was begun already: records would be repeated, so the reader is at a wrong place.
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
        """No record is left before these offsets, read in this generation, but those begun.

        What Kafka keeps between records, such as a transaction's marker, is done with the record
        before. Without this a marker at a partition's end would stay uncommitted.
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
        """All that the slice caused is acknowledged."""
        work.done = True
        if work.generation != self.generation:
            return
        state = self._partitions[work.input]
        while state.open and state.open[0].done:
            state.committable = state.open.popleft().end

    def committable(self) -> dict[TopicPartition, int]:
        """By partition the offset to commit, where it moved since :meth:`committed`."""
        return {
            partition: state.committable
            for partition, state in self._partitions.items()
            if state.committable > state.committed
        }

    def committed(self, generation: int | None, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets, taken from :meth:`committable` in that generation, are committed."""
        if generation != self.generation:
            return
        for partition, offset in offsets.items():
            state = self._partitions[partition]
            state.committed = max(state.committed, offset)

    def position(self, partition: TopicPartition) -> int | None:
        """The offset that is expected next, None where the partition is not ours."""
        state = self._partitions.get(partition)
        return None if state is None else state.position

    def uncommitted(self) -> int:
        """Offsets that are begun and not committed: what a crash now would repeat."""
        return sum(state.position - state.committed for state in self._partitions.values())
