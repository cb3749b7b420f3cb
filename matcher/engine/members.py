"""What a leaf means under :attr:`matcher.engine.expression.Nulls.SIGMA`.

A name may lead to several values, and each value to several texts: a list gives the texts of its
members, a number gives its digits, and an object or list gives its compact JSON where a pattern is
looked for inside it. A test holds if it holds for one of these texts. Only texts are case-folded,
cut or converted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, assert_never

from matcher.engine.expression import (
    Always,
    Among,
    Call,
    Case,
    Compare,
    Comparison,
    Constant,
    Exists,
    Field,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Operand,
    Recent,
)
from matcher.engine.patterns import prepared_like_test
from matcher.engine.regex import regex_test
from matcher.engine.values import ORDER, number_of, within
from matcher.events.schema import Event, Kind
from matcher.events.text import fold
from matcher.events.written import compact

Values = tuple[Any, ...]
Test = Callable[[str], bool]


def member_predicate(leaf: Leaf) -> Callable[[Event], bool]:
    """The test of one leaf."""
    match leaf:
        case Exists(item):
            get = values(item)
            return lambda event: bool(get(event))
        case IsNull(item):
            return _is_null(values(item))
        case Like(item, pattern, caseless, _, escape):
            test = prepared_like_test(fold(pattern) if caseless else pattern, escape)
            return _on_texts(item, test, folded=caseless, whole=True)
        case Among(item, options, _, caseless):
            texts = frozenset(fold(str(o)) if caseless else str(o) for o in options)
            return _on_texts(item, texts.__contains__, folded=caseless)
        case Matches(item, pattern, caseless):
            return _on_texts(item, regex_test(pattern, caseless), whole=True)
        case InNetwork(item, network):
            return _on_texts(item, lambda text: within(text, network))
        case Compare(operator, left, right):
            return _compare(operator, values(left), values(right))
        case Recent() | Always():
            raise ValueError(f"{type(leaf).__name__} compares no value")
        case _:
            assert_never(leaf)


def values(item: Operand) -> Callable[[Event], Values]:
    """A function that reads every value of an operand from an event.

    A language's function is applied to the tuples of its arguments' values, and gives a tuple.
    """
    match item:
        case Field(found) if found.kind is Kind.VALUES:
            return found.get
        case Field(found):
            return lambda event: (found.get(event),)
        case Constant(value):
            return lambda _event: (value,)
        case Call(function, arguments):
            getters = [values(argument) for argument in arguments]
            return lambda event: function.call(*[get(event) for get in getters])
        case Case():
            raise ValueError("CASE gives one value, not several")
        case _:
            assert_never(item)


def texts(found: Values, *, whole: bool = False) -> Iterator[str]:
    """The texts that values are compared as; with ``whole`` also the JSON of objects and lists."""
    for value in found:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, list):
            yield from texts(tuple(value), whole=whole)
            if whole:
                yield compact(value)
        elif isinstance(value, dict):
            if whole:
                yield compact(value)
        elif value is not None:
            yield str(value)


def _is_null(get: Callable[[Event], Values]) -> Callable[[Event], bool]:
    def holds(event: Event) -> bool:
        found = get(event)
        return not found or any(map(_holds_null, found))

    return holds


def _holds_null(value: Any) -> bool:
    return value is None or (isinstance(value, list) and any(map(_holds_null, value)))


def _on_texts(
    item: Operand, test: Test, *, folded: bool = False, whole: bool = False
) -> Callable[[Event], bool]:
    read = texts_of(item, folded=folded, whole=whole)

    def holds(event: Event) -> bool:
        for text in read(event):  # noqa: SIM110 - a generator would cost more
            if test(text):
                return True
        return False

    return holds


def texts_of(item: Operand, *, folded: bool, whole: bool) -> Callable[[Event], list[str]]:
    """The texts of a field, made once for an event however many leaves ask for them: they may be a
    megabyte of JSON, or 100,000 members of a list.
    """
    get = values(item)
    key = (item.property if isinstance(item, Field) else item, folded, whole)

    def read(event: Event) -> list[str]:
        made = event.payload.made
        found: list[str] | None = made.get(key)
        if found is None:
            held = get(event)
            is_text = len(held) == 1 and type(held[0]) is str
            known: Iterable[str] = held if is_text else texts(held, whole=whole)
            found = made[key] = list(map(fold, known) if folded else known)
        return found

    return read


def _compare(
    operator: Comparison, left: Callable[[Event], Values], right: Callable[[Event], Values]
) -> Callable[[Event], bool]:
    """Equality compares texts case-insensitively; order compares numbers."""
    if operator in (Comparison.EQUAL, Comparison.UNEQUAL):
        wanted = operator is Comparison.EQUAL

        def equal(event: Event) -> bool:
            other = set(map(fold, texts(right(event))))
            return wanted is not other.isdisjoint(map(fold, texts(left(event))))

        return equal
    order = ORDER[operator]

    def ordered(event: Event) -> bool:
        ours = [n for text in texts(left(event)) if (n := number_of(text)) is not None]
        others = [n for text in texts(right(event)) if (n := number_of(text)) is not None]
        return any(order(a, b) for a in ours for b in others)

    return ordered
