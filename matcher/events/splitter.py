"""The tolerant splitter: where the values of a JSON text stand, to the byte, also in a broken one.

It works on text decoded as latin-1, so that a position is a byte offset, and takes more than an
acceptable event may hold (raw control characters, NaN, endless numbers, any depth): each value
found is still to be judged by itself. What it finds before a :class:`Fault` is complete.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from matcher.events.acceptable import BLANK, is_cut_off

Span = tuple[int, int]


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

    ``elements`` are the complete elements of a value that is an array. Such a value may itself be
    broken, if it is the object's last: ``end`` is then where its first incomplete element starts.
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
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_scan = json.JSONDecoder(
    strict=False, parse_int=str, parse_float=str, parse_constant=str
).raw_decode


def after_blanks(text: str, position: int) -> int:
    """The first position from there on that is no JSON whitespace."""
    match = _BLANK.match(text, position)
    return match.end() if match else position


def value_end(text: str, start: int) -> int:
    """Where the value that starts there ends. Raises BrokenError where it does not."""
    try:
        _, end = _scan(text, start)
    except json.JSONDecodeError as error:
        raise BrokenError(_fault(text, error.pos, error.msg, start)) from None
    except RecursionError:
        return _deep_value_end(text, start)
    return end


def _deep_value_end(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        sign = text[token.start()]
        if sign in "{[":
            depth += 1
            if depth > _DEEPEST:
                detail = f"nested deeper than {_DEEPEST} (byte {token.start()})"
                raise BrokenError(Fault(start, cut_off=False, detail=detail))
        elif sign in "}]":
            depth -= 1
            if not depth:
                return token.end()
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


def values(text: str, most: int = _NO_LIMIT) -> tuple[list[Span], Fault | None]:
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
        _add(found, (position, end), most)
        position = after_blanks(text, end)
    return found, None


def elements(text: str, most: int = _NO_LIMIT) -> tuple[list[Span], Fault | None]:
    """The complete elements of the one array that the text is, and where it breaks, if it does.

    Raises TooManyError where there are more than ``most``.
    """
    found: list[Span] = []
    return found, _whole(text, lambda: _elements_end(text, 0, found, most))


def members(text: str, most: int = _NO_LIMIT) -> tuple[list[Member], Fault | None]:
    """The members of the one object that the text is, and where it breaks, if it does.

    A member is there if its value is complete, or an array with a complete element. Raises
    TooManyError where one has more than ``most`` elements.
    """
    found: list[Member] = []
    return found, _whole(text, lambda: _members_end(text, found, most))


def _add(found: list[Span], span: Span, most: int) -> None:
    if len(found) >= most:
        raise TooManyError
    found.append(span)


def _whole(text: str, walk: Callable[[], int]) -> Fault | None:
    try:
        end = after_blanks(text, walk())
    except BrokenError as broken:
        return broken.fault
    return None if end == len(text) else _fault(text, end, "Extra data", end)


def _elements_end(text: str, start: int, found: list[Span], most: int) -> int:
    def element(position: int) -> int:
        end = value_end(text, position)
        _add(found, (position, end), most)
        return end

    return _items_end(text, start, "]", element)


def _members_end(text: str, found: list[Member], most: int) -> int:
    def member(position: int) -> int:
        if text[position : position + 1] != '"':
            raise BrokenError(_fault(text, position, "Expecting a key", position))
        colon = after_blanks(text, value_end(text, position))
        if text[colon : colon + 1] != ":":
            raise BrokenError(_fault(text, colon, "Expecting ':'", position))
        key, start = _scan(text, position)[0], after_blanks(text, colon + 1)
        spans: list[Span] = []
        if text[start : start + 1] != "[":
            end = value_end(text, start)
        else:
            try:
                end = _elements_end(text, start, spans, most)
            except BrokenError as broken:
                if spans:
                    found.append(Member(key, start, broken.fault.offset, tuple(spans)))
                raise
        found.append(Member(key, start, end, tuple(spans)))
        return end

    return _items_end(text, 0, "}", member)


def _items_end(text: str, start: int, close: str, item_end: Callable[[int], int]) -> int:
    """Walk what stands between brackets and commas; the position after the closing bracket."""
    position = after_blanks(text, start + 1)
    if text[position : position + 1] == close:
        return position + 1
    while True:
        position = after_blanks(text, item_end(position))
        sign = text[position : position + 1]
        if sign == close:
            return position + 1
        if sign != ",":
            raise BrokenError(_fault(text, position, f"Expecting ',' or '{close}'", position))
        position = after_blanks(text, position + 1)


def _fault(text: str, position: int, message: str, offset: int) -> Fault:
    error = json.JSONDecodeError(message, "", position)
    return Fault(offset, is_cut_off(text, error), f"{message} (byte {position})")
