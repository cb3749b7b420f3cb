"""Characters that word processors and web pages put in place of AQL's own."""
# ruff: noqa: RUF001 - the characters are listed because they look like others

import unicodedata

from matcher.languages.quotes import DOUBLE_QUOTES, SINGLE_QUOTES

_MEANT = {
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "×": "*",
    "−": "-",
    "\N{EN DASH}": "- for minus, -- for a comment",
    "\N{EM DASH}": "- for minus, -- for a comment",
    "…": "the rest out",
}
_LONGEST_SHOWN = 60


def hint_for(text: str, start: int) -> str:
    """What to write in place of the character at that place; "" where that is not known."""
    character = text[start : start + 1]
    if character in SINGLE_QUOTES + DOUBLE_QUOTES:
        return _straight(text, start)
    if character in _MEANT:
        return f"write {_MEANT[character]}"
    if unicodedata.category(character) in ("Zs", "Cf", "Zl", "Zp"):
        name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
        return f"this is an invisible character, {name}: take it out, or write a plain blank"
    return ""


def _straight(text: str, start: int) -> str:
    """The quoted part of the line with straight quotes. Whether single or double ones were meant is
    not known.
    """
    line = text[start + 1 :].partition("\n")[0]
    quotes = SINGLE_QUOTES if text[start] in SINGLE_QUOTES else DOUBLE_QUOTES
    end = next((at for at, character in enumerate(line) if character in quotes), 0)
    inner = line[:end] if 0 < end <= _LONGEST_SHOWN else "…"
    return (
        "quotes are straight in AQL: "
        f"""write '{inner.replace("'", "''")}' for a text, "{inner}" for a name"""
    )
