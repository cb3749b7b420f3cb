"""What was fetched, slice by slice: begun in the offset tracker, matched, handed to the outbox."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from matcher.events.record import Batch, Record, TopicPartition
from matcher.stream.committer import Committer
from matcher.stream.dead_letters import unreadable_record
from matcher.stream.matching import Matching
from matcher.stream.offsets import OffsetTracker, Slice
from matcher.stream.outbox import Outbox
from matcher.stream.pace import SliceSize
from matcher.stream.source import Fetched
from matcher.stream.watch import Watch

log = structlog.get_logger(__name__)


class Intake:
    """Takes records while it is ``open``, at most one slice at a time.

    ``between_slices`` is set while no slice is in work.
    """

    def __init__(
        self,
        offsets: OffsetTracker,
        outbox: Outbox,
        matching: Matching,
        committer: Committer,
        watch: Watch,
        *,
        slice_seconds: float,
        dead_letter_topic: str,
    ) -> None:
        self._offsets = offsets
        self._outbox = outbox
        self._matching = matching
        self._committer = committer
        self._watch = watch
        self._size = SliceSize(slice_seconds)
        self._dead_letter_topic = dead_letter_topic
        self.open = False
        self.between_slices = asyncio.Event()
        self.between_slices.set()

    async def take(self, fetched: Fetched) -> None:
        """Process what was fetched, as far as it may be processed."""
        for batch in fetched.batches:
            if not isinstance(batch.input, TopicPartition):
                raise TypeError(f"a source reads partitions, not {batch.input}")
            at = 0
            while at < len(batch.records):
                if not self._may_begin(fetched.generation):
                    return
                records = batch.records[at : at + self._size.records]
                at += len(records)
                await self._slice(fetched.generation, batch.input, records)
        for partition, offset in fetched.oversized:
            if self._may_begin(fetched.generation):
                await self._unreadable(fetched.generation, partition, offset)
        if self._may_begin(fetched.generation):
            self._offsets.passed(fetched.generation, fetched.positions)
            if fetched.batches:
                self._committer.moved()

    def _may_begin(self, generation: int) -> bool:
        """Whether the records may be processed: those fetched in an earlier generation are dropped,
        as their new owner reads them again.
        """
        return self.open and generation == self._offsets.generation

    async def _slice(
        self, generation: int, source: TopicPartition, records: Sequence[Record]
    ) -> None:
        self.between_slices.clear()
        try:
            first, last = records[0].offset, records[-1].offset
            work = self._offsets.begin(generation, source, first, last, len(records))
            delivery = self._outbox.open(source, partial(self._done, work))
            batch = Batch(source, records)
            spent = await self._matching.run(delivery, batch, self._watch.moved_on)
            self._size.measured(len(records), spent)
            self._outbox.seal(delivery)
        finally:
            self.between_slices.set()

    async def _unreadable(self, generation: int, partition: TopicPartition, offset: int) -> None:
        """Write a stub to the dead letters for a record that is larger than a fetch may be."""
        log.error("record_too_large", topic=partition.topic, offset=offset)
        work = self._offsets.begin(generation, partition, offset, offset, 1)
        delivery = self._outbox.open(partition, partial(self._done, work))
        detail = "larger than input.max_partition_fetch_bytes"
        letter = unreadable_record(partition, offset, detail, self._dead_letter_topic)
        await self._outbox.put(delivery, (letter,))
        self._outbox.seal(delivery)

    def _done(self, work: Slice) -> None:
        self._offsets.finish(work)
        self._committer.moved()
