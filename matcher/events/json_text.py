"""JSON text by position: where a value in it ends, or where and how it breaks.

The text is decoded as latin-1, so that a position is a byte offset. More is accepted than in an
acceptable event (raw control characters, NaN, endless numbers, any depth). No objects are built of
a large value to find its end, so memory stays a small multiple of the text.
"""

import json
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, TypeVar

import msgspec

from matcher.events.acceptable import BLANK, is_cut_off

Span = tuple[int, int]
T = TypeVar("T")
Walk = Generator[None, None, T]
"""A walk over many values. It yields None now and then, so that a caller may do something else
meanwhile, and returns what it found.
"""
BREATH = 1024
"""A walk yields after this many steps."""


class Text(str):  # noqa: SLOT000 - the text caches what it computes
    """Bytes decoded as latin-1, so that a position in the text is a byte offset."""

    raw: bytes

    def __new__(cls, raw: bytes) -> Self:
        """The text of these bytes."""
        text = super().__new__(cls, raw, "latin-1")
        text.raw = raw
        return text

    @cached_property
    def plain(self) -> bytes:
        """A text of the same length without anything that only a tolerant parser accepts."""
        plain = _ESCAPE.sub(b"__", self.raw.translate(_PLAIN_BYTES))
        plain = _ESCAPED_UNIT.sub(b"______", plain)
        return plain.replace(b"Infinity", b"11111111").replace(b"NaN", b"1e1")


_ESCAPE = re.compile(rb'\\["\\/bfnrt]')
_ESCAPED_UNIT = re.compile(rb"\\u[0-9a-fA-F]{4}")
_ASCII = range(0x20, 0x80)
_PLAIN_BYTES = bytes(
    byte if byte in _ASCII else ord(" ") if byte in BLANK else ord("_") for byte in range(256)
)


@dataclass(frozen=True, slots=True)
class Fault:
    """The place where a text stops being JSON.

    ``offset`` is the start of the first incomplete value, or of the sign that does not belong
    there. ``cut_off``: the text merely ends too early.
    """

    offset: int
    at: int
    cut_off: bool
    detail: str


class BrokenError(Exception):
    """There is no complete value at that place."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class TooManyError(Exception):
    """There are more values than the caller accepts."""


_DEEPEST = 1_000_000
"""The end of a value that is nested deeper than this is not looked for."""

_BLANK = re.compile(r"[ \t\r\n]*+")
_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|(?P<open>[\[{]++)|(?P<close>[\]}]++)', re.DOTALL
)
_WINDOW = 4096
"""A value that ends within this many characters is read by the standard library, a larger one by a
parser that builds no objects.
"""
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_TRAILING = re.compile(r"JSON is malformed: trailing characters \(byte (\d+)\)")
_MALFORMED = re.compile(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)")
_scan = json.JSONDecoder(
    strict=False, parse_int=str, parse_float=str, parse_constant=str
).raw_decode


def after_blanks(text: str, position: int) -> int:
    """The first position from there on that is not JSON whitespace."""
    match = _BLANK.match(text, position)
    return match.end() if match else position


def value_end(text: str, start: int) -> int:
    """The end of the value that starts there. Raises BrokenError if it is not complete."""
    window = text[start : start + _WINDOW]
    whole = len(window) < _WINDOW
    try:
        _, end = _scan(window, 0)
    except json.JSONDecodeError as error:
        cut_off = is_cut_off(window, error.msg, error.pos)
        if whole or not cut_off:
            position = start + error.pos
            detail = f"{error.msg} (byte {position})"
            raise BrokenError(Fault(start, position, cut_off, detail)) from None
    except RecursionError:
        pass
    else:
        if whole or end < _WINDOW:
            return start + end
    return _large_value_end(text if isinstance(text, Text) else Text(text.encode("latin-1")), start)


def _large_value_end(text: Text, start: int) -> int:
    try:
        end = _end_or_fault(text.raw, text, start)
        if isinstance(end, Fault):
            end = _end_or_fault(text.plain, text, start)
    except RecursionError:
        return _deep_value_end(text, start)
    if isinstance(end, Fault):
        raise BrokenError(end)
    return end


def _end_or_fault(raw: bytes, text: str, start: int) -> int | Fault:
    rest = memoryview(raw)[start:]
    try:
        _decode_raw(rest)
    except msgspec.DecodeError as error:
        message = str(error)
        if (trailing := _TRAILING.fullmatch(message)) is None:
            return _msgspec_fault(message, text, start)
        rest = rest[: int(trailing[1]) - 1]
    return start + (len(bytes(rest).rstrip(BLANK)) if rest[-1] in BLANK else len(rest))


def _msgspec_fault(message: str, text: str, start: int) -> Fault:
    found = _MALFORMED.fullmatch(message)
    if found is None:
        return Fault(start, len(text), cut_off=True, detail=f"{message} (byte {len(text)})")
    position = start + int(found[2])
    return fault_at(text, position, found[1], start)


def _deep_value_end(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        signs = len(token[0])
        if token["open"]:
            depth += signs
            if depth > _DEEPEST:
                detail = f"nested deeper than {_DEEPEST} (byte {token.start()})"
                raise BrokenError(Fault(start, token.start(), cut_off=False, detail=detail))
        elif token["close"]:
            if depth <= signs:
                return token.start() + depth
            depth -= signs
    detail = "nested deep, and never closed"
    raise BrokenError(Fault(start, len(text), cut_off=True, detail=detail))


def value_after(text: str, mark: str) -> Span:
    """The place of the value after a mark. Raises BrokenError, for the whole text, if there is
    none.
    """
    before, _, _ = text.partition(mark)
    start = after_blanks(text, min(len(before) + len(mark), len(text)))
    try:
        return start, value_end(text, start)
    except BrokenError as broken:
        raise BrokenError(replace(broken.fault, offset=0)) from None


def is_value(text: str) -> bool:
    """Whether the text is one complete value, with nothing but blanks around it."""
    try:
        return after_blanks(text, value_end(text, after_blanks(text, 0))) == len(text)
    except BrokenError:
        return False


def string_at(text: str, start: int, end: int) -> str:
    """The contents of the JSON string that stands there."""
    return str(_scan(text[start:end], 0)[0])


def fault_at(text: str, position: int, message: str, offset: int) -> Fault:
    """The fault of the value that starts at the offset, found at a position."""
    cut_off = is_cut_off(text, message, position)
    return Fault(offset, position, cut_off, f"{message} (byte {position})")
