"""When a consumer fetches, and how long a broker holds back an answer: few large answers cost much
less than many small ones.
"""

import time
from typing import Any

_COLLECTING_BYTES = 262_144
_COLLECTING_MS = 10
_FOLLOWS_SECONDS = 0.1


class FetchPace:
    """Sets a consumer's fetches by what came before them.

    A partition is fetched as soon as its records are handed out, while those of the others are
    still matched. By itself the client would wait a tenth of a second for all of a broker's
    partitions, and so stand still at every fetch.

    While records come one soon after another, a broker may collect them for 10 ms: at 6,000 records
    a second that is 100 answers instead of one for every batch of every producer. At full load an
    answer is large enough at once. After a pause the next record is answered without delay, and
    while none comes the broker is asked rarely.
    """

    def __init__(self) -> None:
        self._fetcher: Any = None
        self._at_rest: tuple[int, int] = (1, 0)
        self._last = 0.0
        self._collecting = False

    def watch(self, consumer: Any) -> None:
        """Set the fetches of this started aiokafka consumer from now on."""
        fetcher = self._fetcher = consumer._fetcher  # noqa: SLF001 - it offers no setting for it
        self._at_rest = fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms  # noqa: SLF001
        fetcher._prefetch_backoff = 0.0  # noqa: SLF001
        self._last, self._collecting = 0.0, False

    def read(self, *, found: bool) -> None:
        """Note a read, and whether there was something to read."""
        now = time.monotonic()
        collecting = found and now - self._last < _FOLLOWS_SECONDS
        if found:
            self._last = now
        if collecting != self._collecting:
            self._collecting = collecting
            collected = (_COLLECTING_BYTES, _COLLECTING_MS)
            least, wait = collected if collecting else self._at_rest
            self._fetcher._fetch_min_bytes = least  # noqa: SLF001
            self._fetcher._fetch_max_wait_ms = wait  # noqa: SLF001
