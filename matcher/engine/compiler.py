"""Expression → predicate(Event): what each node means.

Values compare as :mod:`matcher.engine.values` says, or, where a leaf asks for it, as
:mod:`matcher.engine.members` does. A test on the payload holds if it holds on the raw text or on
the text with JSON's optional escapes opened (:class:`matcher.events.schema.Payload`).
"""

import json
from collections.abc import Callable
from typing import Any, assert_never

from matcher.engine.cost import cost
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Case,
    Compare,
    Comparison,
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
from matcher.engine.members import member_predicate
from matcher.engine.patterns import TextTest, ascii_part, prepared_like_test
from matcher.engine.regex import regex_test
from matcher.engine.values import (
    ORDER,
    address,
    address_rank,
    equal,
    number_of,
    same_address,
    text_of,
    unequal,
    within,
)
from matcher.events.schema import Event, Kind, Property
from matcher.events.text import fold
from matcher.events.written import Number

Predicate = Callable[[Event], bool]
Getter = Callable[[Event], Any]


def predicate(expression: Expression, now: int | None = None) -> Predicate:
    """Compile the expression to a test of an event.

    ``now`` (epoch ms) is the time from which ``LAST`` looks back; with None that is the event's own
    start time, and ``LAST`` always holds.
    """
    match expression:
        case And(items):
            return _all([predicate(item, now) for item in sorted(items, key=cost)])
        case Or(items):
            return _any([predicate(item, now) for item in sorted(items, key=cost)])
        case Not(item):
            inner = predicate(item, now)
            return lambda event: not inner(event)
        case _:
            return leaf_predicate(expression, now)


def _all(tests: list[Predicate]) -> Predicate:
    def holds(event: Event) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than the tests
            if not test(event):
                return False
        return True

    return holds


def _any(tests: list[Predicate]) -> Predicate:
    def holds(event: Event) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(event):
                return True
        return False

    return holds


def leaf_predicate(leaf: Leaf, now: int | None = None) -> Predicate:
    """The test of one leaf."""
    match leaf:
        case Always(holds):
            return lambda _event: holds
        case Recent(milliseconds):
            return (lambda _event: True) if now is None else _between(now - milliseconds, now)
        case Exists():
            return member_predicate(leaf)
        case _:
            return member_predicate(leaf) if leaf.nulls is Nulls.SIGMA else _value_predicate(leaf)


def _value_predicate(
    leaf: Compare | Among | Like | Matches | InNetwork | IsNull,
) -> Predicate:
    """The test of a leaf whose operand has one value."""
    match leaf:
        case IsNull(item):
            get = operand(item)
            return lambda event: get(event) in (None, "")
        case Like(item, pattern, caseless, _, escape):
            part = ascii_part(pattern, escape) if caseless and is_payload(item) else None
            if part is not None:
                return _in_payload(part)
            test = prepared_like_test(fold(pattern) if caseless else pattern, escape)
            return _on_text(item, test, folded=caseless)
        case Matches(item, pattern, caseless):
            return _on_text(item, regex_test(pattern, caseless))
        case InNetwork(item, network):
            get = operand(item)
            return lambda event: within(text_of(get(event)), network)
        case Among(item, values):
            return _among(item, values)
        case Compare(operator, left, right):
            return _compare(operator, left, right)
        case _:
            assert_never(leaf)


def operand(item: Operand) -> Getter:
    """A function that reads the operand's value from an event; the payload's value is its text."""
    match item:
        case Field(found):
            return _reader(found)
        case Constant(value):
            return lambda _event: value
        case Call(function, arguments):
            getters = [operand(argument) for argument in arguments]
            call = function.call
            if len(getters) == 1:
                (only,) = getters
                return lambda event: call(only(event))
            return lambda event: call(*[get(event) for get in getters])
        case Case(branches, otherwise):
            return _case([(predicate(test), operand(value)) for test, value in branches], otherwise)
        case _:
            assert_never(item)


def _case(branches: list[tuple[Predicate, Getter]], otherwise: Operand) -> Getter:
    otherwise_get = operand(otherwise)

    def value(event: Event) -> Any:
        for test, get in branches:
            if test(event):
                return get(event)
        return otherwise_get(event)

    return value


def is_payload(item: Operand) -> bool:
    """Whether the operand is the payload itself."""
    return isinstance(item, Field) and item.property.kind is Kind.PAYLOAD


def is_address(item: Operand) -> bool:
    """Whether the operand is a property that holds addresses."""
    return isinstance(item, Field) and item.property.kind is Kind.ADDRESS


def _reader(found: Property) -> Getter:
    """A function that reads a property as one value; several values become one list."""
    if found.kind is Kind.PAYLOAD:
        return lambda event: event.payload.text
    if found.kind is not Kind.VALUES:
        return found.get

    def shown(event: Event) -> Any:
        values = [_shown(value) for value in found.get(event)]
        return values if len(values) > 1 else values[0] if values else None

    return shown


def _shown(value: Any) -> Any:
    """A JSON value in which texts that spell numbers have become numbers."""
    if isinstance(value, Number):
        return json.loads(value)
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else value


def _between(earliest: int, latest: int) -> Predicate:
    return lambda event: earliest <= event.starttime <= latest


def _on_text(item: Operand, test: TextTest, *, folded: bool = False) -> Predicate:
    """The test applied to the operand's text, or with ``folded`` to its case-folded text."""
    if is_payload(item):
        if folded:
            return lambda event: any(map(test, event.payload.folded))
        return lambda event: any(map(test, event.payload.texts))
    get = operand(item)

    def holds(event: Event) -> bool:
        text = text_of(get(event))
        if text is None:
            return False
        return test(fold(text)) if folded else test(text)

    return holds


def _in_payload(part: str) -> Predicate:
    """The test that the payload holds this ASCII text in any case. The text is searched for in the
    payload's bytes: an ASCII character of the payload's text is the same byte there, and folding
    changes nothing but its case.
    """
    sought, text = part.lower().encode(), part.lower()

    def holds(event: Event) -> bool:
        payload = event.payload
        if sought in payload.lowered:
            return True
        opens = b"\\" in payload.raw and len(payload.texts) > 1
        return opens and text in payload.folded[1]

    return holds


def _among(item: Operand, values: tuple[Any, ...]) -> Predicate:
    texts = frozenset(value for value in values if isinstance(value, str) and value)
    if is_payload(item):
        return lambda event: not texts.isdisjoint(event.payload.texts)
    get = operand(item)
    if is_address(item):
        return _among_addresses(get, texts)
    others = tuple(value for value in values if value not in (None, ""))
    integers = frozenset(value for value in others if type(value) is int)

    def holds(event: Event) -> bool:
        value = get(event)
        if isinstance(value, str):
            if value in texts:
                return True
            if not value or number_of(value) is None:
                return False
        elif type(value) is int and value in integers:
            return True
        return any(equal(value, other) for other in others)

    return holds


def _among_addresses(get: Getter, texts: frozenset[str]) -> Predicate:
    """The test that a value is among these addresses, in any spelling."""
    addresses = frozenset(map(address, texts)) - {None}

    def holds(event: Event) -> bool:
        value = get(event)
        return value in texts or (value is not None and address(value) in addresses)

    return holds


def _compare(operator: Comparison, left: Operand, right: Operand) -> Predicate:
    if operator in (Comparison.EQUAL, Comparison.UNEQUAL):
        match left, right:
            case (Field() as item, Constant(value)) | (Constant(value), Field() as item) if (
                is_payload(item)
            ):
                same = _among(item, (value,))
                if operator is Comparison.EQUAL:
                    return same
                known = text_of(value) is not None
                return lambda event: known and not same(event)
    get_left, get_right = operand(left), operand(right)
    if is_address(left) or is_address(right):
        return _compared_addresses(operator, get_left, get_right)
    if operator is Comparison.UNEQUAL:
        return lambda event: unequal(get_left(event), get_right(event))
    if operator is Comparison.EQUAL:
        return lambda event: equal(get_left(event), get_right(event))
    order = ORDER[operator]

    def holds(event: Event) -> bool:
        a, b = get_left(event), get_right(event)
        x, y = number_of(a), number_of(b)
        if x is not None and y is not None:
            return order(x, y)
        s, t = text_of(a), text_of(b)
        return s is not None and t is not None and order(s, t)

    return holds


def _compared_addresses(operator: Comparison, left: Getter, right: Getter) -> Predicate:
    """The test that compares addresses, in any spelling; a value that is not an address has no
    order.
    """
    if operator is Comparison.EQUAL:
        return lambda event: _same(left(event), right(event))
    if operator is Comparison.UNEQUAL:
        return lambda event: unequal(a := left(event), b := right(event)) and not _same(a, b)
    order = ORDER[operator]

    def holds(event: Event) -> bool:
        a, b = address_rank(left(event)), address_rank(right(event))
        return a is not None and b is not None and order(a, b)

    return holds


def _same(a: Any, b: Any) -> bool:
    return equal(a, b) or same_address(a, b)
