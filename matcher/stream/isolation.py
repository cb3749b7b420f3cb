"""Stops reading a partition whose records cannot be read, while the other partitions go on."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog

from matcher.events.record import TopicPartition
from matcher.stream.unreadable import TheirPartition, UnreadableBatch

log = structlog.get_logger(__name__)

_DECODING_ATTEMPTS = 3


class Isolation:
    """Pauses such partitions on one consumer, and remembers the offset at which each stopped."""

    def __init__(self) -> None:
        self._consumer: Any = None
        self._attempts: Counter[tuple[TheirPartition, int]] = Counter()
        self._isolated: dict[TheirPartition, int] = {}

    def begin(self, consumer: Any) -> None:
        """Forget everything: there is a new consumer or a new assignment."""
        self._consumer = consumer
        self._attempts.clear()
        self._isolated = {}

    def undecodable(self, batch: UnreadableBatch) -> None:
        """Note a batch that could not be decoded; a broker may serve the batch correctly the next
        time.
        """
        self._attempts[batch.partition, batch.offset] += 1
        if self._attempts[batch.partition, batch.offset] >= _DECODING_ATTEMPTS:
            self.isolate(batch)

    def isolate(self, batch: UnreadableBatch) -> None:
        """Stop reading the batch's partition."""
        if self._consumer is None or batch.partition not in self._consumer.assignment():
            return
        self._consumer.pause(batch.partition)
        if self._isolated.get(batch.partition) == batch.offset:
            return
        self._isolated[batch.partition] = batch.offset
        topic, number = batch.partition
        known = self._consumer.highwater(batch.partition)
        after = batch.end if known is None or batch.end <= known else batch.offset + 1
        log.error(
            "partition_isolated",
            topic=topic,
            partition=number,
            offset=batch.offset,
            reason=batch.reason,
            hint=f"it is not read on from offset {batch.offset}, and tried again now and then; to "
            f"leave out what is before offset {after}, stop the group and run matcher offsets skip "
            f"--topic {topic} --partition {number} --to {after}",
        )

    def try_again(self) -> None:
        """Fetch from every isolated partition once more: its leader may be a healthy replica by
        now.
        """
        self._attempts.clear()
        if self._consumer is not None:
            self._consumer.resume(*(self._isolated.keys() & self._consumer.assignment()))

    def offsets(self, positions: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The offset at which each partition stopped. A partition whose position has moved is being
        read again.
        """
        standing: dict[TopicPartition, int] = {}
        for theirs, offset in list(self._isolated.items()):
            partition = TopicPartition(theirs.topic, theirs.partition)
            if positions.get(partition, offset) == offset:
                standing[partition] = offset
            else:
                del self._isolated[theirs]
                log.warning("partition_read_again", topic=theirs.topic, partition=theirs.partition)
        return standing
