"""Where an assigned partition is read from. Nothing here is left to the client's reset policy."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiokafka
import structlog
from aiokafka.errors import CommitFailedError

from matcher.config import InputSettings, parse_time
from matcher.metrics import OFFSETS_LOST, Recorder

log = structlog.get_logger(__name__)

Partition: TypeAlias = aiokafka.TopicPartition


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition is read from, and how many records before that are lost for good."""

    offset: int
    lost: int = 0


def resume_at(committed: int, beginning: int, *, out_of_range: bool) -> Position:
    """Where to go on from a committed offset.

    ``out_of_range`` means a broker said that the partition has no such offset. What retention
    deleted is counted as lost; a partition that was made anew or cut short is read from its
    beginning, since repeating is safe and skipping is not.
    """
    if committed < beginning:
        return Position(beginning, beginning - committed)
    return Position(beginning if out_of_range else committed)


class FirstOffsets:
    """Decides, and commits what it decided.

    So "no committed offset" is met once in a group's life, also for a partition that stays empty,
    and cannot turn into a silent skip to the end at a later start.
    """

    def __init__(self, source: InputSettings, recorder: Recorder) -> None:
        self._input = source
        self._recorder = recorder
        named = source.start in ("earliest", "latest")
        self._start_time = None if named else parse_time(source.start)
        self._out_of_range: set[Partition] = set()
        self._known: set[Partition] = set()

    def out_of_range(self, partitions: Collection[Partition]) -> None:
        """A broker said that it does not have the offsets we asked for."""
        self._out_of_range.update(partitions)

    async def decide(
        self, consumer: Any, partitions: Collection[Partition]
    ) -> dict[Partition, int]:
        """The offset to read from, by partition. Raises aiokafka's KafkaError."""
        if not partitions:
            return {}
        beginnings = await consumer.beginning_offsets(list(partitions))
        answers = await asyncio.gather(*map(consumer.committed, partitions))
        committed = dict(zip(partitions, answers, strict=True))
        fresh = [partition for partition, offset in committed.items() if offset is None]
        decided = await self._fresh(consumer, fresh, beginnings)
        positions = dict(decided)
        for partition, offset in committed.items():
            if offset is not None:
                positions[partition] = self._resume(partition, offset, beginnings[partition])
                if positions[partition] != offset:
                    decided[partition] = positions[partition]
        self._known = self._existing(consumer)
        await _commit(consumer, decided)
        return positions

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
        """``input.start`` for partitions without a committed offset.

        One that appeared while we were running is read whole: nobody chose to skip it.
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
        """The end, or the first record at or after the start time."""
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


async def _commit(consumer: Any, offsets: dict[Partition, int]) -> None:
    if not offsets:
        return
    try:
        await consumer.commit(offsets)
    except CommitFailedError as error:
        # the group moves on already: the next assignment decides and commits again
        log.info("first_offsets_not_committed", error=str(error))
