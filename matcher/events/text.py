"""How texts are compared: case folding, and JSON escapes that a producer may have added."""

import re

_ESCAPE = re.compile(
    r"\\(?:(?P<slash>/)"
    r"|u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u(?P<point>[0-9a-fA-F]{4})"
    r"|.)",
    re.DOTALL,
)
_OPENABLE = re.compile(r"\\[/u]")
_ANY_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
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


def fold(text: str) -> str:
    """Lower every code point that has a single lower-case form on its side of ASCII.

    The length never changes, É becomes é, and the Kelvin sign does not become k: so a search for
    ASCII bytes that ignores ASCII case alone never misses what this function makes equal.
    """
    return text.lower() if text.isascii() else text.translate(_FOLD)


def unescape(text: str) -> str:
    r"""Replace ``\/`` and printable ``\uXXXX``, once; quotes and backslashes stay escaped.

    Printable is defined by ``str.isprintable``. A surrogate pair is one code point, and a lone
    surrogate stays escaped.
    """
    return _ESCAPE.sub(_opened, text) if _OPENABLE.search(text) else text


def _opened(escape: re.Match[str]) -> str:
    if escape["slash"]:
        return "/"
    if escape["high"]:
        pair = chr(int(escape["high"], 16)) + chr(int(escape["low"], 16))
        character = pair.encode("utf-16", "surrogatepass").decode("utf-16")
    elif escape["point"]:
        character = chr(int(escape["point"], 16))
    else:
        return escape[0]
    return character if character.isprintable() and character not in '"\\' else escape[0]


def without_escapes(text: str) -> str:
    r"""JSON text with every escape replaced, also ``\"`` and ``\\``.

    The result is no longer JSON, but it holds the contents of each string literally, including JSON
    inside a string.
    """
    return _ANY_ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _CONTROLS.get(escape[2], escape[2])


def readable(text: str) -> str:
    """The text with every lone surrogate as U+FFFD, so that it can be written as UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
