"""When a consumer fetches, and how long a broker holds back an answer: few large answers cost much
less than many small ones.
"""

import time
from typing import Any, NamedTuple

_RECENT_SECONDS = 0.1


class Pace(NamedTuple):
    """A broker answers when it has ``least_bytes``, or after ``wait_ms``. A partition is fetched
    alone when the records of other partitions have waited for ``others_seconds`` to be handed out.
    """

    least_bytes: int
    wait_ms: int
    others_seconds: float


AT_REST = Pace(1, 100, 0.1)
"""The broker answers with the next record at once; while no record comes, it is asked rarely."""
COLLECTING = Pace(262_144, 10, 0.1)
"""Records come in quick succession. At 6,000 records a second, the broker gives 100 answers a
second instead of an answer for each batch of each producer.
"""
BEHIND = Pace(1, 10, 0.0)
"""More records wait than one read hands out. A partition is fetched as soon as its own records are
handed out, while the records of other partitions are still matched. Otherwise the client would
stand still at every fetch.
"""


class FetchPace:
    """Sets how one consumer after another fetches, by what the last reads handed out."""

    def __init__(self) -> None:
        self._fetcher: Any = None
        self.pace = AT_REST
        self._found = self._full = 0.0

    def watch(self, consumer: Any) -> None:
        """Set the fetches of this aiokafka consumer, which has started, from now on."""
        self._fetcher = consumer._fetcher  # noqa: SLF001 - no public setting once in use
        self._found = self._full = 0.0
        self._set(AT_REST)

    def read(self, records: int, most: int) -> None:
        """Note how many records a read handed out, and how many it was allowed to hand out."""
        now = time.monotonic()
        follows = now - self._found < _RECENT_SECONDS
        if records:
            self._found = now
        if records >= most:
            self._full = now
        if now - self._full < _RECENT_SECONDS:
            pace = BEHIND
        else:
            pace = COLLECTING if records and follows else AT_REST
        if pace is not self.pace:
            self._set(pace)

    def _set(self, pace: Pace) -> None:
        self.pace = pace
        self._fetcher._fetch_min_bytes = pace.least_bytes  # noqa: SLF001
        self._fetcher._fetch_max_wait_ms = pace.wait_ms  # noqa: SLF001
        self._fetcher._prefetch_backoff = pace.others_seconds  # noqa: SLF001
