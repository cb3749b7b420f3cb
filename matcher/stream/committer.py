"""Commits offsets while reading goes on, one commit at a time."""

import asyncio
import contextlib
import time

import structlog

from matcher.errors import Stalled
from matcher.metrics import COMMITS, Recorder
from matcher.stream.offsets import OffsetTracker
from matcher.stream.source import (
    CommitFailedInTimeError,
    CommitRefusedError,
    CommitUnansweredError,
    Source,
)

log = structlog.get_logger(__name__)

COMMIT_SECONDS = 1.0
_CALM_SECONDS = 0.2

_STUCK_AFTER = 2


class Committer:
    """Commits the offsets that the tracker gives, every ``seconds``, and sooner where the stream
    has come to rest.

    A failed commit is no error: its offsets stay committable, and the next commit includes them.
    ``stuck`` is set after two commits in a row had no answer: the client must then be replaced,
    because a client whose background tasks have ended never answers a commit (aiokafka issue 1101).
    ``stall_timeout`` is in seconds.
    """

    def __init__(
        self,
        source: Source,
        offsets: OffsetTracker,
        recorder: Recorder,
        *,
        stall_timeout: float,
        seconds: float = COMMIT_SECONDS,
    ) -> None:
        self._source = source
        self._offsets = offsets
        self._recorder = recorder
        self._seconds = seconds
        self._stall_timeout = stall_timeout
        self._failing_since: float | None = None
        self._asked = asyncio.Event()
        self._moved = 0.0
        self._calm: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()
        self._under_way: asyncio.Task[None] | None = None
        self.stuck = asyncio.Event()
        self.unanswered = 0
        """The number of consecutive commits of one client that had no answer."""

    def moved(self) -> None:
        """Note that records were read or acknowledged. A fifth of a second after the last of these
        events there is a commit, because nothing else is to be done then.
        """
        self._moved = time.monotonic()
        if self._calm is None:
            self._calm = asyncio.get_running_loop().call_later(_CALM_SECONDS, self._look_for_calm)

    def _look_for_calm(self) -> None:
        left = self._moved + _CALM_SECONDS - time.monotonic()
        if left > 0:
            self._calm = asyncio.get_running_loop().call_later(left, self._look_for_calm)
        else:
            self._calm = None
            self._asked.set()

    async def run(self) -> None:
        """Commit until cancelled. Raises Stalled if no commit, by any client, had an answer for the
        whole of ``stall_timeout``.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._asked.wait()
            self._asked.clear()
            if not await self.commit():
                self._check()

    def _check(self) -> None:
        seconds = time.monotonic() - (self._failing_since or time.monotonic())
        if seconds > self._stall_timeout:
            raise Stalled(
                f"nothing was committed for {seconds:.1f} s, and {self._offsets.uncommitted()} "
                "offsets wait for it"
            )

    async def commit(self) -> bool:
        """Commit once, after any commit under way. Returns False if no broker confirmed it."""
        async with self._one_at_a_time:
            generation, offsets = self._offsets.generation, self._offsets.committable()
            if not offsets:
                return True
            begun = time.monotonic()
            self._under_way = asyncio.ensure_future(self._source.commit(offsets))
            try:
                outcome = await self._outcome(self._under_way)
            finally:
                self._under_way = None
            self._recorder.add(COMMITS, 1, (outcome,))
            if outcome == "failed":
                self._failing_since = self._failing_since or begun
                return False
            if outcome == "ok":
                self._offsets.committed(generation, offsets)
            if outcome != "abandoned":
                self.unanswered, self._failing_since = 0, None
            return True

    def begin_anew(self) -> None:
        """Forget the commits without an answer: their client has been replaced."""
        self.unanswered = 0
        self.stuck.clear()

    def _count_unanswered(self, unanswered: bool) -> None:
        self.unanswered = self.unanswered + 1 if unanswered else 0
        if self.unanswered >= _STUCK_AFTER:
            self.stuck.set()

    def abandon(self) -> None:
        """Do not repeat a commit under way, because the partitions are about to be revoked."""
        if self._under_way is not None:
            self._under_way.cancel()

    async def _outcome(self, commit: "asyncio.Task[None]") -> str:
        try:
            await asyncio.wait({commit})
        finally:
            commit.cancel()
        if commit.cancelled():
            return "abandoned"
        error = commit.exception()
        if isinstance(error, CommitRefusedError):
            log.info("commit_refused", why=str(error))
            return "refused"
        if isinstance(error, CommitFailedInTimeError):
            log.warning("commit_failed", error=str(error))
            self._count_unanswered(isinstance(error, CommitUnansweredError))
            return "failed"
        if error is not None:
            raise error
        return "ok"
