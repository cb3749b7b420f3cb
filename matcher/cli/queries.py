"""Reads AQL texts that are given on a command line."""

import sys
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import Location, RuleSyntaxError, UsageError

STDIN = "-"


@dataclass(frozen=True, slots=True)
class QueryText:
    """An AQL text, and the file that it was read from; ``""`` if it was given on the
    command line.
    """

    text: str
    file: str


def read_query(argument: str, *, bare_file: bool = False) -> QueryText:
    """The AQL text for an argument: the argument itself, the file after ``@``, or standard input
    for ``-``.

    With ``bare_file`` the argument may also be the name of a file. Raises UsageError if the file
    cannot be read, RuleSyntaxError if it is not UTF-8.
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
    except (OSError, ValueError):  # the argument is too long for a file name, or has a NUL
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
