"""Cuts files into parts that several processes can read."""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from matcher.cli.inputs import STDIN
from matcher.cli.reading import Span, is_lines

PART_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or a ``span`` of its lines."""

    path: str
    span: Span | None = None


def cut_into_parts(paths: Iterable[str], part_bytes: int = PART_BYTES) -> Iterator[Part]:
    """The parts of all files, in order. A file is cut behind a line feed about every ``part_bytes``
    if each of its lines is a record; any other file, and one that cannot be read, is one part.
    """
    for path in paths:
        try:
            yield from _parts(path, part_bytes)
        except OSError:
            yield Part(path)


def _parts(path: str, part_bytes: int) -> Iterator[Part]:
    """The parts of one file. Raises OSError only before the first part."""
    if path == STDIN or not _may_be_cut(Path(path), part_bytes):
        yield Part(path)
        return
    with Path(path).open("rb") as raw:
        if not is_lines(raw):
            yield Part(path)
            return
        raw.seek(0)
        for span in _spans(raw, part_bytes):
            yield Part(path, span)


def _may_be_cut(path: Path, part_bytes: int) -> bool:
    """Whether the file is large enough, and can be read twice: a pipe cannot."""
    status = path.stat()
    return stat.S_ISREG(status.st_mode) and status.st_size > part_bytes


def _spans(raw: IO[bytes], part_bytes: int) -> Iterator[Span]:
    """Spans that begin where a line begins. The last span goes to the end of the file, or to the
    end of what can be read.
    """
    start, line, position = 0, 1, 0
    try:
        while block := raw.read(part_bytes):
            whole = block.rfind(b"\n") + 1
            if whole:
                yield Span(start, position + whole, line)
                start = position + whole
                line += block.count(b"\n")
            position += len(block)
    except OSError:
        pass  # whoever reads the last span meets the error, and reports it
    yield Span(start, None, line)
