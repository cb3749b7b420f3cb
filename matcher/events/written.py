"""A JSON document whose numbers stay as they are written, and its compact JSON text.

A rule that compares a number, an object or an array as text sees this form. Every plain run in such
a text stands in the event's bytes, raw or once unescaped, except for blanks that a producer puts
between tokens.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from matcher.events.acceptable import BOM, is_too_deep

MAX_TEXTS = 3
"""The most texts that are opened one inside the other: JSON in a text in JSON in a text …"""

_BLANKS = " \t\r\n"
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.))")
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Number(str):
    """A JSON number, or NaN or an infinity, as it is written."""

    __slots__ = ()


_decode = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=Number, strict=False
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
    r"""A value as compact JSON, with non-ASCII and control characters as they are.

    So the letter of an escape (the ``n`` of ``\n``) never joins the text after it.
    """
    if isinstance(node, dict):
        entries = (f"{compact(key)}:{compact(inner)}" for key, inner in node.items())
        return f"{{{','.join(entries)}}}"
    if isinstance(node, list):
        return f"[{','.join(map(compact, node))}]"
    if isinstance(node, Number):
        return str(node)
    return opened_controls(json.dumps(node, ensure_ascii=False))


def opened_controls(text: str) -> str:
    """JSON text with its control characters as they are."""
    return _ESCAPE.sub(_control, text) if "\\" in text else text


def _control(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _SHORT_ESCAPES.get(match[2], match[0])
