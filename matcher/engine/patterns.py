"""LIKE patterns as tests on text."""

import re
from collections.abc import Callable

from matcher.events.text import fold

TextTest = Callable[[str], bool]


def like_runs(pattern: str) -> list[str]:
    """The texts that every match of a LIKE pattern holds, in the pattern's order."""
    return [run for run in re.split("[%_]+", pattern) if run]


def like_test(pattern: str, caseless: bool) -> TextTest:
    """The test of a whole text: ``%`` is any run, newlines too, ``_`` one code point."""
    if caseless:
        return folded_like_test(pattern, fold)
    return folded_like_test(pattern, str)


def folded_like_test(pattern: str, prepare: Callable[[str], str]) -> TextTest:
    """The same; ``prepare`` is applied to the pattern now and to each text."""
    on_prepared = prepared_like_test(prepare(pattern))
    return lambda text: on_prepared(prepare(text))


def prepared_like_test(pattern: str) -> TextTest:
    """The case-sensitive test, the quickest that the pattern allows."""
    core = pattern.strip("%")
    if "%" in core or "_" in core:
        matches = re.compile(_like_regex(pattern), re.DOTALL).fullmatch
        return lambda text: matches(text) is not None
    starts, ends = not pattern.startswith("%"), not pattern.endswith("%")
    if starts and ends:
        return lambda text: text == core
    if starts:
        return lambda text: text.startswith(core)
    if ends:
        return lambda text: text.endswith(core)
    return lambda text: core in text


def _like_regex(pattern: str) -> str:
    """A LIKE pattern as a regular expression. Between two ``%`` the first place is as good as any
    other, and is kept (``(?>…)``): so a text is read once, however often a part stands in it.
    """
    first, *others = (
        "".join("." if sign == "_" else re.escape(sign) for sign in part)
        for part in re.split("%+", pattern)
    )
    if not others:
        return first
    *inner, last = others
    return first + "".join(f"(?>.*?{part})" for part in inner) + ".*" + last
