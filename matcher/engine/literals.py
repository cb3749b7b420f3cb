"""Which byte strings an event must hold for an expression to be able to match.

The law: **no false negatives** (:class:`RequiredLiterals`). The algebra is the usual one of a
prefilter: an AND requires what its most selective parts require, an OR requires one of what its
parts require, a NOT requires nothing. A literal is taken only from a value that stands in the event
verbatim. Whatever else a property may hold is declared by the property
(:class:`matcher.events.schema.Property`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

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
    Leaf,
    Like,
    Matches,
    Not,
    Or,
    Scalar,
)
from matcher.engine.patterns import like_runs, like_test
from matcher.engine.regex import regex_test
from matcher.engine.regex_texts import required_texts
from matcher.engine.values import address
from matcher.events.schema import Kind, Property
from matcher.events.text import fold

SHORTEST = 3
"""A literal shorter than this stands in nearly every event, and would exclude nothing."""
LONGEST = 128
"""A longer literal is cut to this length: the rest would exclude hardly any more, and hyperscan
limits the length of a pattern.
"""

_RUNS = re.compile(r"[ !#-\[\]-~]+")
_NO_STRING = re.compile(r"[-+0-9.eE]+|true|false|null|nan|-?infinity", re.IGNORECASE)
"""Texts that a JSON number or a JSON word may be written as: no quotes stand around those."""
_JSON_SIGNS = re.compile(r"[{}\[\]:, ]+")


@dataclass(frozen=True, slots=True)
class RequiredLiterals:
    """Literals of which an event's bytes must hold at least one.

    The event is compared in ASCII case-insensitively, in its raw bytes and with one layer of JSON
    escapes removed; where JSON stands in a text, also with the escapes of each layer removed.
    ``literals`` is None where nothing can be required: then every event is a candidate, and
    ``because`` says in a few words why. An empty set means that the expression never matches.

    A literal is lower-case printable ASCII without backslash. It holds no quote; or both quotes of
    a whole JSON string; or the opening quote alone, where a backslash may stand before the closing
    one.
    """

    literals: frozenset[str] | None
    because: str = ""

    @property
    def anything(self) -> bool:
        """Whether every event is a candidate."""
        return self.literals is None


NEVER = RequiredLiterals(frozenset())


NOTHING_MORE = RequiredLiterals(None, "nothing more is required")
_MOST = 2


def required_literals(expression: Expression) -> RequiredLiterals:
    """The literals that an event must hold for the expression to be able to match."""
    return requirements(expression)[0]


def requirements(expression: Expression) -> tuple[RequiredLiterals, RequiredLiterals]:
    """The :func:`required_literals`, and further literals that an event must also hold: those that
    exclude the most after the first, such as the event's source where the first literals are the
    event's name.
    """
    first, *further = _requirements(expression)
    return first, further[0] if further else NOTHING_MORE


def _requirements(expression: Expression) -> tuple[RequiredLiterals, ...]:
    """One or two requirements, all of which an event must meet; the one that excludes the most is
    the first.
    """
    match expression:
        case And(items):
            return _best([one for item in items for one in _requirements(item)])
        case Or(items):
            return _either([_requirements(item) for item in items])
        case _:
            return (_of_leaf(expression),)


def _of_leaf(leaf: Not | Leaf) -> RequiredLiterals:
    match leaf:
        case Always(holds):
            return RequiredLiterals(None, "it always holds") if holds else NEVER
        case Compare(Comparison.EQUAL, Field(property=found), Constant(value=str() as text)):
            return _equal_text(found, text)
        case Compare(Comparison.EQUAL, Constant(value=str() as text), Field(property=found)):
            return _equal_text(found, text)
        case Among(Field(property=found), values, _, caseless) if _are_texts(values):
            return _union([_equal(found, str(value), caseless) for value in values])
        case Like(Field(property=found), pattern, caseless, _, escape):
            test = like_test(pattern, caseless, escape)
            return _of_property(found, like_runs(pattern, escape), test)
        case Matches(Field(property=found), pattern, caseless):
            test = regex_test(pattern, caseless)
            return _of_property(found, required_texts(pattern), test)
        case _:
            return RequiredLiterals(None, f"{type(leaf).__name__} names no text that must be there")


def _are_texts(values: tuple[Scalar, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def _equal_text(found: Property, text: str) -> RequiredLiterals:
    if found.kind is Kind.ADDRESS:
        return _equal(found, text, caseless=False)
    return _of_property(found, [text], lambda value: value == text)


def _spellings(address: IPv4Address | IPv6Address) -> Iterator[str]:
    """Texts of which every spelling of the address holds one.

    A group of IPv6 may be written with zeros before it, the last two as an IPv4 address. An IPv4
    address may stand in the last two groups of an IPv6 address, with or without their zeros.
    """
    if isinstance(address, IPv6Address):
        yield max((f"{group:x}" for group in _groups(address)[:6]), key=len)
        return
    yield str(address)
    high, low = divmod(int(address), 0x10000)
    for digits in range(len(f"{low:x}"), 5):
        yield f"{high:x}:{low:0{digits}x}"


def _groups(address: IPv6Address) -> tuple[int, ...]:
    packed = address.packed
    return tuple(int.from_bytes(packed[at : at + 2]) for at in range(0, len(packed), 2))


def _equal(found: Property, text: str, caseless: bool) -> RequiredLiterals:
    prepare: Callable[[str], str] = fold if caseless else str
    wanted = prepare(text)

    def test(value: str) -> bool:
        return prepare(value) == wanted

    if found.kind is Kind.ADDRESS and (spelled := address(text)) is not None:
        return _union([_longest([run], found.name) for run in _spellings(spelled)])
    if found.kind is not Kind.VALUES:
        return _of_property(found, [text], test)
    own = _one_of_the_values(text, found)
    because = own.because or f"{found.name} may hold what does not stand in the event"
    return _with_sources(found, own, test, because)


def _one_of_the_values(text: str, found: Property) -> RequiredLiterals:
    """The literals for a text that must equal one JSON value; where the value can only be a string,
    its quotes belong to the literal, but not the closing one where it may be escaped.
    """
    runs = printable_runs(text)
    could_be = found.whole and runs == [text] and len(text) < LONGEST - 1
    if could_be and not _NO_STRING.fullmatch(text):
        return RequiredLiterals(frozenset([f'"{text.lower()}' + ("" if found.in_text else '"')]))
    return _longest(runs, found.name)


def _of_property(
    found: Property, texts: Iterable[str], test: Callable[[str], bool]
) -> RequiredLiterals:
    """The best literal out of ``texts``, all of which the property's text holds where the leaf
    holds.
    """
    runs = [run for text in texts for run in printable_runs(text)]
    if found.kind is Kind.PAYLOAD:
        return _longest(runs, found.name)
    because = f"{found.name} need not stand in the event as it is compared"
    return _with_sources(found, _longest(_standing(found, runs), found.name), test, because)


def _with_sources(
    found: Property, own: RequiredLiterals, test: Callable[[str], bool], because: str
) -> RequiredLiterals:
    """The literals for a property, with those of the other texts that its value may be made from.

    ``because`` is given as the reason where nothing can be required.
    """
    sources = found.derived(test)
    if own.anything or sources is None:
        return RequiredLiterals(None, because)
    return _union([own, *(_longest(printable_runs(source), found.name) for source in sources)])


def _standing(found: Property, runs: list[str]) -> list[str]:
    """The parts of ``runs`` that stand in the event as they are: a run that may cross JSON
    punctuation is split there.
    """
    parts = [
        part
        for run in runs
        for part in ([run] if found.verbatim(run) else _JSON_SIGNS.split(run))
        if found.verbatim(part)
    ]
    return list(dict.fromkeys(parts))


def printable_runs(text: str) -> list[str]:
    """The longest stretches of printable ASCII without quote and backslash."""
    return _RUNS.findall(text)


def _longest(runs: list[str], name: str) -> RequiredLiterals:
    usable = [run[:LONGEST].lower() for run in runs if len(run) >= SHORTEST]
    if not usable:
        return RequiredLiterals(
            None, f"the text compared with {name} has no run of {SHORTEST} plain characters"
        )
    return RequiredLiterals(frozenset([min(usable, key=lambda run: (commonness(run), -len(run)))]))


def _best(parts: list[RequiredLiterals]) -> tuple[RequiredLiterals, ...]:
    """Of the requirements of an AND, those that exclude the most."""
    known = [part for part in parts if part.literals is not None]
    if not known:
        because = dict.fromkeys(part.because for part in parts if part.because)
        return (RequiredLiterals(None, "; ".join(because)),)
    return tuple(sorted(dict.fromkeys(known), key=_commonness)[:_MOST])


def _either(branches: list[tuple[RequiredLiterals, ...]]) -> tuple[RequiredLiterals, ...]:
    """The requirements of an OR. Each joins a requirement of every branch, so that an event meets
    it whichever branch holds.
    """
    united = [
        _union([branch[min(place, len(branch) - 1)] for branch in branches])
        for place in range(max(map(len, branches), default=1))
    ]
    return tuple(dict.fromkeys(united))


def _commonness(part: RequiredLiterals) -> float:
    return sum(map(commonness, part.literals or ()))


def _union(parts: list[RequiredLiterals]) -> RequiredLiterals:
    united: set[str] = set()
    for part in parts:
        if part.literals is None:
            return part
        united |= part.literals
    return RequiredLiterals(frozenset(united))
