"""How texts are compared: case folding, and JSON escapes that a producer may have added."""

import json
import re
from collections.abc import Callable
from functools import lru_cache

# Fast for many texts with few escapes: the search looks only at backslashes, "in" does not.
_OPENABLE = re.compile(r"\\[/u]")
_UNIT = re.compile(r"\\u((?![dD][89a-fA-F]|00(?:[0189]|22|5[cC]|7[fF]))[0-9a-fA-F]{4})")
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_ESCAPES_AT_ONCE = 1 << 16
_UNKNOWN = re.compile(r'\\(?!["/bfnrt]|u[0-9a-fA-F]{4}|\Z)')
_STAND_INS = ("\x7f", "\x80", "\ud800")
_decode_string = json.JSONDecoder(strict=False).decode
_SURROGATE = re.compile("[\ud800-\udfff]")


class _FoldTable(dict[int, int]):
    """``str.translate`` table of :func:`fold`, filled as code points are met."""

    def __missing__(self, point: int) -> int:
        character = chr(point)
        lowered = character.lower()
        same_side = len(lowered) == 1 and character.isascii() == lowered.isascii()
        self[point] = folded = ord(lowered) if same_side else point
        return folded


_FOLD = _FoldTable()
_NOT_LOWERED = {"\u0130": "\ud800", "\u212a": "\ud801"}
"""Characters that ``str.lower`` changes and :func:`fold` does not, each with its stand-in."""
_LOWERED_AT_ONCE = 1 << 16  # lower() takes twelve bytes of memory for a code point


def fold(text: str) -> str:
    """Lower every code point that has a single lower-case form on its side of ASCII.

    The length never changes, É becomes é, and the Kelvin sign does not become k: so a search for
    ASCII bytes that ignores ASCII case alone never misses what this function makes equal.
    """
    if text.isascii():
        return text.lower()
    if any(stand_in in text for stand_in in _NOT_LOWERED.values()):
        return text.translate(_FOLD)
    text = text.replace("\u03a3", "\u03c3")  # lower() makes another sigma at a word's end
    for character, stand_in in _NOT_LOWERED.items():
        text = text.replace(character, stand_in)
    places = range(0, len(text), _LOWERED_AT_ONCE)
    text = "".join([text[at : at + _LOWERED_AT_ONCE].lower() for at in places])
    for character, stand_in in _NOT_LOWERED.items():
        text = text.replace(stand_in, character)
    return text


def unescape(text: str) -> str:
    r"""Replace ``\/`` and printable ``\uXXXX``, once; quotes and backslashes stay escaped.

    Printable is defined by ``str.isprintable``. A surrogate pair is one code point, and a lone
    surrogate stays escaped.
    """
    return _opened(text) if "\\" in text and _OPENABLE.search(text) else text


@lru_cache(maxsize=1)  # the prefilter asks for an event's text, then the payload does
def _opened(text: str) -> str:
    return beside_backslashes(text, _printables_opened)


def without_escapes(text: str) -> str:
    r"""JSON text with every escape replaced, also ``\"`` and ``\\``.

    The result is no longer JSON, but it holds the contents of each string literally, including JSON
    inside a string. An escape that JSON does not have stands for the character after its backslash.
    """
    if "\\" not in text:
        return text
    try:
        return _contents(beside_backslashes(text, _quotes_escaped))
    except ValueError:
        return _contents(beside_backslashes(text, _made_json))


def beside_backslashes(text: str, change: Callable[[str], str]) -> str:
    r"""The text with ``change`` applied to all but its ``\\``; so in the argument of ``change``
    every backslash begins an escape.

    ``change`` must not make a character that is neither printable nor below a blank: during the
    call, a character of that kind stands in for each ``\\``.
    """
    if r"\\" not in text:
        return change(text)
    for stand_in in _STAND_INS:
        if stand_in not in text:
            return change(text.replace(r"\\", stand_in)).replace(stand_in, r"\\")
    return r"\\".join(map(change, text.split(r"\\")))


def _printables_opened(text: str) -> str:
    text = text.replace(r"\/", "/")
    return _units_opened(_units_opened(text, _PAIR, _of_pairs), _UNIT, _of_units)


def _units_opened(text: str, escape: re.Pattern[str], read: Callable[[list[str]], str]) -> str:
    r"""The text in which each escape of a printable character, other than a quote or a backslash,
    is replaced.

    ``read`` gives the characters of escapes, each written without its first ``\u``. There is no
    call for each escape: a text may consist of a million escapes.
    """
    done = []
    while text:
        parts = escape.split(text, _ESCAPES_AT_ONCE)
        text = parts.pop() if len(parts) > 2 * _ESCAPES_AT_ONCE else ""
        escapes = parts[1::2]
        characters = read(escapes)
        if characters.isprintable() and '"' not in characters and "\\" not in characters:
            parts[1::2] = characters
        else:
            parts[1::2] = [
                character if character.isprintable() and character not in '"\\' else rf"\u{written}"
                for character, written in zip(characters, escapes, strict=True)
            ]
        done.append("".join(parts))
    return "".join(done)


def _of_units(escapes: list[str]) -> str:
    return bytes.fromhex("0000".join(["", *escapes])).decode("utf-32-be", "surrogatepass")


def _of_pairs(escapes: list[str]) -> str:
    return bytes.fromhex("".join(escapes).replace(r"\u", "")).decode("utf-16-be")


def _contents(text: str) -> str:
    """What a JSON string holds; raises ValueError if the text between its quotes is not JSON."""
    found: str = _decode_string(f'"{text}"')
    return found


def _quotes_escaped(text: str) -> str:
    return text.replace(r"\"", '"').replace('"', r"\"")


def _made_json(text: str) -> str:
    r"""The same, with the backslash removed from each escape that JSON does not have; a backslash
    at the end is kept, as ``\\``.
    """
    text = _quotes_escaped(_UNKNOWN.sub("", text))
    return text + "\\" if text.endswith("\\") else text


def readable(text: str) -> str:
    """The text with every lone surrogate as U+FFFD, so that it can be written as UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
