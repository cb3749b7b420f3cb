"""The only module that handles the signals which a service is sent.

The first signal asks for a drain. A second signal, or a drain that takes longer than its budget,
forces the end: the work is cancelled and the process ends with EXIT_FORCED. What was not
acknowledged was not committed either, so it is read again. If even the cancelled work hangs (a
client's ``stop`` may: docs/reference/kafka.md), a thread ends the process.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import structlog

from matcher.errors import EXIT_FORCED, ForcedError

SIGNALS = (signal.SIGTERM, signal.SIGINT)
IGNORED_SIGNALS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_GRACE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Shutdown:
    """Installs the signal handlers while its block runs, and then restores the former ones.

    ``drain`` is called once, at the first signal or :meth:`request`. ``cancel`` is called when the
    end is forced; :attr:`forced` then says why. With ``patient`` a further signal changes nothing:
    only :meth:`force` and the budget force the end.
    """

    def __init__(
        self,
        budget: float,
        drain: Callable[[], None],
        cancel: Callable[[], object],
        *,
        patient: bool = False,
    ) -> None:
        self._patient = patient
        self._budget = budget
        self._drain = drain
        self._cancel = cancel
        self._timer: asyncio.TimerHandle | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._last_resort: threading.Timer | None = None
        self.requested = False
        self.forced: str | None = None

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._install(number, self._received)
        for number in IGNORED_SIGNALS:
            self._install(number, _ignored)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.requested = True  # a request from now on is too late
        loop = asyncio.get_running_loop()
        for number, before in self._before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, before)
        if self._timer is not None:
            self._timer.cancel()

    def request(self, why: str) -> None:
        """Begin to drain; a second call changes nothing."""
        if self.requested:
            return
        self.requested = True
        log.info("draining", why=why, budget_seconds=self._budget)
        self._timer = asyncio.get_running_loop().call_later(
            self._budget, self.force, f"the drain took longer than {self._budget:g} s"
        )
        self._drain()

    def error(self) -> ForcedError:
        """The error to raise after a forced end."""
        return ForcedError(
            f"ended before it had drained: {self.forced}. What was not "
            "acknowledged was not committed, and will be read again."
        )

    def _install(self, number: signal.Signals, handler: Callable[[signal.Signals], None]) -> None:
        self._before[number] = signal.getsignal(number)
        asyncio.get_running_loop().add_signal_handler(number, handler, number)

    def _received(self, number: signal.Signals) -> None:
        if not self.requested:
            self.request(number.name)
        elif not self._patient:
            self.force(f"{number.name} came a second time")

    def force(self, why: str) -> None:
        """End now, without waiting for the drain; a second call changes nothing."""
        if self.forced is not None:
            return
        self.forced = why
        log.error("forced to end: what is not acknowledged will be read again", why=why)
        self._last_resort = threading.Timer(_GRACE_SECONDS, _end_process)
        self._last_resort.daemon = True
        self._last_resort.start()
        self._cancel()


def _ignored(number: signal.Signals) -> None:
    log.warning(
        "signal_ignored",
        signal=number.name,
        hint="rules and settings are read at the start: restart the service to read them again",
    )


def _end_process() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_FORCED)
