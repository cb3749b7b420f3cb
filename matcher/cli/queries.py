"""AQL texts on a command line: where they come from."""

import sys
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import Location, RuleSyntaxError, UsageError

STDIN = "-"


@dataclass(frozen=True, slots=True)
class QueryText:
    """An AQL text, and the file it was read from; ``""`` where it stood in the command."""

    text: str
    file: str


def read_query(argument: str, *, bare_file: bool = False) -> QueryText:
    """The text itself, of the file behind ``@``, or of standard input for ``-``; with
    ``bare_file`` also of a file that is named as it is.

    Raises UsageError where the file cannot be read, RuleSyntaxError where it is not UTF-8.
    """
    if argument == STDIN:
        return QueryText(_decoded(sys.stdin.buffer.read(), "<stdin>"), "<stdin>")
    if argument.startswith("@"):
        return _from_file(argument[1:])
    if bare_file and _is_file(argument):
        return _from_file(argument)
    return QueryText(argument, "")


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except (OSError, ValueError):  # longer than a name can be, or with a NUL in it
        return False


def _from_file(name: str) -> QueryText:
    try:
        return QueryText(_decoded(Path(name).read_bytes(), name), name)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from error


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8-sig", "replace")
        place = Location.of(text, len(raw[: error.start].decode("utf-8-sig", "replace")))
        raise RuleSyntaxError(
            "the query is not UTF-8 here", code="encoding", location=place, source=text, path=name
        ) from None
