"""Making texts: pieces joined up to a greatest length, and REPLACEFIRST and REPLACEALL.

A replacement is written as in Java.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from matcher.engine.regex import compiled, prepared
from matcher.engine.values import text_of

LONGEST_TEXT = 10_000_000
"""The most characters that a text made by a function may have; ten times a usual record."""

_PART = re.compile(
    r"\\(?P<sign>.)|\$(?P<number>\d)|\$\{(?P<name>\w+)\}|(?P<wrong>[\\$])", re.DOTALL
)


def joined(pieces: Iterable[str]) -> str | None:
    """The pieces as one text; NULL where that text would have more than LONGEST_TEXT characters."""
    length = 0
    kept = []
    for piece in pieces:
        length += len(piece)
        if length > LONGEST_TEXT:
            return None
        kept.append(piece)
    return "".join(kept)


@lru_cache(maxsize=256)
def template(regex: str, replacement: str) -> Sequence[str | int]:
    """The parts of a replacement: texts, and numbers of groups (``$1``, ``${name}``). A backslash
    makes the next character a plain one.

    Raises BadRegexError for the expression, and ValueError for a group that the expression does not
    have and for a single ``$`` or backslash.
    """
    expression = compiled(regex)
    parts: list[str | int] = []
    end = 0
    for found in _PART.finditer(replacement):
        parts.append(replacement[end : found.start()])
        end = found.end()
        if found["wrong"]:
            raise ValueError(f"a lone {found[0]} in the replacement; write \\{found[0]}")
        if found["sign"] is not None:
            parts.append(found["sign"])
            continue
        group = found["number"] or found["name"]
        number = int(group) if group.isdigit() else expression.groupindex.get(group, -1)
        if not 0 <= number <= expression.groups:
            raise ValueError(f"the regular expression has no group {group}")
        parts.append(number)
    parts.append(replacement[end:])
    return tuple(part for part in parts if part != "")


def replace_first(regex: str, value: Any, replacement: str | None) -> str | None:
    """The text with the first place at which the expression is found replaced; NULL for NULL."""
    return _replaced(regex, value, replacement, most=1)


def replace_all(regex: str, value: Any, replacement: str | None) -> str | None:
    """The text with every place at which the expression is found replaced; NULL for NULL."""
    return _replaced(regex, value, replacement, most=None)


def _replaced(regex: str, value: Any, replacement: str | None, most: int | None) -> str | None:
    text = text_of(value)
    return None if text is None else joined(_pieces(regex, text, replacement or "", most))


def _pieces(regex: str, text: str, replacement: str, most: int | None) -> Iterator[str]:
    parts = template(regex, replacement)
    end = 0
    for found in islice(compiled(regex).finditer(prepared(text)), most):
        yield text[end : found.start()]
        for part in parts:
            yield _group(text, found, part) if isinstance(part, int) else part
        end = found.end()
    yield text[end:]


def _group(text: str, found: Any, number: int) -> str:
    start, end = found.span(number)
    return text[start:end] if start >= 0 else ""
