"""Errors of an AQL text: each with its place, and what was expected."""

import re
from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from matcher.errors import Location, RuleSyntaxError
from matcher.languages.aql.characters import hint_for
from matcher.languages.quotes import DOUBLE_QUOTES, SINGLE_QUOTES

_LONGEST_TOKEN_SHOWN = 40
_MOST_EXPECTED_SHOWN = 8

_OPERATORS = ("PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "CARET", "AMPERSAND")
_COMPARISONS = ("EQUALS", "COMPARISON", "LIKE", "MATCHES", "_BETWEEN", "_IN", "_IS")
_VALUE_STARTS = ("TEXT", "NUMBER", "HEXADECIMAL", "_NULL", "_CASE", "_IF", "LPAR", "_LAST")
_SAID = {
    **dict.fromkeys(_OPERATORS, ""),
    "IDENTIFIER": "a name",
    "QUOTED": "a name",
    "TEXT": "a text in single quotes",
    "NUMBER": "a number",
    "HEXADECIMAL": "a number",
    "DIRECTION": "ASC or DESC",
    "COMMA": "','",
    "LPAR": "'('",
    "RPAR": "')'",
    "STAR": "",
    "SEMICOLON": "",
    "$END": "the end",
}

_UNCLOSED = {
    "'": ("unclosed-text", "this text is not closed", "close it with '; a ' inside is written ''"),
    '"': ("unclosed-name", "this quoted name is not closed", 'close it with "'),
}
_CURLY = {"'": SINGLE_QUOTES, '"': DOUBLE_QUOTES}
"""Signs that may have been meant as the closing quote of a text or a name."""

_BEHIND_IF = re.compile(r"\bif\s*\Z", re.IGNORECASE)
_IF_INSIDE = "inside a condition it stands in parentheses: (IF … THEN … ELSE …)"


def syntax_error(error: UnexpectedInput, text: str, accepted: Iterable[str]) -> RuleSyntaxError:
    """A parse error as a message for a person; ``accepted`` are the terminals that the parser would
    have accepted.
    """
    start = error.pos_in_stream or 0
    only_parenthesis = set(accepted) == {"LPAR"}
    for opening in (start, start - 1):
        if opening >= 0 and text.startswith("/*", opening):
            return _unexpected_character(text, opening)
    match error:
        case UnexpectedToken(token=Token(type="$END")):
            return RuleSyntaxError(
                f"the text ends where {expected(accepted)} is due",
                code="syntax",
                location=end_of(text),
                source=text,
            )
        case UnexpectedToken(token=token):
            return RuleSyntaxError(
                f"unexpected {shown(token)}; {expected(accepted)} is due here",
                code="syntax",
                location=Location(token.line or 1, token.column or 1, max(1, len(token))),
                source=text,
                hint=_IF_INSIDE if only_parenthesis and _BEHIND_IF.search(text, 0, start) else "",
            )
        case UnexpectedCharacters():
            return _unexpected_character(text, start)
        case _:
            return RuleSyntaxError("the text does not parse", code="syntax", source=text)


def _unexpected_character(text: str, start: int) -> RuleSyntaxError:
    character = text[start : start + 1]
    if character in _UNCLOSED:
        code, message, hint = _UNCLOSED[character]
        ending = next((sign for sign in text[start:] if sign in _CURLY[character]), "")
        hint += f"; {ending} is no quote in AQL" if ending else ""
    elif text.startswith("/*", start):
        code, message, hint = "unclosed-comment", "this comment is not closed", "close it with */"
    elif character.isdigit():
        code, message, hint = "syntax", "this is neither a number nor a name", ""
    else:
        code, message = "character", f"unexpected character {character!r}"
        hint = hint_for(text, start)
    return RuleSyntaxError(
        message, code=code, location=Location.of(text, start), source=text, hint=hint
    )


def shown(token: str) -> str:
    """A token as it is quoted in a message."""
    if len(token) <= _LONGEST_TOKEN_SHOWN:
        return f"'{token}'"
    return f"'{token[:_LONGEST_TOKEN_SHOWN]}…'"


def expected(terminals: Iterable[str]) -> str:
    """What may stand at a place, as words for a message."""
    names = set(terminals)
    words = set()
    if {"IDENTIFIER", "TEXT", "NUMBER"} <= names:
        words.add("a value or condition" if "_NOT" in names else "a value")
        names -= {"IDENTIFIER", "QUOTED", "MINUS", "_NOT", "_TEXT_SEARCH", *_VALUE_STARTS}
    if "EQUALS" in names:
        words.add("a comparison")
        names -= {"LPAR", "NOT", *_COMPARISONS}
    words |= {_SAID.get(name, name.strip("_").replace("_", " ")) for name in names} - {""}
    listed = sorted(words, key=lambda word: (word.isupper(), word))
    if len(listed) > _MOST_EXPECTED_SHOWN:
        listed = [*listed[:_MOST_EXPECTED_SHOWN], "…"]
    if len(listed) <= 1:
        return "".join(listed) or "something else"
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def end_of(text: str) -> Location:
    """The place just behind the last character that is not blank."""
    return Location.of(text, len(text.rstrip()))
