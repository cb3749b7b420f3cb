r"""Regular expressions in time that grows with the text alone, whatever they are.

RE2 does not backtrack. What it cannot do without (look-around, back-references, possessive
repetition) is refused when the rule is read, never met on a stream. As in Java, ``\w``, ``\d`` and
``\s`` are ASCII and ``.`` stops at a line feed; ``$`` is the very end.
"""

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from matcher.events.text import fold, readable

Search = Callable[[str], Any]

_MEMORY = 16 << 20
"""What one expression may take, in bytes; where its automaton does not fit it runs without one."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ASIDE = {0x212A: 0xE12A, 0x17F: 0xE17F}
"""The two letters that RE2, taking case aside, makes equal to k and s, which they are not here."""

_TOO_LARGE = re.compile("pattern too large|invalid repetition size")
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")


class BadRegexError(ValueError):
    """The text is no regular expression, or none that runs in linear time; says which and why."""


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, caseless: bool = False) -> Any:
    """The expression, for texts that :func:`prepared` made. Raises BadRegexError."""
    if caseless:
        pattern = "".join(c if c.isascii() else fold(c) for c in pattern)
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not caseless
    options.max_mem = _MEMORY
    try:
        return re2.compile(_ESCAPE.sub(_end_of_text, prepared(pattern)), options)
    except (re2.error, ValueError, OverflowError) as error:
        raise BadRegexError(_reason(pattern, error)) from None


def prepared(text: str) -> str:
    """A text as expressions see it; every character keeps its place."""
    return text if text.isascii() else readable(text).translate(_ASIDE)


def regex_search(pattern: str, caseless: bool) -> Search:
    """Finds the expression in a text; caseless means folded as everywhere
    (:func:`matcher.events.text.fold`). Raises BadRegexError.
    """
    search = compiled(pattern, caseless=caseless).search
    if caseless:
        return lambda text: search(prepared(fold(text)))
    return lambda text: search(prepared(text))


def regex_test(pattern: str, caseless: bool) -> Callable[[str], bool]:
    """Whether :func:`regex_search` finds the expression in a text."""
    found = regex_search(pattern, caseless)
    return lambda text: found(text) is not None


def whole(pattern: str) -> str:
    """The expression that matches where this one matches a whole text."""
    flags = _FLAGS.match(pattern)
    head = flags[0] if flags else ""
    return rf"{head}\A(?:{pattern[len(head) :]})\z"


def _end_of_text(escape: re.Match[str]) -> str:
    r"""``\Z``, which RE2 lacks: the end, or before a line feed there."""
    return r"(?:\n?\z)" if escape[1] == "Z" else escape[0]


def _reason(pattern: str, error: Exception) -> str:
    said = _message(error)
    if _TOO_LARGE.match(said):
        return (
            f"the regular expression is too large ({said}): a part repeats at most 1,000 times, "
            "repetitions around it counted, too"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python doubts what means something else to RE2
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return f"the regular expression is not one: {_message(error)}"
    return (
        f"the regular expression cannot run in linear time ({said}): look-around, "
        "back-references and possessive repetition may take for ever on an event"
    )


def _message(error: Exception) -> str:
    text = error.args[0] if error.args else error
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
