"""The owner of the stream: one loop reads, matches and writes; offsets follow the acknowledgements.

::

    read → slices → matching → outbox → every acknowledgement → offsets → commit

A record's offset is committed only when everything that the record caused is acknowledged, and
never after its partition was revoked. Whatever ends the worker is one exception, raised by
:meth:`Worker.run`.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from matcher.config import OutputSettings, ServiceSettings
from matcher.errors import KafkaUnreachable, NotDrained, Stalled
from matcher.events.record import TopicPartition
from matcher.metrics import (
    ASSIGNED_PARTITIONS,
    ISOLATED,
    LAG_RECORDS,
    REBALANCES,
    Recorder,
)
from matcher.stream.committer import COMMIT_SECONDS, Committer
from matcher.stream.intake import Intake
from matcher.stream.matching import Matching, Parts
from matcher.stream.offsets import OffsetTracker
from matcher.stream.outbox import Outbox
from matcher.stream.outgoing import Clock
from matcher.stream.pace import Backoff
from matcher.stream.sink import Sink
from matcher.stream.source import Fetched, ReadFailedError, Source
from matcher.stream.watch import WATCH_SECONDS, Watch

log = structlog.get_logger(__name__)

_SINK_STOP_SECONDS = 5.0
_COMMIT_AGAIN_SECONDS = 0.2


class Worker:
    """Runs one pipeline on one source; ``matching.pipeline`` may be replaced meanwhile.

    ``revoke_timeout`` is how long a rebalance may wait for our drain, in seconds: well below the
    group's rebalance timeout.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        pipeline: Parts,
        recorder: Recorder,
        *,
        output: OutputSettings,
        service: ServiceSettings,
        revoke_timeout: float = 45.0,
        commit_seconds: float = COMMIT_SECONDS,
        clock: Clock = time.time,
    ) -> None:
        self._source = source
        self._sink = sink
        self._recorder = recorder
        self._service = service
        self._revoke_timeout = revoke_timeout
        self._offsets = OffsetTracker()
        self._outbox = Outbox(
            sink,
            recorder,
            self._end,
            dead_letter_topic=output.dead_letter_topic,
            max_in_flight=output.max_in_flight,
            send_timeout=output.send_timeout,
        )
        self.matching = Matching(pipeline, self._outbox, recorder, output, clock)
        self._backoff = Backoff()
        self._committer = Committer(
            source,
            self._offsets,
            recorder,
            seconds=commit_seconds,
            stall_timeout=service.stall_timeout,
        )
        self._ending = asyncio.Event()
        self._failure: BaseException | None = None
        self._watch = Watch(
            source,
            self._offsets,
            self._outbox,
            recorder,
            stall_timeout=service.stall_timeout,
            clock=clock,
        )
        self._intake = Intake(
            self._offsets,
            self._outbox,
            self.matching,
            self._committer,
            self._watch,
            slice_seconds=service.slice_seconds,
            dead_letter_topic=output.dead_letter_topic,
        )

    # -- what the service sees ---------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether the group has assigned partitions (perhaps an empty set), we are reading, and
        Kafka answers.
        """
        return not self.not_ready_because

    @property
    def not_ready_because(self) -> str:
        """The reason in a few words for a person; empty if the worker is ready."""
        if self._ending.is_set():
            return "ending"
        if not self._intake.open:
            return "no partitions assigned"
        if self._committer.unanswered:
            return "the last commit had no answer"
        return "Kafka does not answer" if self._watch.unanswered else ""

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are assigned to us."""
        return self._offsets.assigned

    @property
    def isolated(self) -> Mapping[TopicPartition, int]:
        """Our partitions that are not read on, with the offset that cannot be decoded."""
        return self._source.isolated()

    def progress(self) -> float:
        """Seconds since a record was processed, or the input was seen to be empty."""
        return self._watch.since_progress()

    def request_stop(self) -> None:
        """Finish the records being processed, commit them, and end :meth:`run`. May be called
        again.
        """
        self._ending.set()
        self._intake.open = False

    async def run(self) -> None:
        """Read until a stop is requested; return when everything that was begun is committed.

        Raises KafkaUnreachable, DeliveryError, Stalled, NotDrained, or the pipeline's error.
        However it ends, nothing is committed that is not acknowledged.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            if await self._unless_ending(self._connect()):
                self._watch.moved_on()
                tasks = [
                    asyncio.create_task(work())
                    for work in (
                        self._own,
                        self._committer.run,
                        self._watch.acknowledgements,
                        self._watch.stalls,
                    )
                ]
                for task in tasks:
                    task.add_done_callback(self._ended)
                await self._ending.wait()
                await self._drain(tasks[0])
        finally:
            self.request_stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._watch.report()
            self._offsets.revoke()
            await self._source.stop()
            await self._sink.stop(_SINK_STOP_SECONDS)
        if self._failure is not None:
            raise self._failure

    # -- beginning and end -------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._sink.start()
        await self._source.start(self)

    async def _unless_ending(self, work: Coroutine[Any, Any, None]) -> bool:
        """Await ``work``; if the end is requested first, cancel it and return False."""
        task = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            return task.done()
        finally:
            ending.cancel()
            task.cancel()
            await asyncio.wait({task, ending})

    def _end(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            log.error("worker_ends", error=str(error) or repr(error), kind=type(error).__name__)
        self.request_stop()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    async def _drain(self, owner: "asyncio.Task[None]") -> None:
        """Finish the slice in work, wait for its acknowledgements, and commit until nothing is left
        to commit.

        All of this must end within the budget; if something is left then, NotDrained is raised.
        After a failure nothing is waited for, but what was acknowledged is still committed, in one
        attempt.
        """
        self._intake.open = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.drain_timeout):
                if self._failure is None:
                    await self._unless_failed(owner)
                    await self._settled()
                await self._committer.commit()
                while self._failure is None and self._offsets.uncommitted():
                    await asyncio.sleep(_COMMIT_AGAIN_SECONDS)
                    await self._committer.commit()
        if self._failure is None and (left := self._offsets.uncommitted()):
            self._end(
                NotDrained(
                    f"not drained after {self._service.drain_timeout:g} s: "
                    f"{self._outbox.in_flight} messages are not acknowledged, {left} offsets are "
                    "not committed. These records will be read again."
                )
            )

    async def _settled(self) -> None:
        """Wait until everything is acknowledged, or until the worker has failed."""
        drained = asyncio.ensure_future(self._outbox.drained())
        try:
            await self._unless_failed(drained)
        finally:
            drained.cancel()

    async def _unless_failed(self, work: "asyncio.Task[None]") -> None:
        while not work.done() and self._failure is None:
            await asyncio.wait({work}, timeout=WATCH_SECONDS)

    # -- the owner: read, match, hand over ---------------------------------------------------------

    async def _own(self) -> None:
        ending = asyncio.ensure_future(self._ending.wait())
        stuck = asyncio.ensure_future(self._committer.stuck.wait())
        reading: asyncio.Task[Fetched] | None = None
        try:
            while not self._ending.is_set():
                # a read is not cancelled while its consumer lives: that would spoil the consumer
                reading = reading or asyncio.create_task(self._source.read())
                await asyncio.wait({reading, ending, stuck}, return_when=asyncio.FIRST_COMPLETED)
                if stuck.done():
                    await self._begin_anew()
                    reading.cancel()
                    reading = None
                    stuck = asyncio.ensure_future(self._committer.stuck.wait())
                elif reading.done():
                    # the records are freed before the next read: that halves the memory in use
                    finished, reading = reading, None
                    await self._take_from(finished)
                    del finished
        finally:
            ending.cancel()
            stuck.cancel()
            if reading is not None:
                reading.cancel()

    async def _take_from(self, finished: "asyncio.Task[Fetched]") -> None:
        try:
            fetched = finished.result()
        except ReadFailedError as error:
            await self._start_again(error)
        else:
            self._backoff.over()
            await self._intake.take(fetched)

    async def _start_again(self, error: ReadFailedError) -> None:
        """Replace a consumer that failed, after finishing what was begun with it."""
        pause = self._backoff.pause()
        if self._backoff.failing() > self._service.stall_timeout:
            raise Stalled(f"reading fails again and again: {error}") from error
        log.warning("reading_failed", error=str(error), again_in=pause)
        await self.revoked()
        await self._replace_source(pause)

    async def _begin_anew(self) -> None:
        """Replace a consumer that answers no commit; nothing more is asked of it."""
        log.warning("commits_unanswered", commits=self._committer.unanswered)
        self._intake.open = False
        self._let_go()
        await self._replace_source(0.0)
        self._committer.begin_anew()

    async def _replace_source(self, pause: float) -> None:
        self._watch.replacing = True
        while not self._ending.is_set():
            await self._source.stop()
            await self._unless_ending(asyncio.sleep(pause))
            try:
                await self._unless_ending(self._source.start(self))
            except KafkaUnreachable as unreachable:
                pause = self._backoff.pause()
                log.warning("kafka_unreachable", error=str(unreachable), again_in=pause)
            else:
                break
        self._watch.replacing = False
        self._watch.moved_on()

    # -- assigned and revoked partitions: called by the source -------------------------------------

    async def revoked(self) -> None:
        """Stop the intake, finish the slice in work, wait for its acknowledgements, and commit.

        All of this must end within ``revoke_timeout``; after that nothing of this generation is
        committed.
        """
        self._intake.open = False
        try:
            async with asyncio.timeout(self._revoke_timeout):
                await self._intake.between_slices.wait()
                await self._settled()
                await self._committer.commit()
        except TimeoutError:
            log.warning("revoke_timed_out", uncommitted=self._offsets.uncommitted())
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self._committer.abandon()
        for partition in self._offsets.assigned:
            for gauge in (LAG_RECORDS, ISOLATED):
                self._recorder.forget(gauge, (partition.topic, str(partition.partition)))
        if self._offsets.assigned:
            self._recorder.add(REBALANCES, 1, ("revoked",))
            self._watch.moved_on()
        self._offsets.revoke()
        self._recorder.set(ASSIGNED_PARTITIONS, 0)

    def assigned_from(self, generation: int, positions: Mapping[TopicPartition, int]) -> None:
        """Begin an assignment: these partitions are ours, each is read from its offset on."""
        self._offsets.assign(generation, positions)
        self._recorder.add(REBALANCES, 1, ("assigned",))
        self._recorder.set(ASSIGNED_PARTITIONS, len(positions))
        self._watch.moved_on()
        self._intake.open = not self._ending.is_set()
        log.info("partitions_assigned", count=len(positions), generation=generation)
