"""Child processes of the suite: each has a session of its own and is ended by its own id.

Whatever happens to the suite, no child is left behind: fixtures end the children, ``atexit`` ends
those that a fixture could not end, and where util-linux is installed the kernel ends all of them
with the suite.
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
    """One running program, with its output in a file. Start the program from the main thread.

    ``env`` is the program's whole environment; None stands for the suite's own environment.
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
        """The exit code; None while the program runs."""
        return self._popen.poll()

    def send(self, signum: signal.Signals) -> None:
        self._popen.send_signal(signum)

    def wait(self, timeout: float) -> int:
        """Wait for the exit code. Raises AssertionError with the last output if the program does
        not end in time.
        """
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.pid} still runs after {timeout} s\n{self.tail()}"
            ) from None

    def kill(self) -> None:
        """End the program now if it still runs. A second call is harmless."""
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        if self in _running:
            _running.remove(self)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def said(self, event: str) -> list[dict[str, Any]]:
        """The program's log lines with this event; a last line that is not complete is left out."""
        whole = (line for line in self.output().splitlines(keepends=True) if line.endswith("\n"))
        lines = (json.loads(line) for line in whole if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def tail(self, lines: int = 40) -> str:
        """The last lines of the output, for the report of a failure."""
        return "\n".join([f"--- {self.log}", *self.output().splitlines()[-lines:], "---"])


def has_ended(pid: int) -> bool:
    """Whether the process has ended, even if nobody has asked for its exit code yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def wait_until(
    condition: Callable[[], object], timeout: float, what: str, child: Child | None = None
) -> None:
    """Ask until the condition holds. Fails after the timeout, or at once if the child has ended."""
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
