"""Text as this project compares it: case folding, and JSON escapes a producer may have added."""

import re

_ESCAPED = re.compile(r"\\(?:(/)|u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _FoldTable(dict[int, int]):
    """``str.translate`` table of :func:`fold`, filled as code points are met."""

    def __missing__(self, point: int) -> int:
        character = chr(point)
        lowered = character.lower()
        folded = point
        if len(lowered) == 1 and (point < 128) == (ord(lowered) < 128):
            folded = ord(lowered)
        self[point] = folded
        return folded


_FOLD = _FoldTable()


def fold(text: str) -> str:
    """Lower every code point that has a single lower-case twin on its side of ASCII.

    The length never changes, É becomes é, and the Kelvin sign does not become k: so a search for
    ASCII bytes that ignores ASCII case alone never misses what this function makes equal.
    """
    return text.lower() if text.isascii() else text.translate(_FOLD)


def unescape(text: str) -> str:
    r"""Replace ``\/`` and printable ``\uXXXX``, once; quotes and backslashes stay escaped.

    Printable means ASCII 0x20 to 0x7E and every code point above 0x9F that
    ``str.isprintable`` accepts; a surrogate pair is one code point.
    """
    return _PAIR.sub(_pair, _ESCAPED.sub(_unescaped, text)) if "\\" in text else text


_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return "/"
    if match[2] is None:
        return match[0]
    point = int(match[2], 16)
    character = chr(point)
    keeps = character in '"\\' or not (character.isprintable() or 0xD800 <= point <= 0xDFFF)
    return match[0] if keeps else character


def _pair(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")


def readable(text: str) -> str:
    """The text with every lone surrogate as U+FFFD, so that it can be written as UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
