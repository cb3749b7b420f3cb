"""Several workers as one service: one address, one set of numbers, one signal, one exit code.

::

    settings, rules ─→ supervisor ─┬→ worker 1 ─┐
                           │       ├→ worker 2 ─┼→ Kafka: members of one consumer group
    /metrics /readyz ←─────┘       └→ worker N ─┘

Each worker is a whole :class:`matcher.service.service.Service` without its HTTP pages. The
supervisor touches no record. Its event loop does not run while it forks
(:mod:`matcher.service.process`).
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Sequence

import structlog

from matcher.config import Settings
from matcher.errors import (
    EXIT_KAFKA,
    EXIT_OK,
    EXIT_STALLED,
    ConfigError,
    DeliveryError,
    ForcedError,
    KafkaUnreachable,
    MatcherError,
    NotDrained,
)
from matcher.metrics import WORKER_RESTARTS
from matcher.pipeline.process import Pipeline
from matcher.service.collector import calm_collector
from matcher.service.exposition import Exposition, render
from matcher.service.http import application, serve
from matcher.service.joining import join
from matcher.service.link import Order, WorkerFront
from matcher.service.member import STUCK_SECONDS, Member
from matcher.service.process import EXIT_BUG
from matcher.service.service import CLOSING_SECONDS, Service, run_service
from matcher.service.shutdown import Shutdown

log = structlog.get_logger(__name__)

_MARGIN_SECONDS = 2.5
"""Time beyond a worker's own budget: a worker that is late ends itself, and says why."""
_WATCH_SECONDS = 1

_ERRORS: dict[int, type[MatcherError]] = {
    kind.exit_code: kind
    for kind in (ConfigError, KafkaUnreachable, DeliveryError, ForcedError, NotDrained)
}


class Supervisor:
    """Runs as many workers as ``service.workers`` says, until a clean drain.

    A worker that crashes, stalls, hangs or is killed is started again, after a pause that grows. If
    a worker ends with another error, all workers end, and so does the service, with that error.
    """

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._exposition = Exposition((WORKER_RESTARTS,))
        self._members = [Member(number + 1) for number in range(settings.service.workers)]
        for member in self._members:
            self._exposition.add(WORKER_RESTARTS, 0, (str(member.number),))
        self._failure: MatcherError | None = None
        self._changed = asyncio.Event()
        self._closing = contextlib.AsyncExitStack()
        budget = settings.service.drain_timeout + CLOSING_SECONDS + _MARGIN_SECONDS
        self._shutdown = Shutdown(budget, self._drain, self._force)

    def run(self) -> None:
        """Run until every worker has ended.

        Raises the error of the first worker that is not started again, ForcedError where the end
        was forced, ConfigError where the HTTP address cannot be used.
        """
        calm_collector()
        with asyncio.Runner() as runner:
            try:
                runner.run(self._open())
                while due := runner.run(self._due()):
                    for member in due:
                        self._start(member)
            finally:
                runner.run(self._closing.aclose())
        if self._failure is not None:
            raise self._failure
        log.info("stopped")

    async def _open(self) -> None:
        self._closing.enter_context(self._shutdown)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._changed.set)
        self._closing.callback(loop.remove_signal_handler, signal.SIGCHLD)
        app = application(self._numbers, self._live, self._ready)
        address = await self._closing.enter_async_context(serve(self._settings.http, app))
        watching = asyncio.create_task(self._watch())
        self._closing.callback(watching.cancel)
        log.info("listening", address=address)

    # -- workers begin and end ---------------------------------------------------------------------

    async def _due(self) -> Sequence[Member]:
        """Wait until workers are to be started, and return them; none once all have ended."""
        while True:
            self._changed.clear()
            for member in self._members:
                await member.listen()
                code = await member.reap()
                if code is not None:
                    self._ended(member, code)
            ending = self._shutdown.requested
            if ending and all(member.process is None for member in self._members):
                return ()
            due = [member for member in self._members if member.due]
            if due and not ending:
                return due
            await self._changed.wait()

    async def _watch(self) -> None:
        """Kill workers that hang, and have :meth:`_due` look again which workers are due."""
        longest = max(self._settings.service.stall_timeout, STUCK_SECONDS)
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for member in self._members:
                member.silent += _WATCH_SECONDS
                if member.process is not None and member.silent > longest:
                    log.error("worker_hangs", worker=member.number, seconds=member.silent)
                    member.kill()
            self._changed.set()

    def _start(self, member: Member) -> None:
        """Fork. Only the supervisor returns from here."""

        def work(end: socket.socket) -> None:
            structlog.contextvars.bind_contextvars(worker=member.number)
            run_service(Service(self._settings, self._pipeline, front=WorkerFront(end)))

        if member.starts:
            self._exposition.add(WORKER_RESTARTS, 1, (str(member.number),))
        member.start(work)

    def _ended(self, member: Member, code: int) -> None:
        """Unless a drain was asked for, start the worker again later or end all workers."""
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if self._shutdown.requested:
            log.info("worker_ended", worker=member.number, how=how)
            if code != EXIT_OK:
                self._fail(member, code, how)
        elif _is_started_again(member, code):
            pause = member.rest()
            log.warning("worker_ended", worker=member.number, how=how, again_in=pause)
        else:
            log.error("worker_ended", worker=member.number, how=how)
            self._fail(member, code, how)
            self._shutdown.request(f"worker {member.number} ended with {how}")

    def _fail(self, member: Member, code: int, how: str) -> None:
        """Keep the first error, to be raised at the end."""
        if self._failure is None:
            text = f"worker {member.number} ended with {how} before it had drained"
            if member.failed is not None:
                text = member.failed.text
            self._failure = _ERRORS.get(code, ForcedError)(text)

    def _drain(self) -> None:
        for member in self._members:
            member.order(Order("the supervisor says so"))
        self._changed.set()

    def _force(self) -> None:
        self._failure = self._failure or self._shutdown.error()
        for member in self._members:
            member.order(Order("the supervisor says so", force=True))

    # -- what is seen from outside -----------------------------------------------------------------

    async def _numbers(self) -> bytes:
        """The numbers of all workers; of a worker that does not answer, its last counters."""
        answered = await asyncio.gather(*(member.give_numbers() for member in self._members))
        running = [self._exposition.snapshot()]
        ended = [member.ended_numbers for member in self._members]
        for member, fresh in zip(self._members, answered, strict=True):
            (running if fresh else ended).append(member.numbers)
        return render(join(running, ended))

    def _live(self) -> tuple[bool, str]:
        stuck = [
            f"worker {member.number}: no sign of life for {member.silent} s"
            for member in self._members
            if member.stuck
        ]
        run = sum(member.process is not None for member in self._members)
        return not stuck, "\n".join([f"{run} of {len(self._members)} workers run", *stuck])

    def _ready(self) -> tuple[bool, str]:
        ready = [member.ready and not member.stuck for member in self._members]
        lines = [f"worker {member.number}: {member.line}" for member in self._members]
        heading = f"{sum(ready)} of {len(ready)} workers are ready"
        return all(ready), "\n".join([heading, *lines])


def _is_started_again(member: Member, code: int) -> bool:
    """Whether a worker that was not told to end is started again: after a crash, after a stall, and
    where a worker that had been ready cannot reach Kafka. A service without a supervisor would also
    end in these cases, and would be well after a new start.
    """
    crashed = code < 0 or code in (EXIT_OK, EXIT_BUG)
    return crashed or code == EXIT_STALLED or (code == EXIT_KAFKA and member.was_ready)
