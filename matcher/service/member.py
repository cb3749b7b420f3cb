"""What a supervisor knows of one worker: its process, what the worker said, when to start another.

:class:`Member` outlives its processes: the process that takes the place of an ended one has the
same number.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable

import structlog

from matcher.service.exposition import Snapshot
from matcher.service.joining import join
from matcher.service.link import Failed, Link, Message, Numbers, NumbersWanted, Order, Sign
from matcher.service.process import Process, start
from matcher.stream.pace import Backoff

log = structlog.get_logger(__name__)

STUCK_SECONDS = 10
"""A worker that gave no sign for so many seconds is not live."""

_ANSWER_SECONDS = 2.0
_LAST_WORDS_SECONDS = 5.0
_WELL_SECONDS = 60.0
"""A worker that ran for so many seconds is started again without the growing pauses."""


class Member:
    """One worker, by its number from 1."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: Process | None = None
        self.starts = 0
        self.silent = 0
        """Seconds without a sign from the worker; only time in which the supervisor ran counts."""
        self.ready = False
        self.line = "starting"
        """Why the worker is ready or not."""
        self.was_ready = False
        """Whether any process of this member was ever ready."""
        self.failed: Failed | None = None
        """The error that the last process ended with; None if the process reported no error."""
        self.numbers: Snapshot = ()
        self.ended_numbers: Snapshot = ()
        """The counters of all processes that ended."""
        self._link: Link | None = None
        self._listening: asyncio.Task[None] | None = None
        self._order: Order | None = None
        self._answer: asyncio.Future[None] | None = None
        self._backoff = Backoff()
        self._started = self._due = 0.0

    # -- its process -------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether a process is to be started now."""
        return self.process is None and time.monotonic() >= self._due

    @property
    def stuck(self) -> bool:
        """Whether its process runs and gives no sign."""
        return self.process is not None and self.silent >= STUCK_SECONDS

    def start(self, work: Callable[[socket.socket], None]) -> None:
        """Start a process. Only the supervisor returns from here; no event loop may run."""
        self.process = start(work)
        self.starts += 1
        self.silent, self.failed, self._order = 0, None, None
        self._started = time.monotonic()
        log.info("worker_started", worker=self.number, pid=self.process.pid)

    async def listen(self) -> None:
        """Begin to hear a process that was started."""
        if self.process is not None and self._link is None:
            self._link = await Link.over(self.process.end)
            self._listening = asyncio.create_task(self._listen(self._link))
            if self._order is not None:
                self._link.send(self._order)

    async def reap(self) -> int | None:
        """The exit code of its process, if that has ended and all it said was heard; a negative
        number is the signal that ended the process.
        """
        code = None if self.process is None else self.process.exit_code()
        if code is None:
            return None
        self.silent = 0  # do not kill it: its id may belong to another process now
        await self._hear_last_words()
        self.process = None
        self.ready, self.line = False, "not running"
        self.ended_numbers = join((), (self.ended_numbers, self.numbers))
        self.numbers = ()
        return code

    async def _hear_last_words(self) -> None:
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=_LAST_WORDS_SECONDS)
            self._listening.cancel()
        if self._link is not None:
            await self._link.close()
        self._link = self._listening = None

    def rest(self) -> float:
        """Have a process started after a pause; returns the pause in seconds."""
        if time.monotonic() - self._started > _WELL_SECONDS:
            self._backoff.over()
        pause = self._backoff.pause()
        self._due = time.monotonic() + pause
        return pause

    def kill(self) -> None:
        """End its process now."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)

    # -- what is said ------------------------------------------------------------------------------

    def order(self, order: Order) -> None:
        """Tell its process to end."""
        self._order = order
        if self._link is not None:
            self._link.send(order)

    async def give_numbers(self) -> bool:
        """Ask its process for :attr:`numbers`; False if they did not come in time."""
        if self._link is None:
            return False
        if self._answer is None or self._answer.done():
            self._answer = asyncio.get_running_loop().create_future()
            self._link.send(NumbersWanted())
        done, _ = await asyncio.wait({self._answer}, timeout=_ANSWER_SECONDS)
        return bool(done) and self.process is not None

    async def _listen(self, link: Link) -> None:
        try:
            async with contextlib.aclosing(link.receive()) as messages:
                async for message in messages:
                    self._hear(message)
        finally:
            self._answered()

    def _hear(self, message: Message) -> None:
        match message:
            case Sign(ready=ready, line=line):
                self.silent = 0
                self.ready, self.line = ready, line
                self.was_ready = self.was_ready or ready
            case Numbers(snapshot=snapshot):
                self.numbers = snapshot
                self._answered()
            case Failed():
                self.failed = message

    def _answered(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)
