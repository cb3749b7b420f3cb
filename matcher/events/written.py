"""A JSON document whose numbers stay as they are written, and its compact JSON text.

A rule that compares a number, an object or an array as text sees this form. Every plain run in such
a text stands in the event's bytes, raw or once unescaped, except for blanks that a producer puts
between tokens.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from matcher.events.acceptable import BOM, is_too_deep
from matcher.events.text import beside_backslashes

MAX_TEXTS = 3
"""The most texts that are opened one inside the other: JSON in a text in JSON in a text …"""

_BLANKS = " \t\r\n"
_LONGEST_SHORT = 16
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Number(str):
    """A JSON number, or NaN or an infinity, as it is written."""

    __slots__ = ()


_short_number = lru_cache(maxsize=1 << 14)(Number)


def _number(text: str) -> Number:
    """The number of a text. All equal short texts share one number object: making a number costs
    more time and memory than reading the text.
    """
    return _short_number(text) if len(text) <= _LONGEST_SHORT else Number(text)


_decode = json.JSONDecoder(
    parse_int=_number, parse_float=_number, parse_constant=Number, strict=False
).decode


def read_as_written(raw: bytes) -> Any:
    """The document of an acceptable event (:mod:`matcher.events.acceptable`)."""
    return _decode(raw.removeprefix(BOM).decode("utf-8", "replace"))


def read_text(text: str) -> dict[str, Any] | list[Any] | None:
    """The object or list that a text holds as JSON, with numbers as they are written; None for any
    other text. As in an event, nothing may be nested deeper than 200.
    """
    if not text.lstrip(_BLANKS).startswith(("{", "[")):
        return None
    if is_too_deep(text.encode("utf-8", "replace")):
        return None
    try:
        found = _decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def scalars(node: Any) -> Iterator[Any]:
    """Every text, number and truth value in a document, in order; keys are not included."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += reversed(node.values())
        elif isinstance(node, list):
            waiting += reversed(node)
        elif node is not None:
            yield node


def compact(node: Any) -> str:
    r"""A value of such a document as compact JSON, with non-ASCII and control characters as they
    are.

    So the letter of an escape (the ``n`` of ``\n``) never joins the text after it.
    """
    try:
        text = orjson.dumps(node, _as_written, orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
    except TypeError:  # a lone surrogate in it
        return _joined(node)
    return opened_controls(text)


def _as_written(number: Any) -> orjson.Fragment:
    return orjson.Fragment(str(number))


def _joined(node: Any) -> str:
    """The text of :func:`compact`, made piece by piece."""
    if isinstance(node, dict):
        entries = [f"{_joined(key)}:{_joined(inner)}" for key, inner in node.items()]
        return f"{{{','.join(entries)}}}"
    if isinstance(node, list):
        return f"[{','.join(map(_joined, node))}]"
    if isinstance(node, Number):
        return str(node)
    if isinstance(node, str):
        escaped = node.replace("\\", r"\\").replace('"', r"\"")
        return f'"{escaped}"'
    return json.dumps(node)


def opened_controls(text: str) -> str:
    """The JSON text of a value, as a serializer writes it, with its control characters as they
    are.
    """
    return beside_backslashes(text, _controls_opened) if "\\" in text else text


def _controls_opened(text: str) -> str:
    for letter, control in _SHORT_ESCAPES.items():
        text = text.replace(f"\\{letter}", control)
    if r"\u" in text:
        for point in range(ord(" ")):
            text = text.replace(f"\\u{point:04x}", chr(point))
    return text
