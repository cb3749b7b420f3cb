"""Child processes of the suite: each in a session of its own, each ended by its own id.

Whatever happens to the suite, none is left behind: fixtures end them, ``atexit`` ends what a
fixture could not, and where util-linux is there the kernel ends them with the suite.
"""

import atexit
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_SETPRIV = shutil.which("setpriv")
_running: list["Child"] = []


class Child:
    """One running program, its output in a file. Start it from the main thread.

    ``env`` is its whole environment, ours where it is None.
    """

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        die_with_us = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*die_with_us, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=env,
            )
        _running.append(self)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    def send(self, signum: signal.Signals) -> None:
        self._popen.send_signal(signum)

    def wait(self, timeout: float) -> int:
        """Its exit code; an AssertionError with its last output if it does not end in time."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.pid} still runs after {timeout} s\n{self.tail()}"
            ) from None

    def kill(self) -> None:
        """End it now, if it still runs. Safe to call again."""
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        if self in _running:
            _running.remove(self)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log lines with this event. A last line may still be in the making."""
        whole = (line for line in self.output().splitlines(keepends=True) if line.endswith("\n"))
        lines = (json.loads(line) for line in whole if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def tail(self, lines: int = 40) -> str:
        """The last lines of its output, for a failure's report."""
        return "\n".join([f"--- {self.log}", *self.output().splitlines()[-lines:], "---"])


def has_ended(pid: int) -> bool:
    """Whether the process has ended, though nobody may have asked for its exit code yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def wait_until(
    condition: Callable[[], object], timeout: float, what: str, child: Child | None = None
) -> None:
    """Ask until it holds. Fails after the timeout, or at once where the child has ended."""
    deadline = time.monotonic() + timeout
    while not condition():
        ended = child is not None and child.returncode is not None
        if ended or time.monotonic() > deadline:
            why = f"its process ended with {child.returncode}" if ended else f"not in {timeout} s"
            raise AssertionError(f"{what}: {why}\n{child.tail() if child else ''}")
        time.sleep(0.02)


@atexit.register
def _end_all() -> None:
    while _running:
        _running[0].kill()
