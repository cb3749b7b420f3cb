"""Watches a worker: sets gauges, and finds late acknowledgements and a client that hangs."""

import asyncio
import time
from collections.abc import Mapping

import structlog

from matcher.errors import Stalled
from matcher.events.record import TopicPartition
from matcher.metrics import (
    ISOLATED,
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
from matcher.stream.source import NoAnswerError, Source

log = structlog.get_logger(__name__)

WATCH_SECONDS = 0.25


class Watch:
    """Watches the parts of one worker and changes none of them. ``stall_timeout`` is in seconds.

    Progress is made when a record is processed, or when the input is seen to be empty.
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
        self._waiting: Mapping[TopicPartition, int] = {}
        self.unanswered = False
        """Whether the brokers were asked how many records wait, and did not answer."""
        self.last_progress = time.monotonic()

    def moved_on(self) -> None:
        """Note progress."""
        self.last_progress = time.monotonic()
        self.unanswered = False
        self._waiting = {}
        self._recorder.set(LAST_PROGRESS, self._clock())

    def since_progress(self) -> float:
        """Seconds since the last progress."""
        return time.monotonic() - self.last_progress

    async def acknowledgements(self) -> None:
        """Keep the gauges current. Raises DeliveryError if an acknowledgement is overdue."""
        while True:
            due = time.monotonic() + WATCH_SECONDS
            await asyncio.sleep(WATCH_SECONDS)
            self._recorder.set(LOOP_LAG, max(0.0, time.monotonic() - due))
            self.report()
            if (error := self._outbox.overdue()) is not None:
                raise await self._outbox.explained(error)

    def report(self) -> None:
        """Set the gauges for what is being processed."""
        self._recorder.set(PRODUCE_IN_FLIGHT, self._outbox.in_flight)
        self._recorder.set(UNCOMMITTED, self._offsets.uncommitted())
        lag, isolated = self._source.lag(), self._source.isolated()
        for partition in self._offsets.assigned & {*lag, *self._waiting}:
            records = max(lag.get(partition, 0), self._waiting.get(partition, 0))
            self._recorder.set(LAG_RECORDS, records, (partition.topic, str(partition.partition)))
        for partition in self._offsets.assigned:
            labels = (partition.topic, str(partition.partition))
            if partition in isolated:
                self._recorder.set(ISOLATED, isolated[partition], labels)
            else:
                self._recorder.forget(ISOLATED, labels)

    async def stalls(self) -> None:
        """Find a client that hangs without an error: records wait, and the client gives no records.

        After half of the allowed time without progress the brokers are asked. If they say for the
        other half that records wait, that is a stall. Brokers that do not answer prove nothing:
        then ``unanswered`` is set and the service is not ready. Raises Stalled.
        """
        half = self._stall_timeout / 2
        waiting_since: float | None = None
        while True:
            await asyncio.sleep(half / 2)
            if not self._offsets.assigned or self.since_progress() < half:
                waiting_since = None
                continue
            waiting = await self._ask()
            if not waiting:
                waiting_since = None
                continue
            waiting_since = waiting_since or time.monotonic()
            if time.monotonic() - waiting_since > half:
                raise Stalled(
                    f"{waiting} records wait, none was processed for {self.since_progress():.1f} s"
                )

    async def _ask(self) -> int:
        """The number of records that wait; 0 also if no broker answers."""
        asked = self.last_progress
        try:
            waiting = await self._source.waiting()
        except NoAnswerError as error:
            self.unanswered = True
            log.warning("kafka_does_not_answer", error=str(error))
            return 0
        self.unanswered = False
        if not any(waiting.values()):
            self.moved_on()
        elif self.last_progress == asked:
            self._waiting = waiting
        return sum(waiting.values())
