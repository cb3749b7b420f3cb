"""Two small rules of time: how much to match at a stretch, and when to try again."""

import time

_LARGEST = 10_000
_GROWTH = 4
_FIRST_PAUSE = 0.5
_LAST_PAUSE = 30.0


class SliceSize:
    """How many records to match at a stretch: about ``seconds`` worth of the time they took.

    So the event loop, and with it the group's heartbeats, gets its turn.
    """

    def __init__(self, seconds: float, first: int = 64) -> None:
        self._seconds = seconds
        self.records = first

    def measured(self, records: int, seconds: float) -> None:
        """So many records took so long. It shrinks at once and grows step by step."""
        fitting = int(records * self._seconds / max(seconds, 1e-6))
        self.records = max(1, min(fitting, self.records * _GROWTH, _LARGEST))


class Backoff:
    """Growing pauses between attempts, and how long it has failed without a success between."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE
        self._since: float | None = None

    def pause(self) -> float:
        """It failed: how long to wait before the next attempt, in seconds."""
        if self._since is None:
            self._since = time.monotonic()
        pause, self._pause = self._pause, min(self._pause * 2, _LAST_PAUSE)
        return pause

    def failing(self) -> float:
        """Seconds since the first failure after the last success."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def over(self) -> None:
        """It succeeded."""
        self._pause = _FIRST_PAUSE
        self._since = None
