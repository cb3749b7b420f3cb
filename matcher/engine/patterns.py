"""LIKE patterns as tests on text.

In a pattern ``%`` stands for any run of characters, also across newlines, and ``_`` for one code
point. After the character ``escape``, where there is one, ``%``, ``_`` and the escape itself are
ordinary characters.
"""

import re
from collections.abc import Callable, Iterator

from matcher.events.text import fold

TextTest = Callable[[str], bool]

_WILD = re.compile("%+|_")


def like_runs(pattern: str, escape: str = "") -> list[str]:
    """The literal texts that every match of a LIKE pattern holds, in the pattern's order."""
    return [text for text, wild in like_pieces(pattern, escape) if not wild]


def like_test(pattern: str, caseless: bool, escape: str = "") -> TextTest:
    """The test of a whole text."""
    if not caseless:
        return prepared_like_test(pattern, escape)
    on_folded = prepared_like_test(fold(pattern), escape)
    return lambda text: on_folded(fold(text))


def prepared_like_test(pattern: str, escape: str = "") -> TextTest:
    """The case-sensitive test, in the quickest form that the pattern allows."""
    pieces = list(like_pieces(pattern, escape))
    starts = not pieces or pieces[0] != ("%", True)
    ends = not pieces or pieces[-1] != ("%", True)
    inner = pieces[0 if starts else 1 : len(pieces) if ends else -1]
    if len(inner) > 1 or (inner and inner[0][1]):
        matches = re.compile(_like_regex(pieces), re.DOTALL).fullmatch
        return lambda text: matches(text) is not None
    core = inner[0][0] if inner else ""
    if starts and ends:
        return lambda text: text == core
    if starts:
        return lambda text: text.startswith(core)
    if ends:
        return lambda text: text.endswith(core)
    return lambda text: core in text


def ascii_part(pattern: str, escape: str = "") -> str | None:
    """The ASCII text of a pattern that says only that a text holds this ASCII text; None for any
    other pattern.
    """
    match list(like_pieces(pattern, escape)):
        case [("%", True), (part, False), ("%", True)] if part.isascii():
            return part
    return None


def like_escaped(text: str, escape: str) -> str:
    """The pattern that matches exactly this text."""
    return re.sub(f"[%_{re.escape(escape)}]", lambda sign: escape + sign[0], text)


def like_pieces(pattern: str, escape: str = "") -> Iterator[tuple[str, bool]]:
    """The pieces of the pattern: ``(text, False)`` for literal text, ``(wildcard, True)`` for ``%``
    and ``_``.
    """
    text: list[str] = []
    at = 0
    while at < len(pattern):
        if escape and pattern[at] == escape and at + 1 < len(pattern):
            text.append(pattern[at + 1])
            at += 2
        elif wild := _WILD.match(pattern, at):
            if text:
                yield "".join(text), False
            yield wild[0][0], True
            text.clear()
            at = wild.end()
        else:
            text.append(pattern[at])
            at += 1
    if text:
        yield "".join(text), False


def _like_regex(pieces: list[tuple[str, bool]]) -> str:
    """A LIKE pattern as a regular expression.

    Between two ``%`` the first place where a text stands is as good as any later place, so the
    expression never tries a later one (``(?>…)``). A text is therefore read once, however often a
    part of the pattern occurs in it.
    """
    first, *others = _between_runs(pieces)
    if not others:
        return first
    *inner, last = others
    return first + "".join(f"(?>.*?{part})" for part in inner) + ".*" + last


def _between_runs(pieces: list[tuple[str, bool]]) -> list[str]:
    parts = [""]
    for text, wild in pieces:
        if wild and text == "%":
            parts.append("")
        else:
            parts[-1] += "." if wild else re.escape(text)
    return parts
