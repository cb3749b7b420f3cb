"""The tolerant splitter: where the values of a JSON text stand, to the byte, also in a broken one.

It works on text decoded as latin-1, so that a position is a byte offset, and takes more than an
acceptable event may hold (raw control characters, NaN, endless numbers, any depth): each value
found is still to be judged by itself. What it finds before a :class:`Fault` is complete.

Nothing is built of a large value to find its end: memory stays a small multiple of the text. The
functions that walk over many values are generators: they yield None now and then, so that a caller
may do something else meanwhile, and return what they found.
"""

import json
import re
import sys
from collections.abc import Callable, Container, Generator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Self, TypeVar

import msgspec

from matcher.events.acceptable import BLANK, is_cut_off

Span = tuple[int, int]
T = TypeVar("T")
Walk = Generator[None, None, T]
"""Yields None now and then, and returns what it found."""


class Text(str):  # noqa: SLOT000 - it remembers what it worked out
    """Bytes decoded as latin-1: a position in it is the offset of a byte."""

    raw: bytes

    def __new__(cls, raw: bytes) -> Self:
        """The text of these bytes."""
        text = super().__new__(cls, raw, "latin-1")
        text.raw = raw
        return text

    @cached_property
    def plain(self) -> bytes:
        """As many bytes, with nothing in them that only a tolerant parser takes."""
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
    """Where a text stops being JSON.

    ``offset`` is the start of the first value that is not complete, or of the sign that does not
    belong there; ``cut_off`` says that the text merely ends too early.
    """

    offset: int
    cut_off: bool
    detail: str


class BrokenError(Exception):
    """No complete value stands at the place asked for."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class TooManyError(Exception):
    """There are more values than the caller takes."""


class Member(NamedTuple):
    """One member of an object: its key, and where its value stands.

    ``elements`` are the complete elements of a value that is an array to be split. Such a value may
    itself be broken, if it is the object's last: ``end`` is then where its first incomplete element
    starts.
    """

    key: str
    start: int
    end: int
    elements: tuple[Span, ...] = ()


_DEEPEST = 1_000_000
"""Where a value nests deeper than that, its end is not looked for."""
_NO_LIMIT = sys.maxsize

_LINE = re.compile(rb"[^ \t\r\n][^\n]*+")
_BLANK = re.compile(r"[ \t\r\n]*+")
_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|(?P<open>[\[{]++)|(?P<close>[\]}]++)', re.DOTALL
)
_WINDOW = 4096
"""A value that ends within so many characters is read by the standard library, a larger one by a
parser that builds nothing.
"""
_BREATH = 1024
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_TRAILING = re.compile(r"JSON is malformed: trailing characters \(byte (\d+)\)")
_MALFORMED = re.compile(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)")
_scan = json.JSONDecoder(
    strict=False, parse_int=str, parse_float=str, parse_constant=str
).raw_decode


def after_blanks(text: str, position: int) -> int:
    """The first position from there on that is no JSON whitespace."""
    match = _BLANK.match(text, position)
    return match.end() if match else position


def value_end(text: str, start: int) -> int:
    """Where the value that starts there ends. Raises BrokenError where it does not."""
    window = text[start : start + _WINDOW]
    whole = len(window) < _WINDOW
    try:
        _, end = _scan(window, 0)
    except json.JSONDecodeError as error:
        if whole or not is_cut_off(window, error):
            raise BrokenError(_fault(text, start + error.pos, error.msg, start)) from None
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
        return Fault(start, cut_off=True, detail=f"{message} (byte {len(text)})")
    position = start + int(found[2])
    return _fault(text, position, found[1], start)


def _deep_value_end(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        signs = len(token[0])
        if token["open"]:
            depth += signs
            if depth > _DEEPEST:
                detail = f"nested deeper than {_DEEPEST} (byte {token.start()})"
                raise BrokenError(Fault(start, cut_off=False, detail=detail))
        elif token["close"]:
            if depth <= signs:
                return token.start() + depth
            depth -= signs
    raise BrokenError(Fault(start, cut_off=True, detail="nested deep, and never closed"))


def value_after(text: str, mark: str) -> Span:
    """Where the value behind a mark stands. Raises BrokenError, for all of the text, where there
    is none.
    """
    before, _, _ = text.partition(mark)
    start = after_blanks(text, min(len(before) + len(mark), len(text)))
    try:
        return start, value_end(text, start)
    except BrokenError as broken:
        raise BrokenError(replace(broken.fault, offset=0)) from None


def lines(text: bytes, most: int) -> list[bytes]:
    """The lines in which something stands, without blanks around it; at most so many of them."""
    return [line[0].rstrip(BLANK) for line in islice(_LINE.finditer(text), most)]


def look_like_lines(parts: list[bytes]) -> bool:
    """Whether a broken text is rather one value a line than one value over several lines."""
    whole = sum(line.startswith(b"{") and line.endswith(b"}") for line in parts)
    inner = sum(line.startswith((b'"', b"}", b"]")) for line in parts)
    return len(parts) > 1 and whole > inner


def is_value(text: str) -> bool:
    """Whether the text is one complete value, and nothing else but blanks."""
    try:
        return after_blanks(text, value_end(text, after_blanks(text, 0))) == len(text)
    except BrokenError:
        return False


def values(text: str, most: int = _NO_LIMIT) -> Walk[tuple[list[Span], Fault | None]]:
    """The objects and arrays that stand one after the other, and where something else comes.

    Raises TooManyError where there are more than ``most``.
    """
    found: list[Span] = []
    position = after_blanks(text, 0)
    while position < len(text):
        if text[position] not in "{[":
            return found, Fault(position, cut_off=False, detail=f"no JSON (byte {position})")
        try:
            end = value_end(text, position)
        except BrokenError as broken:
            return found, broken.fault
        if _add(found, (position, end), most):
            yield
        position = after_blanks(text, end)
    return found, None


def elements(text: str, most: int = _NO_LIMIT) -> Walk[tuple[list[Span], Fault | None]]:
    """The complete elements of the one array that the text is, and where it breaks, if it does.

    Raises TooManyError where there are more than ``most``.
    """
    found: list[Span] = []
    fault = yield from _whole(text, _elements_end(text, 0, found, most))
    return found, fault


def members(
    text: str, most: int = _NO_LIMIT, arrays: Container[str] = frozenset()
) -> Walk[tuple[list[Member], Fault | None]]:
    """The members of the one object that the text is, and where it breaks, if it does.

    ``arrays`` are the keys whose arrays are split into elements. A member is there if its value is
    complete, or such an array with a complete element. Raises TooManyError where one has more than
    ``most`` elements.
    """
    found: list[Member] = []
    fault = yield from _whole(text, _members_end(text, found, most, arrays))
    return found, fault


def walked(walk: Walk[T]) -> T:
    """What a walk returns, for a caller that has nothing else to do."""
    while True:
        try:
            next(walk)
        except StopIteration as stop:
            found: T = stop.value
            return found


def _add(found: list[Span], span: Span, most: int) -> bool:
    """True where it is time for a breath."""
    if len(found) >= most:
        raise TooManyError
    found.append(span)
    return len(found) % _BREATH == 0


def _whole(text: str, walk: Walk[int]) -> Walk[Fault | None]:
    try:
        end = after_blanks(text, (yield from walk))
    except BrokenError as broken:
        return broken.fault
    return None if end == len(text) else _fault(text, end, "Extra data", end)


def _elements_end(text: str, start: int, found: list[Span], most: int) -> Walk[int]:
    def element(position: int) -> Walk[int]:
        end = value_end(text, position)
        if _add(found, (position, end), most):
            yield
        return end

    return (yield from _items_end(text, start, "]", element))


def _members_end(text: str, found: list[Member], most: int, arrays: Container[str]) -> Walk[int]:
    def member(position: int) -> Walk[int]:
        if text[position : position + 1] != '"':
            raise BrokenError(_fault(text, position, "Expecting a key", position))
        key_end = value_end(text, position)
        colon = after_blanks(text, key_end)
        if text[colon : colon + 1] != ":":
            raise BrokenError(_fault(text, colon, "Expecting ':'", position))
        key, start = _scan(text[position:key_end], 0)[0], after_blanks(text, colon + 1)
        spans: list[Span] = []
        if key not in arrays or text[start : start + 1] != "[":
            end = value_end(text, start)
        else:
            try:
                end = yield from _elements_end(text, start, spans, most)
            except BrokenError as broken:
                if spans:
                    found.append(Member(key, start, broken.fault.offset, tuple(spans)))
                raise
        found.append(Member(key, start, end, tuple(spans)))
        if len(found) % _BREATH == 0:
            yield
        return end

    return (yield from _items_end(text, 0, "}", member))


def _items_end(
    text: str, start: int, close: str, item_end: Callable[[int], Walk[int]]
) -> Walk[int]:
    """Walk what stands between brackets and commas; the position after the closing bracket."""
    position = after_blanks(text, start + 1)
    if text[position : position + 1] == close:
        return position + 1
    while True:
        position = after_blanks(text, (yield from item_end(position)))
        sign = text[position : position + 1]
        if sign == close:
            return position + 1
        if sign != ",":
            raise BrokenError(_fault(text, position, f"Expecting ',' or '{close}'", position))
        position = after_blanks(text, position + 1)


def _fault(text: str, position: int, message: str, offset: int) -> Fault:
    error = json.JSONDecodeError(message, "", position)
    return Fault(offset, is_cut_off(text, error), f"{message} (byte {position})")
