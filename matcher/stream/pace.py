"""How many records to match at a time, and when to try again after a failure."""

import time

_LARGEST = 10_000
_GROWTH = 4
_FIRST_PAUSE = 0.5
_LAST_PAUSE = 30.0


class SliceSize:
    """The number of records to match at a time: about as many as take ``seconds``, by the time that
    earlier ones took. So the event loop, and the group's heartbeats with it, get their turn.
    """

    def __init__(self, seconds: float, first: int = 64) -> None:
        self._seconds = seconds
        self.records = first

    def measured(self, records: int, seconds: float) -> None:
        """Note how long a number of records took. The size shrinks at once and grows in steps."""
        fitting = int(records * self._seconds / max(seconds, 1e-6))
        self.records = max(1, min(fitting, self.records * _GROWTH, _LARGEST))


class Backoff:
    """Growing pauses between attempts, and the time since the first of a row of failures."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE
        self._since: float | None = None

    def pause(self) -> float:
        """Note a failure; returns the seconds to wait before the next attempt."""
        if self._since is None:
            self._since = time.monotonic()
        pause, self._pause = self._pause, min(self._pause * 2, _LAST_PAUSE)
        return pause

    def failing(self) -> float:
        """Seconds since the first failure after the last success."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def over(self) -> None:
        """Note a success."""
        self._pause = _FIRST_PAUSE
        self._since = None
