r"""Regular expressions whose time grows linearly with the text, whatever the expression.

RE2 does not backtrack. Constructs that need backtracking (look-around, back-references, possessive
repetition) are refused when a rule is loaded, and so never met on a stream. As in Java, ``\w``,
``\d`` and ``\s`` are ASCII and ``.`` stops at a line feed; ``$`` is the very end of the text.
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
"""The memory limit for one expression, in bytes; an expression whose automaton does not fit still
runs, but more slowly.
"""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ASIDE = {0x212A: 0xE12A, 0x17F: 0xE17F}
"""The two letters that RE2 takes for k and s where case is ignored; in this project they are
letters of their own.
"""

_TOO_LARGE = re.compile("pattern too large|invalid repetition size")
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")


class BadRegexError(ValueError):
    """The text is not a regular expression, or not one that runs in linear time; the message says
    which and why.
    """


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
    """A function that finds the expression in a text. Case-insensitive means case-folded as
    everywhere else (:func:`matcher.events.text.fold`). Raises BadRegexError.
    """
    search = compiled(pattern, caseless=caseless).search
    if caseless:
        return lambda text: search(prepared(fold(text)))
    return lambda text: search(prepared(text))


def regex_test(pattern: str, caseless: bool) -> Callable[[str], bool]:
    """A function that tells whether the expression is found in a text. Raises BadRegexError."""
    search = compiled(pattern, caseless=caseless).search  # in bytes, it need not find the place
    if caseless:
        return lambda text: search(prepared(fold(text)).encode()) is not None
    return lambda text: search(prepared(text).encode()) is not None


def whole(pattern: str) -> str:
    """An expression that matches a whole text where this expression does."""
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
            warnings.simplefilter("ignore")  # Python warns of what has another meaning in RE2
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
