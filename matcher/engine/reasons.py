"""Why a rule matched: every leaf that held, and where its text stands in the payload."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from matcher.engine.compiler import (
    Getter,
    Predicate,
    is_address,
    is_payload,
    leaf_predicate,
    operand,
)
from matcher.engine.expression import (
    Always,
    Among,
    And,
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
    Not,
    Nulls,
    Operand,
    Or,
    Recent,
)
from matcher.engine.members import texts_of
from matcher.engine.patterns import like_runs
from matcher.engine.regex import regex_search
from matcher.engine.values import equal, same_address, text_of
from matcher.events.schema import Event
from matcher.events.text import fold


class Reason(msgspec.Struct, frozen=True):
    """One leaf that held.

    ``offset`` is the byte of the payload at which the compared text first occurs, in any case. It
    is None where the text does not occur, or occurs only in escapes.
    """

    field: str
    operator: str
    value: Any
    offset: int | None


class Explanation:
    """Explains the matches of one expression; what does not depend on the event is made once."""

    def __init__(self, expression: Expression) -> None:
        self._leaves: list[tuple[Predicate | None, Callable[[Event], Reason]]] = [
            (None if holds else leaf_predicate(leaf), _explained(leaf))
            for leaf, holds in _given(expression, holds=True)
            if holds is not False and not isinstance(leaf, Always)
        ]

    def reasons(self, event: Event) -> tuple[Reason, ...]:
        """Every leaf that holds for the event, in the rule's order; nothing is short-circuited.

        The expression must hold for the event. A leaf without which the expression cannot hold is
        therefore not tested again.
        """
        return tuple(
            [reason(event) for holds, reason in self._leaves if holds is None or holds(event)]
        )


def _given(expression: Expression, *, holds: bool | None) -> Iterator[tuple[Leaf, bool | None]]:
    """Each leaf and its outcome, given the outcome of the expression; None is an outcome that is
    not known.
    """
    match expression:
        case And(items):
            for item in items:
                yield from _given(item, holds=holds or None)
        case Or(items):
            for item in items:
                yield from _given(item, holds=None if holds else holds)
        case Not(item):
            yield from _given(item, holds=None if holds is None else not holds)
        case _:
            yield expression, holds


def _explained(leaf: Leaf) -> Callable[[Event], Reason]:
    """A function that gives the reason for an event for which the leaf holds."""
    match leaf:
        case Among(item):
            return _about(item, "IN", _option(leaf))
        case Like(item, pattern, caseless, _, escape):
            run = max(like_runs(pattern, escape), key=len, default="")
            return _at(item, "ILIKE" if caseless else "LIKE", pattern, lambda e: _offset(e, run))
        case Matches(item, pattern, caseless):
            return _at(item, "IMATCHES" if caseless else "MATCHES", pattern, _regex_offset(leaf))
        case InNetwork(item, network):
            get = operand(item)
            return _at(item, "INCIDR", str(network), lambda e: _offset(e, get(e)))
        case IsNull(item):
            return _always(Reason(written(item), "IS NULL", None, None))
        case Compare(operator, left, right):
            return _about(left, operator.value, operand(right))
        case Exists(item):
            return _always(Reason(written(item), "EXISTS", None, None))
        case Recent(_, clause):
            return _always(Reason("starttime", "LAST", clause, None))
        case Always():
            return _always(Reason("", "TRUE", leaf.holds, None))


def _always(reason: Reason) -> Callable[[Event], Reason]:
    return lambda _event: reason


def _at(
    item: Operand, operator: str, value: Any, offset: Callable[[Event], int | None]
) -> Callable[[Event], Reason]:
    """The reason with a value that the rule gives."""
    field = written(item)
    return lambda event: Reason(field, operator, value, offset(event))


def _about(item: Operand, operator: str, value: Getter) -> Callable[[Event], Reason]:
    """The reason with a value that depends on the event."""
    field = written(item)

    def reason(event: Event) -> Reason:
        found = value(event)
        return Reason(field, operator, found, _offset(event, found))

    return reason


def _option(leaf: Among) -> Getter:
    """The first of the listed values that the operand equals."""
    if leaf.nulls is Nulls.SIGMA:
        return _sigma_option(leaf)
    get, values = operand(leaf.operand), leaf.values
    tests = (equal, same_address) if is_address(leaf.operand) else (equal,)
    # Where all values are texts, a text is equal only to itself.
    texts = frozenset(values) if all(isinstance(value, str) for value in values) else frozenset()

    def option(event: Event) -> Any:
        seen = get(event)
        if seen and isinstance(seen, str) and seen in texts:
            return seen
        return next((value for same in tests for value in values if same(seen, value)), None)

    return option


def _sigma_option(leaf: Among) -> Getter:
    prepare: Callable[[str], str] = fold if leaf.caseless else str
    options = [(value, prepare(str(value))) for value in leaf.values]
    read = texts_of(leaf.operand, folded=leaf.caseless, whole=False)

    def option(event: Event) -> Any:
        there = frozenset(read(event))
        return next((value for value, text in options if text in there), None)

    return option


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
    if value.isascii():
        # An ASCII byte always is its ASCII character, even beside bytes that are not UTF-8.
        place = event.payload.lowered.find(value.lower().encode())
        return None if place < 0 else place
    place = event.payload.folded[0].find(fold(value))
    return None if place < 0 else event.payload.byte_offset(place)


def _regex_offset(leaf: Matches) -> Callable[[Event], int | None]:
    search = regex_search(leaf.pattern, leaf.caseless)
    if is_payload(leaf.operand):

        def in_payload(event: Event) -> int | None:
            found = search(event.payload.text)
            return None if found is None else event.payload.byte_offset(found.start())

        return in_payload
    if leaf.nulls is Nulls.SIGMA:
        read = texts_of(leaf.operand, folded=False, whole=True)
    else:
        get = operand(leaf.operand)
        read = lambda event: [text_of(get(event)) or ""]  # noqa: E731 - one of two

    def of_found(event: Event) -> int | None:
        found = next((hit for text in read(event) if (hit := search(text)) is not None), None)
        return None if found is None else _offset(event, found[0])

    return of_found
