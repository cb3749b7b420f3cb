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

_ANSWERS = 3
"""So many answers, each a quarter of the allowed time after the one before, show a stall."""
_NO_ASSIGNMENT = "Kafka answers, but the group assigned no partitions"


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
        self.replacing = False
        """Whether a new client is being made, so that no group can assign us anything."""
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

        After half of the allowed time without progress the brokers are asked, by a client of their
        own. If they say for the other half that records wait, or answer while the group assigns us
        nothing, that is a stall. Brokers that do not answer prove nothing, neither a stall nor that
        all is well: then ``unanswered`` is set and the service is not ready. Raises Stalled.
        """
        half = self._stall_timeout / 2
        answers = 0
        while True:
            await asyncio.sleep(half / 2)
            assigned = self._offsets.generation is not None
            nothing_to_do = assigned and not self._offsets.assigned
            if self.replacing or nothing_to_do or self.since_progress() < half:
                answers = 0
                continue
            try:
                waiting = await self._ask()
            except NoAnswerError as error:
                self.unanswered = True
                log.warning("kafka_does_not_answer", error=str(error))
                continue
            self.unanswered = False
            answers = answers + 1 if waiting or not assigned else 0
            if answers >= _ANSWERS:
                what = f"{waiting} records wait, none was processed" if assigned else _NO_ASSIGNMENT
                raise Stalled(f"{what} for {self.since_progress():.1f} s")

    async def _ask(self) -> int:
        """The number of records that wait. Raises NoAnswerError."""
        asked = self.last_progress
        waiting = await self._source.waiting()
        if self._offsets.assigned and not any(waiting.values()):
            self.moved_on()
        elif self.last_progress == asked:
            self._waiting = waiting
        return sum(waiting.values())
