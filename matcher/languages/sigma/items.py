"""A leaf of an expression as an item of a Sigma selection."""

import re
from dataclasses import dataclass
from typing import Any

from matcher.engine.expression import (
    Among,
    Call,
    Compare,
    Comparison,
    Constant,
    Exists,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Operand,
)
from matcher.engine.patterns import like_pieces
from matcher.languages.sigma.fields import KEYWORDS

_ORDER = {
    Comparison.LESS: "lt",
    Comparison.AT_MOST: "lte",
    Comparison.GREATER: "gt",
    Comparison.AT_LEAST: "gte",
}
_REFERENCES = ("contains", "startswith", "endswith")
_FLAGS = re.compile(r"\(\?([ims]+)\)")
_SIGNS = {"%": "*", "_": "?"}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a selection, ``key: values``, which holds if any of the values does; several
    values are always texts. A keyword has no field: its key is empty, or begins with the bar of its
    modifiers.
    """

    key: str
    values: tuple[Any, ...]

    @property
    def keyword(self) -> bool:
        """Whether the item is searched for in all values of the event."""
        return self.key.split("|", maxsplit=1)[0] == ""

    @property
    def body(self) -> Any:
        """The item as the rule writes it: a plain keyword is a list, any other item a mapping."""
        value = list(self.values) if len(self.values) > 1 or self.keyword else self.values[0]
        return {self.key: value} if self.key else value


def item_of(leaf: Expression) -> Item:  # noqa: C901 - one case for each kind of leaf
    """The item for one leaf. Raises ValueError for a leaf that no Sigma rule compiles to."""
    match leaf:
        case Among(operand, values, _, caseless):
            key = _key(operand) if caseless else f"{_key(operand)}|cased"
            return Item(key, tuple(_escaped(str(value)) for value in values))
        case Like(operand, pattern, caseless, _, escape):
            return _like(operand, list(like_pieces(pattern, escape)), caseless=caseless)
        case Matches(operand, pattern, caseless):
            return _regex(operand, pattern, caseless=caseless)
        case InNetwork(operand, network):
            return Item(f"{_key(operand)}|cidr", (str(network),))
        case IsNull(operand):
            return Item(_key(operand), (None,))
        case Exists(operand):
            return Item(f"{_key(operand)}|exists", (True,))
        case Compare(Comparison.EQUAL, Call(function, (left, Field(written=other)))) if (
            function.name in _REFERENCES
        ):
            return Item(f"{_key(left)}|fieldref|{function.name}", (other,))
        case Compare(Comparison.EQUAL, Call(function, (left,)), Constant(value)):
            return Item(f"{_key(left)}|{function.name}", (value,))
        case Compare(Comparison.EQUAL, left, Field(written=other)):
            return Item(f"{_key(left)}|fieldref", (other,))
        case Compare(operator, left, Constant(value)) if operator in _ORDER:
            return Item(f"{_key(left)}|{_ORDER[operator]}", (value,))
        case _:
            raise ValueError(f"no Sigma rule compiles to {leaf}")


def _like(operand: Operand, pieces: list[tuple[str, bool]], *, caseless: bool) -> Item:
    wild = ("%", True)
    modifier, inner = "", pieces
    if pieces[1:] and (pieces[0] == wild or pieces[-1] == wild):
        first, last = int(pieces[0] == wild), len(pieces) - (pieces[-1] == wild)
        if any(not sign for _, sign in pieces[first:last]):
            inner = pieces[first:last]
            modifier = ("startswith", "endswith", "contains")[(last == len(pieces)) or 2 * first]
    text = "".join(_SIGNS[piece] if sign else _escaped(piece) for piece, sign in inner)
    if operand == KEYWORDS:
        return Item("" if caseless else "|cased", (text,))
    key = "|".join(filter(None, (_key(operand), modifier, "" if caseless else "cased")))
    return Item(key, (text,))


def _regex(operand: Operand, pattern: str, *, caseless: bool) -> Item:
    flags = "i" if caseless else ""
    found = _FLAGS.match(pattern)
    if found:
        flags, pattern = flags + found[1], pattern[found.end() :]
    key = _key(operand)
    return Item("|".join((key, "re", *sorted(set(flags)))), (pattern,))


def _key(operand: Operand) -> str:
    match operand:
        case Field(written=written):
            return "" if operand == KEYWORDS else written
        case _:
            raise ValueError(f"no Sigma rule compares {operand}")


def _escaped(text: str) -> str:
    """The text, escaped so that its wildcards and backslashes are plain characters."""
    return re.sub(r"[\\*?]", r"\\\g<0>", text)
