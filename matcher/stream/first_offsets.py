"""Decides where an assigned partition is read from; the client's reset policy is never used."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiokafka
import structlog
from aiokafka.errors import CommitFailedError

from matcher.config import InputSettings, parse_time
from matcher.metrics import OFFSETS_LOST, TOPICS_MADE_ANEW, Recorder
from matcher.stream.topic_ids import commit_metadata, committed_topic_id, topic_ids

log = structlog.get_logger(__name__)

Partition: TypeAlias = aiokafka.TopicPartition


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition is read from, and how many records before that place are lost."""

    offset: int
    lost: int = 0


def resume_at(committed: int, beginning: int, *, out_of_range: bool) -> Position:
    """The place to go on from a committed offset.

    ``out_of_range``: a broker said that the partition does not have this offset. Records that
    retention deleted are counted as lost. A partition that was recreated or truncated is read from
    its beginning, since repeating records is safe and skipping them is not.
    """
    if committed < beginning:
        return Position(beginning, beginning - committed)
    return Position(beginning if out_of_range else committed)


class FirstOffsets:
    """Decides the first offsets, and commits them.

    So a partition lacks a committed offset only once in a group's life, even if it stays empty, and
    a later start cannot silently skip to its end.
    """

    def __init__(self, source: InputSettings, recorder: Recorder) -> None:
        self._input = source
        self._recorder = recorder
        named = source.start in ("earliest", "latest")
        self._start_time = None if named else parse_time(source.start)
        self._out_of_range: set[Partition] = set()
        self._known: set[Partition] = set()
        self._ids: dict[str, str] = {}

    def out_of_range(self, partitions: Collection[Partition]) -> None:
        """Note that a broker does not have the requested offsets."""
        self._out_of_range.update(partitions)

    async def decide(
        self, consumer: Any, partitions: Collection[Partition]
    ) -> dict[Partition, int]:
        """The offset to read from, by partition. Raises aiokafka's KafkaError."""
        if not partitions:
            return {}
        ids = await topic_ids(consumer._client, self._input.topics)  # noqa: SLF001 - it has no other
        beginnings = await consumer.beginning_offsets(list(partitions))
        # the public method gives no metadata
        committed = await consumer._coordinator.fetch_committed_offsets(list(partitions))  # noqa: SLF001
        anew = self._made_anew(partitions, committed, ids)
        fresh = [one for one in partitions if one not in committed and one not in anew]
        decided = {partition: beginnings[partition] for partition in anew}
        decided |= await self._fresh(consumer, fresh, beginnings)
        positions = dict(decided)
        for partition, (offset, _) in committed.items():
            if partition not in anew:
                positions[partition] = self._resume(partition, offset, beginnings[partition])
                if positions[partition] != offset:
                    decided[partition] = positions[partition]
        self._known = self._existing(consumer)
        self._ids |= ids
        await self._commit(consumer, decided)
        return positions

    async def made_anew(self, consumer: Any) -> list[str]:
        """The topics that were deleted and recreated since the last :meth:`decide`."""
        ids = await topic_ids(consumer._client, self._input.topics)  # noqa: SLF001 - it has no other
        return sorted(topic for topic in ids if self._ids.get(topic, ids[topic]) != ids[topic])

    def in_topic(self, offsets: Mapping[Partition, int]) -> dict[Partition, tuple[int, str]]:
        """The offsets in the form in which they are committed: with the id of their topic."""
        return {
            partition: (offset, commit_metadata(self._ids.get(partition.topic)))
            for partition, offset in offsets.items()
        }

    def _made_anew(
        self, partitions: Collection[Partition], committed: Mapping[Partition, Any], ids: Any
    ) -> set[Partition]:
        """The partitions whose committed or known offsets belong to an earlier topic of the same
        name.

        Like a partition that was added while the service runs, they are read from the beginning.
        """
        found = set()
        for partition in partitions:
            topic = partition.topic
            stored = committed[partition].metadata if partition in committed else None
            before = committed_topic_id(stored) or self._ids.get(topic)
            if before is not None and ids.get(topic, before) != before:
                found.add(partition)
        for topic in sorted({partition.topic for partition in found}):
            numbers = sorted(one.partition for one in found if one.topic == topic)
            self._recorder.add(TOPICS_MADE_ANEW, 1, (topic,))
            log.error("topic_made_anew", topic=topic, topic_id=ids[topic], read_whole=numbers)
        self._out_of_range -= found
        return found

    def _resume(self, partition: Partition, committed: int, beginning: int) -> int:
        found = resume_at(committed, beginning, out_of_range=partition in self._out_of_range)
        self._out_of_range.discard(partition)
        if found.offset != committed:
            place = (partition.topic, str(partition.partition))
            if found.lost:
                self._recorder.add(OFFSETS_LOST, found.lost, place)
            log.error(
                "offset_out_of_range",
                topic=partition.topic,
                partition=partition.partition,
                committed=committed,
                resumed_at=found.offset,
                lost=found.lost,
            )
        return found.offset

    async def _fresh(
        self, consumer: Any, partitions: Collection[Partition], beginnings: Mapping[Partition, int]
    ) -> dict[Partition, int]:
        """Apply ``input.start`` to partitions without a committed offset. A partition that was
        added while the service runs is read from the beginning: nobody chose to skip its records.
        """
        appeared = {one for one in partitions if self._known and one not in self._known}
        whole = partitions if self._input.start == "earliest" else appeared
        first = {partition: beginnings[partition] for partition in whole}
        first |= await self._chosen(consumer, [one for one in partitions if one not in first])
        for partition, offset in first.items():
            log.info(
                "first_offset",
                topic=partition.topic,
                partition=partition.partition,
                offset=offset,
                start=self._input.start,
            )
        return first

    async def _chosen(
        self, consumer: Any, partitions: Collection[Partition]
    ) -> dict[Partition, int]:
        """The partition's end, or its first record at or after the start time."""
        if not partitions:
            return {}
        ends: dict[Partition, int] = await consumer.end_offsets(list(partitions))
        if self._start_time is None:
            return ends
        asked = dict.fromkeys(partitions, self._start_time)
        found = await consumer.offsets_for_times(asked)
        return {
            partition: ends[partition] if found[partition] is None else found[partition].offset
            for partition in partitions
        }

    def _existing(self, consumer: Any) -> set[Partition]:
        return {
            Partition(topic, number)
            for topic in self._input.topics
            for number in consumer.partitions_for_topic(topic) or ()
        }

    async def _commit(self, consumer: Any, offsets: dict[Partition, int]) -> None:
        if not offsets:
            return
        try:
            await consumer.commit(self.in_topic(offsets))
        except CommitFailedError as error:
            # the group is already rebalancing: the next assignment decides and commits again
            log.info("first_offsets_not_committed", error=str(error))
