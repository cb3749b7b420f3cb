"""The tolerant splitter: finds the values of a JSON text to the byte, even if the text is broken.

Whether a value is an acceptable event must still be decided, as :mod:`matcher.events.json_text`
accepts more.
"""

import re
import sys
from collections.abc import Callable, Container
from itertools import islice
from typing import NamedTuple

from matcher.events.acceptable import BLANK
from matcher.events.json_text import (
    BREATH,
    BrokenError,
    Fault,
    Span,
    T,
    TooManyError,
    Walk,
    after_blanks,
    fault_at,
    string_at,
    value_end,
)
from matcher.events.resuming import Gap, Resuming


class Member(NamedTuple):
    """One member of an object: its key, and the place of its value.

    ``elements`` are the complete elements of a value that is an array to be split, and the gaps
    where broken elements were skipped. Such a value may itself end in a break if it is the object's
    last: ``end`` is then the start of its first incomplete element.
    """

    key: str
    start: int
    end: int
    elements: tuple[Span | Gap, ...] = ()


_NO_LIMIT = sys.maxsize
_LINE = re.compile(rb"[^ \t\r\n][^\n]*+")


def lines(text: bytes, most: int) -> list[bytes]:
    """The lines that are not blank, without surrounding blanks; at most this many of them."""
    return [line[0].rstrip(BLANK) for line in islice(_LINE.finditer(text), most)]


def are_objects_by_line(parts: list[bytes]) -> bool:
    """Whether a broken text is one object a line, for no line ends where an object goes on."""
    return len(parts) > 1 and all(
        line.startswith(b"{") and not line.endswith((b",", b"[", b"{", b":")) for line in parts
    )


def look_like_lines(parts: list[bytes]) -> bool:
    """Whether a broken text looks like one value on each line rather than one value over several
    lines.
    """
    whole = sum(line.startswith(b"{") and line.endswith(b"}") for line in parts)
    inner = sum(line.startswith((b'"', b"}", b"]")) for line in parts)
    return len(parts) > 1 and whole > inner


def values(text: str, most: int = _NO_LIMIT) -> Walk[tuple[list[Span], Fault | None]]:
    """The objects and arrays that follow each other, and the place at which something else begins.

    Raises TooManyError if there are more than ``most``.
    """
    found: list[Span] = []
    position = after_blanks(text, 0)
    while position < len(text):
        if text[position] not in "{[":
            detail = f"no JSON (byte {position})"
            return found, Fault(position, position, cut_off=False, detail=detail)
        try:
            end = value_end(text, position)
        except BrokenError as broken:
            return found, broken.fault
        if _add(found, (position, end), most):
            yield
        position = after_blanks(text, end)
    return found, None


def elements(text: str, most: int = _NO_LIMIT) -> Walk[tuple[list[Span | Gap], Fault | None]]:
    """The complete elements of the array that the text is, the gaps where broken elements were
    skipped, and the place at which the array breaks for good, if any.

    Raises TooManyError if there are more than ``most``.
    """
    found: list[Span | Gap] = []
    fault = yield from _whole(text, _elements_end(text, 0, found, most, in_object=False))
    return found, fault


def members(
    text: str, most: int = _NO_LIMIT, arrays: Container[str] = frozenset()
) -> Walk[tuple[list[Member], Fault | None]]:
    """The members of the object that the text is, and the place at which it breaks, if any.

    ``arrays`` are the keys whose arrays are split into elements. A member is included if its value
    is complete, or is such an array with a complete element. Raises TooManyError if an array has
    more than ``most`` elements.
    """
    found: list[Member] = []
    fault = yield from _whole(text, _members_end(text, found, most, arrays))
    return found, fault


def walked(walk: Walk[T]) -> T:
    """The result of a walk, for a caller that has nothing else to do meanwhile."""
    while True:
        try:
            next(walk)
        except StopIteration as stop:
            found: T = stop.value
            return found


def _add(found: list[T], span: T, most: int) -> bool:
    """Add one item; returns True when it is time to yield."""
    if len(found) >= most:
        raise TooManyError
    found.append(span)
    return len(found) % BREATH == 0


def _whole(text: str, walk: Walk[int]) -> Walk[Fault | None]:
    try:
        end = after_blanks(text, (yield from walk))
    except BrokenError as broken:
        return broken.fault
    return None if end == len(text) else fault_at(text, end, "Extra data", end)


def _elements_end(
    text: str, start: int, found: list[Span | Gap], most: int, *, in_object: bool
) -> Walk[int]:
    def element(position: int) -> Walk[int]:
        end = value_end(text, position)
        if _add(found, (position, end), most):
            yield
        return end

    resuming = Resuming(text, in_object=in_object)
    position = after_blanks(text, start + 1)
    while text[position : position + 1] != "]":
        try:
            return (yield from _items_end(text, position, "]", element))
        except BrokenError as broken:
            position = yield from _go_on(resuming, broken, found, most)
    return position + 1


def _go_on(
    resuming: Resuming, broken: BrokenError, found: list[Span | Gap], most: int
) -> Walk[int]:
    """The place at which a broken array goes on; the broken part is added as a gap. Raises the
    fault if it does not go on.
    """
    last = found[-1] if found and not isinstance(found[-1], Gap) else None
    resumed = yield from resuming.after(broken.fault, last, most - len(found))
    if resumed is None:
        raise broken
    if resumed.with_last:
        del found[-1]
    found += resumed.pieces
    if len(found) > most:
        raise TooManyError
    return resumed.position


def _members_end(text: str, found: list[Member], most: int, arrays: Container[str]) -> Walk[int]:
    def member(position: int) -> Walk[int]:
        if text[position : position + 1] != '"':
            raise BrokenError(fault_at(text, position, "Expecting a key", position))
        key_end = value_end(text, position)
        colon = after_blanks(text, key_end)
        if text[colon : colon + 1] != ":":
            raise BrokenError(fault_at(text, colon, "Expecting ':'", position))
        key, start = string_at(text, position, key_end), after_blanks(text, colon + 1)
        spans: list[Span | Gap] = []
        if key not in arrays or text[start : start + 1] != "[":
            end = value_end(text, start)
        else:
            try:
                end = yield from _elements_end(text, start, spans, most, in_object=True)
            except BrokenError as broken:
                if spans:
                    found.append(Member(key, start, broken.fault.offset, tuple(spans)))
                raise
        found.append(Member(key, start, end, tuple(spans)))
        if len(found) % BREATH == 0:
            yield
        return end

    position = after_blanks(text, 1)
    if text[position : position + 1] == "}":
        return position + 1
    return (yield from _items_end(text, position, "}", member))


def _items_end(
    text: str, position: int, close: str, item_end: Callable[[int], Walk[int]]
) -> Walk[int]:
    """Walk the items from the one at a position on; returns the position after the
    closing bracket.
    """
    while True:
        position = after_blanks(text, (yield from item_end(position)))
        sign = text[position : position + 1]
        if sign == close:
            return position + 1
        if sign != ",":
            raise BrokenError(fault_at(text, position, f"Expecting ',' or '{close}'", position))
        position = after_blanks(text, position + 1)
