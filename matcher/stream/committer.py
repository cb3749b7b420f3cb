"""Commits offsets beside the reading, one commit at a time."""

import asyncio
import contextlib

import structlog

from matcher.metrics import COMMITS, Recorder
from matcher.stream.offsets import OffsetTracker
from matcher.stream.source import CommitFailedInTimeError, CommitRefusedError, Source

log = structlog.get_logger(__name__)

COMMIT_SECONDS = 1.0


class Committer:
    """Commits what the tracker says can be, every ``seconds`` and when asked.

    A commit that fails is no error: the offsets stay committable, and the next one tries again.
    """

    def __init__(
        self,
        source: Source,
        offsets: OffsetTracker,
        recorder: Recorder,
        seconds: float = COMMIT_SECONDS,
    ) -> None:
        self._source = source
        self._offsets = offsets
        self._recorder = recorder
        self._seconds = seconds
        self._asked = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._under_way: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Do not wait for the period's end: nothing else is to be done now."""
        self._asked.set()

    async def run(self) -> None:
        """Commit for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._asked.wait()
            self._asked.clear()
            await self.commit()

    async def commit(self) -> None:
        """Commit once, after the commit that is under way."""
        async with self._one_at_a_time:
            generation, offsets = self._offsets.generation, self._offsets.committable()
            if not offsets:
                return
            self._under_way = asyncio.ensure_future(self._source.commit(offsets))
            try:
                outcome = await self._outcome(self._under_way)
            finally:
                self._under_way = None
            if outcome == "ok":
                self._offsets.committed(generation, offsets)
            self._recorder.add(COMMITS, 1, (outcome,))

    def abandon(self) -> None:
        """The partitions are about to go: a commit still under way must not be tried again."""
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
            return "failed"
        if error is not None:
            raise error
        return "ok"
