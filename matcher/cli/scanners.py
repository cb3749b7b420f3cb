"""Examines parts of files in several processes, and gives the findings in the order of the parts.

The processes are forked with the rules loaded, and end when this process ends, however it ends.
What they find in later parts is held, in bounded memory, while an earlier part is in work.
"""

import os
import pickle
import signal
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from matcher.cli.findings import Findings, examine
from matcher.cli.parts import Part
from matcher.cli.reading import read_portions
from matcher.errors import MatcherError, UsageError
from matcher.pipeline.process import Pipeline
from matcher.service import process

_HELD_BYTES = 128 * 1024 * 1024
"""At most so many bytes are held, and in addition one message of each process."""
_HELD_PARTS = 8
"""So many parts are in work or held for each process."""

_AT_HAND = 2

_END_OF_PART = b""

Result = Findings | UsageError
"""A file that cannot be read ends with the error."""


@dataclass(slots=True)
class _Work:
    """One part that was given to a process, and what came back and is held."""

    part: Part
    results: deque[bytes] = field(default_factory=deque)
    done: bool = False


@dataclass(slots=True)
class _Scanner:
    """One process, and the parts that it has not finished."""

    pid: int
    connection: "Connection[Part, bytes]"
    works: deque[_Work] = field(default_factory=deque)

    @property
    def takes_more(self) -> bool:
        """Whether another part may be given to the process. The process has a second part at hand,
        so that it need not wait for us; but no part may wait behind a whole file while other
        processes are idle.
        """
        return len(self.works) < _AT_HAND and all(work.part.span for work in self.works)


class Scanners:
    """A context manager: the processes run while its block runs. No thread may run when the block
    begins, because the processes are forked.
    """

    def __init__(self, pipeline: Pipeline, number: int) -> None:
        self._pipeline = pipeline
        self._number = number
        self._all: list[_Scanner] = []
        self._held = 0

    def __enter__(self) -> Self:
        for _ in range(self._number):
            started = process.start(self._scan, keep_files=True)
            self._all.append(_Scanner(started.pid, Connection(started.end.detach())))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for scanner in self._all:
            os.kill(scanner.pid, signal.SIGKILL)
            os.waitpid(scanner.pid, 0)
            scanner.connection.close()

    def examine(self, parts: Iterable[Part]) -> Iterator[tuple[Part, Result]]:
        """The findings of all parts, in order. Raises MatcherError if a process ends."""
        coming = iter(parts)
        queue: deque[_Work] = deque()
        while True:
            while self._has_room(queue) and (part := next(coming, None)) is not None:
                queue.append(self._give(part))
            if not queue:
                return
            first = queue[0]
            while first.results:
                result = first.results.popleft()
                self._held -= len(result)
                yield first.part, pickle.loads(result)  # noqa: S301 - from our own process
            if first.done:
                queue.popleft()
            else:
                self._receive(first)

    def _has_room(self, queue: deque[_Work]) -> bool:
        few = self._held < _HELD_BYTES and len(queue) < _HELD_PARTS * self._number
        return few and any(scanner.takes_more for scanner in self._all)

    def _give(self, part: Part) -> _Work:
        """Give the part to the process that has the least to do."""
        free = (scanner for scanner in self._all if scanner.takes_more)
        scanner = min(free, key=lambda scanner: len(scanner.works))
        scanner.works.append(_Work(part))
        with _its_end_said(scanner):
            scanner.connection.send(part)
        return scanner.works[-1]

    def _receive(self, first: _Work) -> None:
        """Wait for results and take them: where much is held, only results of the first part."""
        busy = [scanner for scanner in self._all if scanner.works]
        if self._held >= _HELD_BYTES:
            busy = [scanner for scanner in busy if scanner.works[0] is first]
        by_connection = {scanner.connection: scanner for scanner in busy}
        for connection in wait(list(by_connection)):
            scanner = by_connection[connection]  # type: ignore[index]  # only connections were given
            with _its_end_said(scanner):
                result = scanner.connection.recv_bytes()
            if result == _END_OF_PART:
                scanner.works.popleft().done = True
            else:
                self._held += len(result)
                scanner.works[0].results.append(result)

    def _scan(self, end: socket.socket) -> None:
        """What a process does: examine each part that it is given."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that was asked to end ends us
        connection: Connection[bytes, Part] = Connection(end.detach())
        while True:
            try:
                part = connection.recv()
            except EOFError:
                return
            for result in _results(self._pipeline, part):
                connection.send_bytes(pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
            connection.send_bytes(_END_OF_PART)


@contextmanager
def _its_end_said(scanner: _Scanner) -> Iterator[None]:
    """Raises MatcherError if the process turns out to have ended."""
    try:
        yield
    except (EOFError, OSError) as error:
        raise MatcherError(
            f"{scanner.works[0].part.path}: the process that read it ended before its end; "
            "scan it with --workers 1 to see why"
        ) from error


def _results(pipeline: Pipeline, part: Part) -> Iterator[Result]:
    try:
        yield from examine(pipeline, part.path, read_portions(part.path, part.span))
    except UsageError as error:
        yield error
