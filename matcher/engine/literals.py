"""Which byte strings an event must hold for an expression to be able to hold.

The law: **no false negatives** (:class:`Need`). The algebra is a prefilter's usual one: an AND
needs what its best part needs, an OR needs one of what its parts need, a NOT needs nothing. A
literal is drawn only from a value that stands in the event verbatim; what else a property may
hold, the property itself accounts for (:class:`matcher.events.schema.Property`).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from matcher.engine.commonness import commonness
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    Like,
    Matches,
    Or,
    Scalar,
)
from matcher.engine.patterns import like_runs, like_test
from matcher.engine.regex import regex_test
from matcher.engine.regex_texts import required_texts
from matcher.events.schema import Kind, Property
from matcher.events.text import fold

SHORTEST = 3
"""A literal shorter than this is in nearly every event: better none."""
LONGEST = 128
"""A longer literal is cut: it excludes no more, and hyperscan takes no pattern of any length."""

_RUNS = re.compile(r"[ !#-\[\]-~]+")
_NO_STRING = re.compile(r"[-+0-9.eE]+|true|false|null|nan|-?infinity", re.IGNORECASE)
"""Texts that a JSON number or word may read as: no quotes stand around it."""
_JSON_SIGNS = re.compile(r"[{}\[\]:, ]+")


@dataclass(frozen=True, slots=True)
class Need:
    """What an event's bytes must hold, ASCII-caselessly, raw or once unescaped.

    At least one of ``literals``; ``ANYTHING`` (literals None) where nothing can be said; with an
    empty set the expression never holds. Literals are lower-case printable ASCII without
    backslash; of quotes they hold none, or both of a whole JSON string. ``because`` says in a few
    words why it is ANYTHING.
    """

    literals: frozenset[str] | None
    because: str = ""

    @property
    def anything(self) -> bool:
        """Whether every event must be looked at."""
        return self.literals is None


NEVER = Need(frozenset())


def need(expression: Expression) -> Need:
    """What an event must hold for the expression to be able to hold."""
    match expression:
        case And(items):
            return _best([need(item) for item in items])
        case Or(items):
            return _union([need(item) for item in items])
        case Always(holds):
            return Need(None, "it always holds") if holds else NEVER
        case Compare(Comparison.EQUAL, Field(property=found), Constant(value=str() as text)):
            return _property_need(found, [text], lambda value: value == text)
        case Compare(Comparison.EQUAL, Constant(value=str() as text), Field(property=found)):
            return _property_need(found, [text], lambda value: value == text)
        case Among(Field(property=found), values, _, caseless) if _are_texts(values):
            return _union([_equal(found, str(value), caseless) for value in values])
        case Like(Field(property=found), pattern, caseless, _, escape):
            test = like_test(pattern, caseless, escape)
            return _property_need(found, like_runs(pattern, escape), test)
        case Matches(Field(property=found), pattern, caseless):
            test = regex_test(pattern, caseless)
            return _property_need(found, required_texts(pattern), test)
        case _:
            return Need(None, f"{type(expression).__name__} names no text that must be there")


def _are_texts(values: tuple[Scalar, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def _equal(found: Property, text: str, caseless: bool) -> Need:
    prepare: Callable[[str], str] = fold if caseless else str
    wanted = prepare(text)

    def test(value: str) -> bool:
        return prepare(value) == wanted

    if found.kind is not Kind.VALUES:
        return _property_need(found, [text], test)
    own = _one_of_the_values(text, found)
    because = own.because or f"{found.name} may hold what does not stand in the event"
    return _with_sources(found, own, test, because)


def _one_of_the_values(text: str, found: Property) -> Need:
    """One JSON value that a text equals: where it can only be a whole string, its quotes stand
    there, too.
    """
    runs = printable_runs(text)
    could_be = found.whole and runs == [text] and len(text) < LONGEST - 1
    if could_be and not _NO_STRING.fullmatch(text):
        return Need(frozenset([f'"{text.lower()}"']))
    return _longest(runs, found.name)


def _property_need(found: Property, texts: Iterable[str], test: Callable[[str], bool]) -> Need:
    """One run out of ``texts``, all of which the property's text holds where the leaf holds."""
    runs = [run for text in texts for run in printable_runs(text)]
    if found.kind is Kind.PAYLOAD:
        return _longest(runs, found.name)
    because = f"{found.name} need not stand in the event as it is compared"
    return _with_sources(found, _longest(_standing(found, runs), found.name), test, because)


def _with_sources(found: Property, own: Need, test: Callable[[str], bool], because: str) -> Need:
    """What a value of the property needs that stands in the event, or one that was made of another
    text; ``because`` is said where it is ANYTHING.
    """
    sources = found.derived(test)
    if own.anything or sources is None:
        return Need(None, because)
    return _union([own, *(_longest(printable_runs(source), found.name) for source in sources)])


def _standing(found: Property, runs: list[str]) -> list[str]:
    """Of the runs what stands in the event where the property holds them; of one that may reach
    over JSON's own signs, the parts between these.
    """
    parts = [
        part
        for run in runs
        for part in ([run] if found.verbatim(run) else _JSON_SIGNS.split(run))
        if found.verbatim(part)
    ]
    return list(dict.fromkeys(parts))


def printable_runs(text: str) -> list[str]:
    """The runs of printable ASCII without quote and backslash."""
    return _RUNS.findall(text)


def _longest(runs: list[str], name: str) -> Need:
    usable = [run[:LONGEST].lower() for run in runs if len(run) >= SHORTEST]
    if not usable:
        return Need(
            None, f"the text compared with {name} has no run of {SHORTEST} plain characters"
        )
    return Need(frozenset([min(usable, key=lambda run: (commonness(run), -len(run)))]))


def _best(needs: list[Need]) -> Need:
    """The part of an AND that excludes the most."""
    known = [part for part in needs if part.literals is not None]
    if not known:
        return Need(None, "; ".join(dict.fromkeys(part.because for part in needs if part.because)))
    return min(known, key=_commonness)


def _commonness(part: Need) -> float:
    return sum(map(commonness, part.literals or ()))


def _union(needs: list[Need]) -> Need:
    united: set[str] = set()
    for part in needs:
        if part.literals is None:
            return part
        united |= part.literals
    return Need(frozenset(united))
