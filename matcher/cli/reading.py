"""Files → records, with bounded memory however large a file is.

If the first non-empty line of a file is a whole JSON value, each non-empty line is a record;
otherwise the whole file is one record. A record's offset is its line; lines are counted from 1 and
include empty ones. Gzip is recognised by its first bytes, not by the file's name. So is UTF-16,
which is read as UTF-8.
"""

import contextlib
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson
from isal import isal_zlib

from matcher.cli.inputs import STDIN
from matcher.errors import UsageError
from matcher.events import json_text
from matcher.events.acceptable import BLANK, BOM, UTF16_SIGN_BYTES, utf16_codec
from matcher.events.inflate import GZIP_MAGIC
from matcher.events.record import Batch, InputFile, PlainRecord, Reject, RejectReason
from matcher.pipeline.outcome import RejectedUnit

MAX_RECORD_BYTES = 256 * 1024 * 1024
"""A record longer than this is a reject, so that memory stays bounded."""

_BATCH_RECORDS = 500
_BATCH_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
"""The size of one read. It is not more than MAX_RECORD_BYTES, so a line inside one chunk is never
too long.
"""
_NO_TIME = -1
_GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class Portion:
    """Some records of one file, in order.

    ``rejects`` are units that could not be read. ``cut``: the last record is what could be read
    before the file broke. ``position`` is the number of bytes of the file that have been read.
    """

    batch: Batch
    rejects: tuple[RejectedUnit, ...] = ()
    cut: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file in which each line is a record: the bytes from ``start`` to ``end``, or
    to the end of the file. ``line`` is the number of its first line.
    """

    start: int
    end: int | None
    line: int


class _BrokenGzipError(Exception):
    """The compressed stream ends too early or is damaged."""


def read_portions(path: str, span: Span | None = None) -> Iterator[Portion]:
    """Read a file, a span of it, or standard input for ``-``, in portions. Raises UsageError if the
    file cannot be opened or read at all.
    """
    try:
        with _open(path) as raw:
            reading = _Reading(path)
            if span is None:
                portions = reading.portions(_lines(_chunks(raw)))
            else:
                portions = reading.portions_of_lines(_lines(_chunks_of(raw, span), span.line))
            for portion in portions:
                yield Portion(portion.batch, portion.rejects, portion.cut, _position(raw))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def is_lines(raw: IO[bytes]) -> bool:
    """Whether each line of the file that was just opened is a record, and its bytes are the text
    itself: neither gzip nor UTF-16. The file is read to the end of its first non-empty line.
    """
    beginning = raw.read(UTF16_SIGN_BYTES)
    raw.seek(0)
    if beginning.startswith(GZIP_MAGIC) or utf16_codec(beginning):
        return False
    return _is_whole(_behind_blank_lines(_lines(_chunks(raw))).texts[0])


class _Lines(NamedTuple):
    """Consecutive lines without their line feeds; ``number`` is the number of the first.

    A line that was dropped because it was too long is None. ``unfinished``: there is a single line,
    and the stream broke inside it.
    """

    number: int
    texts: list[bytes | None]
    unfinished: bool = False


@dataclass(slots=True)
class _Reading:
    """What is collected for the next portion; ``line`` is the last line that has been seen."""

    path: str
    line: int = 1
    records: list[PlainRecord] = field(default_factory=list)
    rejects: list[RejectedUnit] = field(default_factory=list)
    size: int = 0
    cut: bool = False

    def portions(self, runs: Iterator[_Lines]) -> Iterator[Portion]:
        try:
            first = _behind_blank_lines(runs)
            if not _is_whole(first.texts[0]):
                yield from self._one_record(first, runs)
                return
            for run in chain([first], runs):
                yield from self._records(run)
        except _BrokenGzipError as error:
            self._reject(self.line, RejectReason.BAD_GZIP, str(error))
        yield self._portion()

    def portions_of_lines(self, runs: Iterator[_Lines]) -> Iterator[Portion]:
        for run in runs:
            yield from self._records(run)
        yield self._portion()

    def _records(self, run: _Lines) -> Iterator[Portion]:
        """Make a record of each line that is not blank."""
        self.line = run.number + len(run.texts) - 1
        for line, text in enumerate(run.texts, run.number):
            if text is None:
                self._too_long(line)
            elif text.strip(BLANK):
                self.records.append(PlainRecord(line, _NO_TIME, text.rstrip(b"\r")))
                self.size += len(text)
                self.cut = run.unfinished
            if len(self.records) >= _BATCH_RECORDS or self.size >= _BATCH_BYTES:
                yield self._portion()

    def _one_record(self, first: _Lines, runs: Iterator[_Lines]) -> Iterator[Portion]:
        """Make one record of the whole file, or of what can be read of it."""
        parts: list[bytes] = []
        size, overlong = -1, False
        try:
            for run in chain([first], runs):
                texts = [text for text in run.texts if text is not None]
                parts += texts
                size += sum(map(len, texts)) + len(texts)
                self.cut = run.unfinished
                overlong = len(texts) < len(run.texts) or size > MAX_RECORD_BYTES
                if overlong:
                    break
        except _BrokenGzipError as error:
            self._reject(first.number, RejectReason.BAD_GZIP, str(error))
        if overlong:
            self._too_long(first.number)
        elif size or not self.cut:
            self.records.append(PlainRecord(first.number, _NO_TIME, b"\n".join(parts)))
        yield self._portion()

    def _too_long(self, line: int) -> None:
        detail = f"the record is longer than {MAX_RECORD_BYTES} bytes"
        self._reject(line, RejectReason.INFLATES_TOO_LARGE, detail)

    def _reject(self, line: int, reason: RejectReason, detail: str) -> None:
        record = PlainRecord(line, _NO_TIME, b"")
        self.rejects.append(RejectedUnit(record, Reject(reason, detail, b"")))

    def _portion(self) -> Portion:
        batch = Batch(InputFile(self.path), tuple(self.records))
        portion = Portion(batch, tuple(self.rejects), self.cut)
        self.records, self.rejects, self.size, self.cut = [], [], 0, False
        return portion


def _open(path: str) -> "contextlib.AbstractContextManager[IO[bytes]]":
    if path == STDIN:
        return contextlib.nullcontext(sys.stdin.buffer)
    return Path(path).open("rb")


def _position(raw: IO[bytes]) -> int:
    return raw.tell() if raw.seekable() else 0


def _chunks(raw: Any) -> Iterator[bytes]:
    """The bytes of the file, inflated and in UTF-8. Raises _BrokenGzipError if they end before the
    gzip stream does.
    """
    zipped = raw.peek(len(GZIP_MAGIC))[:2] == GZIP_MAGIC
    chunks = _inflated(raw) if zipped else iter(lambda: raw.read1(_CHUNK_BYTES), b"")
    return _in_utf8(chunks)


def _chunks_of(raw: Any, span: Span) -> Iterator[bytes]:
    """The bytes of a span, unchanged."""
    raw.seek(span.start)
    left = sys.maxsize if span.end is None else span.end - span.start
    while chunk := raw.read1(min(left, _CHUNK_BYTES)):
        left -= len(chunk)
        yield chunk


def _in_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8 where it begins as UTF-16 does: PowerShell's ``>`` writes that."""
    first = b""
    try:
        while len(first) < UTF16_SIGN_BYTES and (more := next(chunks, b"")):
            first += more
    except _BrokenGzipError:
        yield first
        raise
    whole = chain([first], chunks)
    codec = utf16_codec(first)
    if codec is None:
        yield from whole
        return
    decode = getincrementaldecoder(codec)("replace").decode
    for chunk in whole:
        yield decode(chunk).encode("utf-8", "replace")
    yield decode(b"", final=True).encode()


def _inflated(raw: Any) -> Iterator[bytes]:
    """The contents of the members of a gzip file, a chunk at a time; zeros after the last member
    are padding.

    A broken member first gives all that could be inflated, which the standard library's file object
    would keep to itself.
    """
    data: bytes = raw.read1(_CHUNK_BYTES)
    while data:
        if not data.startswith(GZIP_MAGIC):
            raise _BrokenGzipError("broken gzip: something else stands behind it")
        member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        while not member.eof:
            if not data:
                raise _BrokenGzipError("broken gzip: it is cut off")
            try:
                chunk = member.decompress(data, _CHUNK_BYTES)
            except isal_zlib.error as error:  # type: ignore[misc]  # its stub says: an instance
                raise _BrokenGzipError(f"broken gzip: {error}") from error
            if chunk:
                yield chunk
            data = member.unconsumed_tail
            if not data and not member.eof:
                data = raw.read1(_CHUNK_BYTES)
        data = member.unused_data
        while len(data.lstrip(b"\0")) < len(GZIP_MAGIC) and (more := raw.read1(_CHUNK_BYTES)):
            data = data.lstrip(b"\0") + more
        data = data.lstrip(b"\0")


def _lines(chunks: Iterator[bytes], number: int = 1) -> Iterator[_Lines]:
    """The lines of a stream, counted from ``number``; the last line needs no line feed. If
    the stream breaks, the incomplete line comes first and then the error.
    """
    size = 0
    parts: list[bytes] = []

    def line() -> bytes | None:
        return b"".join(parts) if size <= MAX_RECORD_BYTES else None

    try:
        for chunk in chunks:
            head, *texts = chunk.split(b"\n")
            size += len(head)
            if size <= MAX_RECORD_BYTES:
                parts.append(head)
            else:
                parts.clear()
            if texts:
                tail = texts.pop()
                yield _Lines(number, [line(), *texts])
                number += len(texts) + 1
                parts, size = [tail], len(tail)
    except _BrokenGzipError:
        yield _Lines(number, [line()], unfinished=True)
        raise
    yield _Lines(number, [line()])


def _behind_blank_lines(runs: Iterator[_Lines]) -> _Lines:
    """The lines from the first non-blank one on; a single empty line if there is none."""
    for run in runs:
        for index, text in enumerate(run.texts):
            if text is None or text.strip(BLANK):
                return _Lines(run.number + index, run.texts[index:], run.unfinished)
    return _Lines(1, [b""])


def _is_whole(line: bytes | None) -> bool:
    """True if the line is one JSON value, acceptable or not."""
    if line is None:
        return False
    text = line.removeprefix(BOM)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return json_text.is_value(text.decode("latin-1"))
    return True
