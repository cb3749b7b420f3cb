"""Finds the place at which an array goes on after a broken element.

There are two ways; where neither is certain, nothing is guessed:

* *In order*: brackets and texts after the break are read as if nothing had happened. If they are
  balanced, the next comma or bracket ends the broken element. A good element must follow, or the
  end of the array and of its object.
* *Behind*: a quote or a bracket is missing or superfluous, so that this reading is wrong from the
  break on. Then a good element is looked for after which everything is in order to the very end.

A good element is a complete object whose first key is a name. Text inside a string never looks like
that, because its quotes are escaped. If a reading confuses strings with the text between them,
every key would hold a comma or a colon, which no name does. If JSON was put into a string without
escaping its quotes, the string seems to end at the first of them, after a bracket.
"""

import re
from collections import deque
from dataclasses import dataclass, replace
from itertools import count

from matcher.events.json_text import (
    BREATH,
    BrokenError,
    Fault,
    Span,
    TooManyError,
    Walk,
    after_blanks,
    value_end,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """A skipped part of an array, one gap for each element; ``detail`` says what was wrong.

    Directly behind a break, a gap may hold a complete value to which the walk cannot return, such
    as ``{}``.
    """

    start: int
    end: int
    detail: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where to go on: at an element, or at the bracket that closes the array.

    ``pieces`` stand between the break and that place. ``with_last``: the first of them includes the
    element that was found last.
    """

    pieces: list[Gap]
    position: int
    with_last: bool = False


_TRIES = 16
"""The most places in one array that are tried when the reading in order is wrong, or may be."""
_NAMED = r'\{[ \t\r\n]*+"[A-Za-z_@$][\w@$. -]*+"[ \t\r\n]*+:'
_ELEMENT = re.compile(_NAMED, re.ASCII)
_NEXT = re.compile(rf",[ \t\r\n]*+(?={_NAMED})", re.ASCII)
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_STRINGS = re.compile(_STRING, re.DOTALL)
_BRACKETS = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_SIGNS = re.compile(rf"{_STRING}|[\[\]{{}},]", re.DOTALL)
_BACK_QUOTE = r'"(?!\\(?:\\\\)*+(?!\\))'
_BACKWARDS = re.compile(rf"{_BACK_QUOTE}.*?(?:{_BACK_QUOTE}|\Z)|[\[\]{{}}]", re.DOTALL)
"""Strings and brackets of a reversed text."""
_CLOSING = {"{": ord("}"), "[": ord("]")}


class Resuming:
    """Resumes reading in one array of a text. ``in_object``: the array is a member's value in the
    object that the text is; otherwise the text is the array.
    """

    def __init__(self, text: str, *, in_object: bool) -> None:
        self.text = text
        self.in_object = in_object
        self._most = 0
        self._tries = _TRIES

    def after(self, fault: Fault, last: Span | None, most: int) -> Walk[Resumed | None]:
        """The place at which the array goes on after a fault; None where that is not certain.

        ``last`` is the element found last. Raises TooManyError if there are more than ``most``
        pieces.
        """
        self._most = most
        if fault.cut_off:
            return None
        adjacent = last is not None and after_blanks(self.text, last[1]) == fault.offset
        if last is None or not adjacent or self.text[last[0]] in "{[":
            return (yield from self._after(fault.offset, fault))
        resumed = yield from self._after(last[0], fault)
        return None if resumed is None else replace(resumed, with_last=True)

    def _after(self, start: int, fault: Fault) -> Walk[Resumed | None]:
        resumed = yield from self._again(start, fault.detail)
        if resumed is None or self._is_doubtful(start, resumed.position):
            return (yield from self._behind(start, fault)) or resumed
        return resumed

    def _is_doubtful(self, start: int, end: int) -> bool:
        """Whether the part that is skipped in order holds what looks like an element."""
        position = start
        for _ in range(_TRIES):
            found = _NEXT.search(self.text, position, end)
            if found is None:
                return False
            position = found.end()
            if not self._is_good(position):
                continue
            if position < end and not self._is_in_a_list(start, found.start()):
                return True
            sign = ","
            while sign == ",":  # the other elements are in that list, too
                behind, sign = self._element(position)
                position = after_blanks(self.text, behind + 1) if sign == "," else behind
        return False

    def _is_in_a_list(self, start: int, end: int) -> bool:
        """Whether a bracket is open at ``end``, read from there back to the start."""
        open_later = 0
        for sign in _BACKWARDS.finditer(self.text[start:end][::-1]):
            if sign[0] in "]}":
                open_later += 1
            elif sign[0] in "[{" and open_later:
                open_later -= 1
            elif sign[0] == "[":
                return True
        return False

    def _in_order(self, start: int, detail: str) -> Walk[Resumed | None]:
        """Resume after the comma, or at the bracket, up to which brackets and texts are
        balanced.
        """
        pieces: list[Gap] = []
        while True:
            end = yield from self._even_until(start)
            if end is None:
                return None
            if len(pieces) >= self._most:
                raise TooManyError
            pieces.append(self._gap(start, end, detail))
            if self.text[end] == "]":
                return Resumed(pieces, end) if self._closes(end + 1) else None
            start = after_blanks(self.text, end + 1)
            good, detail = self._value(start)
            if good > 0 and _ELEMENT.match(self.text, start) and self._is_followed(good):
                return Resumed(pieces, start)
            if len(pieces) % BREATH == 0:
                yield

    def _value(self, start: int) -> tuple[int, str]:
        """The end of a value, -1 if there is no complete value; and the reason if the walk cannot
        go on there.
        """
        detail = f"no element to go on at (byte {start})"
        if self.text[start : start + 1] in ("", ",", "]"):
            return -1, detail
        try:
            return value_end(self.text, start), detail
        except BrokenError as broken:
            return -1, broken.fault.detail

    def _is_good(self, start: int) -> bool:
        """Whether there is an element at which reading may go on."""
        if not _ELEMENT.match(self.text, start):
            return False
        end, _ = self._value(start)
        return end > 0 and self._is_followed(end)

    def _is_followed(self, end: int) -> bool:
        """Whether what follows an element may stand there."""
        end = after_blanks(self.text, end)
        return self.text[end : end + 1] in ("", ",", "]")

    def _again(self, start: int, detail: str) -> Walk[Resumed | None]:
        """Resume in order, or at once if only a comma is missing."""
        if self._is_good(start):
            return Resumed([], start)
        return (yield from self._in_order(start, detail))

    def _behind(self, start: int, fault: Fault) -> Walk[Resumed | None]:
        """Resume at an element after which everything is in order to the end of the text."""
        text = self.text
        before = deque(_STRINGS.finditer(text, start, fault.at), maxlen=1)
        if before and before[0].end() == fault.at and _opens_json(before[0][0]):
            return None
        position = before[0].start() if before else start
        while self._tries:
            self._tries -= 1
            found = _NEXT.search(text, position)
            if found is None:
                return None
            reached = yield from self._in_order_until(found.end())
            if reached == len(text) and not self._is_in_a_list(start, found.start()):
                return Resumed([self._gap(start, found.start(), fault.detail)], found.end())
            position = min(max(reached, found.end()), len(text))
        return None

    def _in_order_until(self, position: int) -> Walk[int]:
        """The place up to which reading on from there is certain; the end of the text if all of it
        is.
        """
        if not self._is_good(position):
            return position
        for step in count(1):
            end, sign = self._element(position)
            if sign == "]":
                return len(self.text) if self._closes(end + 1) else end
            if sign == ",":
                position = after_blanks(self.text, end + 1)
            else:
                resumed = yield from self._again(end, "")
                if resumed is None:
                    return min(end, len(self.text) - 1)
                if self.text[resumed.position] == "]":
                    return len(self.text)
                position = resumed.position
            if step % BREATH == 0:
                yield
        raise AssertionError  # every text has an end

    def _element(self, position: int) -> tuple[int, str]:
        """The place of the sign after an element, and the sign; for a broken element its start, and
        no sign.
        """
        end, _ = self._value(position)
        if end < 0:
            return position, ""
        end = after_blanks(self.text, end)
        return end, self.text[end : end + 1]

    def _even_until(self, position: int) -> Walk[int | None]:
        """The next comma or closing bracket of the array; None if brackets are unbalanced before
        it.
        """
        closing, steps = bytearray(), 0
        while True:
            token = (_BRACKETS if closing else _SIGNS).search(self.text, position)
            if token is None:
                return None
            sign = token[0][0]
            if sign in _CLOSING:
                closing.append(_CLOSING[sign])
            elif sign in "]}" and closing:
                if closing.pop() != ord(sign):
                    return None
            elif sign in ",]":
                return token.start()
            elif sign == "}":
                return None
            position = token.end()
            steps += 1
            if steps % BREATH == 0:
                yield

    def _closes(self, position: int) -> bool:
        """Whether the text ends in order after the array's closing bracket."""
        text = self.text
        position = after_blanks(text, position)
        if not self.in_object:
            return position == len(text)
        try:
            while text[position : position + 1] == ",":
                key = after_blanks(text, position + 1)
                colon = after_blanks(text, value_end(text, key))
                if text[key] != '"' or text[colon : colon + 1] != ":":
                    return False
                position = after_blanks(text, value_end(text, after_blanks(text, colon + 1)))
        except BrokenError:
            return False
        closed = text[position : position + 1] == "}"
        return closed and after_blanks(text, position + 1) == len(text)

    def _gap(self, start: int, end: int, detail: str) -> Gap:
        """A gap of at least one byte; between two commas with nothing between them, the second
        comma.
        """
        while end > start and self.text[end - 1] in " \t\r\n":
            end -= 1
        return Gap(start, max(end, start + 1), detail)


def _opens_json(string: str) -> bool:
    """Whether a JSON string seems to end in the first brackets of a text that should be escaped."""
    inside = string[1:-1].rstrip(" \t\r\n")
    before = inside.rstrip(" \t\r\n[{")
    return before != inside and not before.endswith((",", ":"))
