"""Why a rule matched: every leaf that held, and where its text stands in the payload."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matcher.engine.compiler import (
    Predicate,
    is_address,
    is_payload,
    leaf_predicate,
    operand,
)
from matcher.engine.expression import (
    Always,
    Among,
    Call,
    Case,
    Compare,
    Constant,
    Exists,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Nulls,
    Operand,
    Recent,
    leaves,
)
from matcher.engine.members import texts, values
from matcher.engine.patterns import like_runs
from matcher.engine.regex import regex_search
from matcher.engine.values import equal, same_address, text_of
from matcher.events.schema import Event
from matcher.events.text import fold


@dataclass(frozen=True, slots=True)
class Reason:
    """One leaf that held.

    ``offset`` is the byte of the payload at which the compared text first occurs, in any case. It
    is None where the text does not occur, or occurs only in escapes.
    """

    field: str
    operator: str
    value: Any
    offset: int | None


class Explanation:
    """Explains the matches of one expression."""

    def __init__(self, expression: Expression) -> None:
        self._leaves: list[tuple[Leaf, Predicate]] = [
            (leaf, leaf_predicate(leaf))
            for leaf in leaves(expression)
            if not isinstance(leaf, Always)
        ]

    def reasons(self, event: Event) -> tuple[Reason, ...]:
        """Every leaf that holds for the event, in the rule's order; nothing is short-circuited."""
        return tuple(_reason(leaf, event) for leaf, holds in self._leaves if holds(event))


def _reason(leaf: Leaf, event: Event) -> Reason:
    match leaf:
        case Among(item):
            value = _option(leaf, event)
            return Reason(written(item), "IN", value, _offset(event, value))
        case Like(item, pattern, caseless, _, escape):
            runs = like_runs(pattern, escape)
            place = _offset(event, max(runs, key=len)) if runs else None
            return Reason(written(item), "ILIKE" if caseless else "LIKE", pattern, place)
        case Matches(item, pattern, caseless):
            operator = "IMATCHES" if caseless else "MATCHES"
            return Reason(written(item), operator, pattern, _regex_offset(event, leaf))
        case InNetwork(item, network):
            seen = operand(item)(event)
            return Reason(written(item), "INCIDR", str(network), _offset(event, seen))
        case IsNull(item):
            return Reason(written(item), "IS NULL", None, None)
        case Compare(operator, left, right):
            value = operand(right)(event)
            return Reason(written(left), operator.value, value, _offset(event, value))
        case Exists(item):
            return Reason(written(item), "EXISTS", None, None)
        case Recent(_, clause):
            return Reason("starttime", "LAST", clause, None)
        case Always():
            return Reason("", "TRUE", leaf.holds, None)


def _option(leaf: Among, event: Event) -> Any:
    """The first of the listed values that the operand equals."""
    if leaf.nulls is Nulls.SIGMA:
        prepare: Callable[[str], str] = fold if leaf.caseless else str
        there = set(map(prepare, texts(values(leaf.operand)(event))))
        return next((value for value in leaf.values if prepare(str(value)) in there), None)
    seen = operand(leaf.operand)(event)
    for same in (equal, same_address) if is_address(leaf.operand) else (equal,):
        for value in leaf.values:
            if same(seen, value):
                return value
    return None


def written(item: Operand) -> str:
    """An operand as the rule writes it."""
    match item:
        case Field(written=text):
            return text
        case Constant(None):
            return "NULL"
        case Constant(value):
            return repr(value) if isinstance(value, str) else str(value)
        case Call(function, arguments):
            return f"{function.name}({', '.join(map(written, arguments))})"
        case Case():
            return "CASE … END"


def _offset(event: Event, value: Any) -> int | None:
    if not isinstance(value, str) or not value:
        return None
    place = event.payload.folded[0].find(fold(value))
    return event.payload.byte_offset(place) if place >= 0 else None


def _regex_offset(event: Event, leaf: Matches) -> int | None:
    search = regex_search(leaf.pattern, leaf.caseless)
    if is_payload(leaf.operand):
        found = search(event.payload.text)
        return None if found is None else event.payload.byte_offset(found.start())
    if leaf.nulls is Nulls.SIGMA:
        seen = texts(values(leaf.operand)(event), whole=True)
    else:
        seen = iter([text_of(operand(leaf.operand)(event)) or ""])
    found = next((hit for text in seen if (hit := search(text)) is not None), None)
    return None if found is None else _offset(event, found[0])
