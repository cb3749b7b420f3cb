"""Watched beside the reading: gauges, late acknowledgements, a client that stands still."""

import asyncio
import time

from matcher.errors import Stalled
from matcher.metrics import (
    LAG_RECORDS,
    LAST_PROGRESS,
    LOOP_LAG,
    PRODUCE_IN_FLIGHT,
    UNCOMMITTED,
    Recorder,
)
from matcher.stream.offsets import OffsetTracker
from matcher.stream.outbox import Outbox
from matcher.stream.outgoing import Clock
from matcher.stream.source import Source

WATCH_SECONDS = 0.25


class Watch:
    """Looks at one worker's parts and changes none of them.

    ``stall_timeout`` is in seconds. Progress is a record processed, or an input seen to hold none.
    """

    def __init__(
        self,
        source: Source,
        offsets: OffsetTracker,
        outbox: Outbox,
        recorder: Recorder,
        *,
        stall_timeout: float,
        clock: Clock,
    ) -> None:
        self._source = source
        self._offsets = offsets
        self._outbox = outbox
        self._recorder = recorder
        self._stall_timeout = stall_timeout
        self._clock = clock
        self.last_progress = time.monotonic()

    def moved_on(self) -> None:
        """Progress was made just now."""
        self.last_progress = time.monotonic()
        self._recorder.set(LAST_PROGRESS, self._clock())

    def since_progress(self) -> float:
        """Seconds since the last progress."""
        return time.monotonic() - self.last_progress

    async def acknowledgements(self) -> None:
        """Keep the gauges true. Raises DeliveryError where an acknowledgement is overdue."""
        while True:
            due = time.monotonic() + WATCH_SECONDS
            await asyncio.sleep(WATCH_SECONDS)
            self._recorder.set(LOOP_LAG, max(0.0, time.monotonic() - due))
            self.report()
            if (error := self._outbox.overdue()) is not None:
                raise error

    def report(self) -> None:
        """Set the gauges of what is under way."""
        self._recorder.set(PRODUCE_IN_FLIGHT, self._outbox.in_flight)
        self._recorder.set(UNCOMMITTED, self._offsets.uncommitted())
        for partition, records in self._source.lag().items():
            if partition in self._offsets.assigned:
                labels = (partition.topic, str(partition.partition))
                self._recorder.set(LAG_RECORDS, records, labels)

    async def stalls(self) -> None:
        """The client can stand still without a word: records wait and none comes.

        Half of the allowed time without progress makes us ask; when the brokers say for the other
        half that records wait, that is a stall. Brokers that do not answer are none. Raises
        Stalled.
        """
        half = self._stall_timeout / 2
        waiting_since: float | None = None
        while True:
            await asyncio.sleep(half / 2)
            if not self._offsets.assigned or self.since_progress() < half:
                waiting_since = None
                continue
            waiting = await self._source.waiting()
            if waiting == 0:
                self.moved_on()
            if not waiting:
                waiting_since = None
                continue
            waiting_since = waiting_since or time.monotonic()
            if time.monotonic() - waiting_since > half:
                raise Stalled(
                    f"{waiting} records wait, none was processed for {self.since_progress():.1f} s"
                )
