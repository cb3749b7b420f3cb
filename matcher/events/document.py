"""Reads a JSON document that may hold anything under any key: a value of the wrong type counts as
missing.

A key is looked up under the spellings that producers use: ``eventName``, ``EventName`` (Log
Analytics), ``eventname`` (data lakes that lower-case every key) and, for some names, ``event_name``
(SDKs). An acronym in a name may be in capitals or written as a word: ``IPAddress`` is
``ipAddress``, ``AWSRegion`` is ``awsRegion``. Every returned text stands in the event's bytes, raw
or once unescaped, except that its ends may be cut: the literal prefilter relies on that
(:class:`matcher.events.schema.Property`).
"""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

Names = tuple[str, ...]

T = TypeVar("T", dict[str, Any], list[Any])

_EMPTY: Final[dict[str, Any]] = {}
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYM = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[a-z0-9])(?=[A-Z]))"
    r"(?i:aad|api|arn|aws|dns|guid|http|id|ip|mfa|spn|upn|uri|url)(?=[A-Z]|(?![A-Za-z]))"
)
_MOST_ACRONYMS = 3
_PLAIN_RUN = re.compile(r"[ !#-\[\]-~]+")
_LONGEST_ESCAPED = 16_384


def spellings(name: str) -> Names:
    """The camelCase name, its PascalCase and lower-case forms, and all of these with acronyms
    spelled differently.
    """
    pascal = name[:1].upper() + name[1:]
    return tuple(dict.fromkeys((name, pascal, name.lower(), *_acronyms_written(pascal))))


def sdk_spellings(name: str) -> Names:
    """:func:`spellings`, and the snake_case form."""
    words = _ACRONYM.sub(lambda found: found[0].capitalize(), name[:1].upper() + name[1:])
    return tuple(dict.fromkeys((*spellings(name), _WORD_BREAK.sub("_", words).lower())))


def _acronyms_written(pascal: str) -> Iterator[str]:
    """The name with each acronym as a word and in capitals, in PascalCase and camelCase. Only
    before a word does a name begin with a small letter.
    """
    acronyms = list(_ACRONYM.finditer(pascal))[:_MOST_ACRONYMS]
    if not acronyms:
        return
    for chosen in product((str.capitalize, str.upper), repeat=len(acronyms)):
        written = list(pascal)
        for found, write in zip(acronyms, chosen, strict=True):
            written[found.start() : found.end()] = write(found[0])
        yield (form := "".join(written))
        if acronyms[0].start() or chosen[0] is str.capitalize:
            yield form[:1].lower() + form[1:]


def has(document: dict[str, Any], names: Names) -> bool:
    """Whether the key is present, whatever its value."""
    for name in names:  # noqa: SIM110 - a generator would cost more than the look-ups
        if name in document:
            return True
    return False


def value(document: dict[str, Any], names: Names) -> Any:
    """The value under the first spelling that has a value; None if there is none."""
    for name in names:
        found = document.get(name)
        if found is not None:
            return found
    return None


def text(document: dict[str, Any], names: Names) -> str | None:
    """The value, if it is a non-empty text."""
    for name in names:
        found = document.get(name)
        if found is not None:
            return found if found and isinstance(found, str) else None
    return None


def number_or_text(document: dict[str, Any], names: Names) -> str | None:
    """The value, if it is a text or an integer; an integer's digits stand in the event as well."""
    return as_text(value(document, names))


def as_text(found: Any) -> str | None:
    """The text, or the digits of an integer; None for anything else and for the empty text."""
    if isinstance(found, str):
        return found or None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return None


def named(document: dict[str, Any], names: Names) -> str | None:
    """A text, or the ``value`` of Azure's ``{"value": …, "localizedValue": …}``."""
    found = value(document, names)
    if isinstance(found, dict):
        found = found.get("value")
    return found if found and isinstance(found, str) else None


def child(document: dict[str, Any], names: Names) -> dict[str, Any]:
    """The object under the key, which may also be JSON inside a text; else an empty object.

    A value that is still Raw is parsed; that raises msgspec's errors, as parsing the document does.
    """
    found = value(document, names)
    if isinstance(found, dict):
        return found
    if isinstance(found, Raw):
        found = msgspec.json.decode(found)
        if isinstance(found, dict):
            return found
    return opened(found, dict) or _EMPTY


def opened(inner: Any, kind: type[T]) -> T | None:
    """The object or list, as ``kind`` says, that a text holds as JSON; None for anything else.

    If the text has escapes of its own, an object keeps only those entries whose texts stand in the
    text exactly as they are read, and a list has None for its other members. Such a text of more
    than 16 KB is not opened.
    """
    if not isinstance(inner, str) or not inner.lstrip().startswith("{" if kind is dict else "["):
        return None
    escaped = "\\" in inner
    if escaped and len(inner) > _LONGEST_ESCAPED:
        return None

    def standing(entries: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in entries.items() if _stands(k, inner) and _stands(v, inner)}

    try:
        found = json.loads(inner, object_hook=standing if escaped else None)
    except (ValueError, RecursionError):
        return None
    if escaped and isinstance(found, list):
        found = [one if _stands(one, inner) else None for one in found]
    return found if isinstance(found, kind) else None


def _stands(found: Any, inner: str) -> bool:
    if isinstance(found, list):
        return all(_stands(item, inner) for item in found)
    return not isinstance(found, str) or all(run in inner for run in _PLAIN_RUN.findall(found))
