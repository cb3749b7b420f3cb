"""Examines parts of files in several processes, and gives the findings in the order of the parts.

The processes are forked with the rules loaded, and end with this one however it ends. What they
find of later parts is held while an earlier part is in work, in bounded memory.
"""

import os
import pickle
import signal
import socket
from collections import deque
from collections.abc import Iterable, Iterator
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
"""So much is held at most, and in addition one message of each process."""
_HELD_PARTS = 8
"""So many parts are in work or held for each process."""

_END_OF_PART = b""

Result = Findings | UsageError
"""A file that cannot be read ends with the error."""


@dataclass(slots=True)
class _Work:
    """One part in work, or done and held."""

    part: Part
    scanner: "_Scanner"
    results: deque[bytes] = field(default_factory=deque)
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Scanner:
    """One process."""

    pid: int
    connection: "Connection[Part, bytes]"


class Scanners:
    """A context manager: the processes run while its block does. No thread may run when it begins,
    as the processes are forked.
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
        idle = list(self._all)
        queue: deque[_Work] = deque()
        while True:
            while idle and self._has_room(queue) and (part := next(coming, None)) is not None:
                scanner = idle.pop()
                scanner.connection.send(part)
                queue.append(_Work(part, scanner))
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
                idle += self._receive(queue)

    def _has_room(self, queue: deque[_Work]) -> bool:
        return self._held < _HELD_BYTES and len(queue) < _HELD_PARTS * self._number

    def _receive(self, queue: deque[_Work]) -> list[_Scanner]:
        """Wait for results, and take them; gives the processes that have finished a part. Where
        much is held, only the first part is waited for.
        """
        wanted = [work for work in queue if not work.done]
        if self._held >= _HELD_BYTES:
            del wanted[1:]
        by_connection = {work.scanner.connection: work for work in wanted}
        finished = []
        for connection in wait(list(by_connection)):
            work = by_connection[connection]  # type: ignore[index]  # only connections were given
            result = self._result(work)
            if result == _END_OF_PART:
                work.done = True
                finished.append(work.scanner)
            else:
                self._held += len(result)
                work.results.append(result)
        return finished

    def _result(self, work: _Work) -> bytes:
        try:
            return work.scanner.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise MatcherError(
                f"{work.part.path}: the process that read it ended before its end; "
                "scan it with --workers 1 to see why"
            ) from error

    def _scan(self, end: socket.socket) -> None:
        """What a process does: examine each part that it is given."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who was asked to end ends us
        connection: Connection[bytes, Part] = Connection(end.detach())
        while True:
            try:
                part = connection.recv()
            except EOFError:
                return
            for result in _results(self._pipeline, part):
                connection.send_bytes(pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
            connection.send_bytes(_END_OF_PART)


def _results(pipeline: Pipeline, part: Part) -> Iterator[Result]:
    try:
        yield from examine(pipeline, part.path, read_portions(part.path, part.span))
    except UsageError as error:
        yield error
