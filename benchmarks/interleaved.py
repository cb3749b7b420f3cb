"""Contestants, each a process that has loaded its work and runs it when it is asked.

By turns, so that what else the machine does is shared by all of them; each in a process of its own,
so that another version of the code can be one of them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from benchmarks.compare import Cost

ROOT = Path(__file__).parents[1]
_PROGRAM = Path(__file__).with_name("contestant.py")


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant: what it runs, and the tree whose ``matcher`` it imports. Those with the same
    ``finds`` must find the same number of alerts.
    """

    label: str
    which: str
    rules: Path
    tree: Path = ROOT
    finds: str = "of all"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a file of records: seconds, and alerts."""

    cpu: float
    wall: float
    alerts: int


class Contestant:
    """A running contestant. A context manager."""

    def __init__(self, entry: Entry, files: Sequence[Path]) -> None:
        self.entry = entry
        path = os.pathsep.join(dict.fromkeys((str(entry.tree), str(ROOT))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", _PROGRAM, entry.which, entry.rules, *files],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            cwd=entry.tree,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_ready(self) -> None:
        """Until it has loaded. Raises RuntimeError where it took another tree's code."""
        found = self._answer()["matcher"]
        if found is not None and not Path(found).is_relative_to(self.entry.tree):
            raise RuntimeError(f"{self.entry.label}: {found} is not of {self.entry.tree}")

    def run(self, number: int) -> Pass:
        """One pass over the file with that number."""
        asked: IO[str] = self._process.stdin  # type: ignore[assignment]  # a pipe, as started
        asked.write(f"{number}\n")
        asked.flush()
        return Pass(**self._answer())

    def _answer(self) -> dict[str, Any]:
        answers: IO[str] = self._process.stdout  # type: ignore[assignment]  # as above
        line = answers.readline()
        if not line:
            raise RuntimeError(f"{self.entry.label} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def contestants(entries: Sequence[Entry], files: Sequence[Path]) -> Iterator[list[Contestant]]:
    """All of them, loaded, and warmed by one pass over each file."""
    with ExitStack() as stack:
        running = [stack.enter_context(Contestant(entry, files)) for entry in entries]
        for one in running:
            one.wait_ready()
            for number in range(len(files)):
                one.run(number)
        yield running


def race(
    found: Sequence[Entry], files: Sequence[Path], count: int, rounds: int
) -> list[dict[str, Cost]]:
    """Every contestant over every file of ``count`` records, by turns: by file, the costs by label.

    Raises AssertionError where two that must find the same number of alerts do not.
    """
    costs = [{entry.label: Cost() for entry in found} for _ in files]
    with contestants(found, files) as running:
        for _ in range(rounds):
            for number, file in enumerate(files):
                alerts: dict[str, dict[str, int]] = {}
                for one in running:
                    done = one.run(number)
                    cost = costs[number][one.entry.label]
                    cost.add(done.cpu / count * 1e6, count / done.wall)
                    alerts.setdefault(one.entry.finds, {})[one.entry.label] = done.alerts
                for same in alerts.values():
                    if len(set(same.values())) > 1:
                        raise AssertionError(f"{file.name}: they do not agree: {same}")
    return costs
