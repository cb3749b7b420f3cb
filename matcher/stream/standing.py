"""Finds partitions from which a broker gives nothing although there are records.

A broker that cannot read its own log answers a fetch with an error which aiokafka takes for a
temporary one: aiokafka asks again at once, thousands of times a second, without end. If a length in
the log is broken, the broker even answers with neither an error nor a record. Neither answer names
a partition: docs/reference/kafka.md, *What a fetch does not tell*.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiokafka
from aiokafka.errors import CorruptRecordException, KafkaStorageError, UnknownError, for_code
from aiokafka.protocol.fetch import FetchRequest

from matcher.stream.unreadable import TheirPartition, UnreadableBatch

_STANDING_SECONDS = 20.0
_CALM_SECONDS = 0.2

_BROKEN = (CorruptRecordException, KafkaStorageError, UnknownError)
_LAST_STABLE_OFFSETS_SINCE = 4


class StandingPartitions:
    """Looks at the answers to one consumer's fetches, and calls ``report`` for a partition that
    gives nothing for long.
    """

    def __init__(self, report: Callable[[UnreadableBatch], None], *, read_committed: bool) -> None:
        self._report = report
        self._read_committed = read_committed
        self._since: dict[TheirPartition, tuple[int, float]] = {}

    def watch(self, client: Any) -> None:
        """Look at the answers that this aiokafka client receives from now on."""
        self._since.clear()
        send = client.send

        async def watched(node: Any, request: Any, **options: Any) -> Any:
            answer = await send(node, request, **options)
            if isinstance(request, FetchRequest) and self._look(request, answer):
                await asyncio.sleep(_CALM_SECONDS)
            return answer

        client.send = watched

    def _look(self, request: Any, answer: Any) -> bool:
        """Whether a partition gives nothing."""
        asked = {
            aiokafka.TopicPartition(topic, number): offset
            for topic, partitions in request.topics
            for number, offset, _ in partitions
        }
        troubled = dict(self._troubles(asked, answer))
        for partition, offset in asked.items():
            if partition not in troubled:
                self._since.pop(partition, None)
                continue
            now = time.monotonic()
            at, since = self._since.get(partition, (offset, now))
            if at != offset:
                since = now
            self._since[partition] = (offset, since)
            if now - since >= _STANDING_SECONDS:
                self._report(UnreadableBatch(partition, offset, offset + 1, troubled[partition]))
        return bool(troubled)

    def _troubles(
        self, asked: dict[TheirPartition, int], answer: Any
    ) -> Iterator[tuple[TheirPartition, str]]:
        # a broker leaves partitions out of a full answer, but none out of an empty answer
        empty = not any(parts[-1] for _, found in answer.topics for parts in found)
        for topic, found in answer.topics:
            for number, code, high_watermark, *rest in found:
                partition = aiokafka.TopicPartition(topic, number)
                end = high_watermark
                if self._read_committed and answer.API_VERSION >= _LAST_STABLE_OFFSETS_SINCE:
                    end = rest[0]
                error = for_code(code)
                if error in _BROKEN:
                    yield partition, f"the broker cannot read it: {error.__name__}"
                elif not code and empty and partition in asked and end > asked[partition]:
                    yield partition, f"the broker gives no record, though it ends at {end}"
