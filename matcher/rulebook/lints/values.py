"""Is a value one that the property can have? Names of categories, regions, and words in another
case.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from matcher.engine.compiler import is_address
from matcher.engine.expression import Among, And, Compare, Comparison, Constant, Expression, Field
from matcher.engine.gate import possible_types
from matcher.engine.patterns import like_test
from matcher.engine.rule import Rule
from matcher.engine.values import address, number_of
from matcher.events.catalogue import Catalogue
from matcher.events.sources import SourceKind
from matcher.events.text import fold
from matcher.languages.nearest import nearest
from matcher.rulebook.lints.aws_events import aws_events
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import Placed, TextTest, placed, text_test

_CATEGORIES = ("categoryname", "highlevelcategoryname")
_EVENT_SOURCES = ("event source", "eventsource")
_CATEGORY_NUMBERS = ("category", "highlevelcategory")
_EQUALITY = (Comparison.EQUAL, Comparison.UNEQUAL)
_SUFFIX = ".amazonaws.com"
_ZONE = re.compile(r"-[a-z]$")
_LONGEST_COUNTRY = 3
"""Azure also writes a location as a country or a few letters, such as ``IN`` or ``weu``, up to this
length.
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """The values of a property.

    ``closed``: how to say that there are no other values; empty if there may be others.
    ``in_any_case``: the values are logged in any case, as Azure's locations are.
    """

    names: frozenset[str]
    closed: str = ""
    in_any_case: bool = False


def values(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Texts that a property never has. Under a NOT they are findings as well, as the NOT then
    excludes nothing.
    """
    for place in placed(rule.expression):
        yield from _numbers(place.leaf, catalogue)
        test = _tested(place.leaf)
        yield from _no_addresses(test, rule)
        known = None if test is None else _known(test, place, catalogue)
        if test is None or known is None:
            continue
        for text in test.texts:
            found = _finding(text, test, known) if text else None
            if found is not None:
                shown = text.strip("%") if rule.language == "sigma" else quoted(text)
                code, message, hint = found
                yield Finding(code, message, hint, place_of(shown, rule.source))


def _numbers(leaf: Expression, catalogue: Catalogue) -> Iterator[Finding]:
    """Numbers of categories that do not exist."""
    match leaf:
        case Among(Field(property=found), options) if found.name in _CATEGORY_NUMBERS:
            asked = options
        case Compare(_, Field(property=found), Constant(value)) | Compare(
            _, Constant(value), Field(property=found)
        ) if found.name in _CATEGORY_NUMBERS and leaf.operator in _EQUALITY:
            asked = (value,)
        case _:
            return
    for option in asked:
        number = number_of(option)
        if number is None:
            continue
        whole = isinstance(number, int) or number.is_integer()
        if not whole or catalogue.category_name(int(number)) is None:
            message = f"no category here has the number {str(option)[:60]}"
            hint = "matcher/events/catalogue/categories.tsv has them; a file of yours may add to it"
            yield Finding("value-unknown", message, hint)


def _no_addresses(test: TextTest | None, rule: Rule) -> Iterator[Finding]:
    """Texts that an address is compared with, and that are no address."""
    if test is None or test.operator != "=" or not is_address(test.field):
        return
    for text in test.texts:
        if text and address(text) is None:
            yield Finding(
                "value-unknown",
                f"{test.field.written} holds addresses, and {quoted(text)} is no address",
                "the name of a service, such as 'AWS Internal', stands in sourceIPAddress",
                place_of(quoted(text), rule.source),
            )


def _tested(leaf: Expression) -> TextTest | None:
    """The values that a leaf compares a field with, by = or by !=."""
    match leaf:
        case Compare(Comparison.UNEQUAL, Field() as field, Constant(str() as text)):
            return TextTest(field, "=", (text,))
        case Compare(Comparison.UNEQUAL, Constant(str() as text), Field() as field):
            return TextTest(field, "=", (text,))
        case _:
            return text_test(leaf)


def _known(test: TextTest, place: Placed, catalogue: Catalogue) -> _Known | None:
    """The known values of the field; None if they are not known."""
    if test.name in _CATEGORIES:
        return _Known(frozenset(catalogue.category_names()), "no category here is")
    if test.name in _EVENT_SOURCES:
        return _Known(aws_events().all_sources)
    listed = _listed().get(test.name, {})
    if "open" in listed:
        return _Known(listed["open"])
    if not listed:
        return None
    types = possible_types(And((place.leaf, *place.beside)), catalogue.log_source_types)
    if types == {catalogue.type_of(SourceKind.CLOUDTRAIL)}:
        return _Known(listed["aws"], "no region of AWS that is known is")
    every = listed["aws"] | listed["any"]
    return _Known(every, "no region of a cloud that is known is", in_any_case=True)


def _finding(text: str, test: TextTest, known: _Known) -> tuple[str, str, str] | None:
    if any(map(_holds(text, test), known.names)):
        return None
    caseless = _holds(text, test, caseless=True)
    alike = next((name for name in sorted(known.names) if caseless(name)), None)
    if alike is not None:
        message = f"{quoted(text)} differs in case alone from {alike}: {test.operator} minds it"
        as_logged = test.operator == "=" and not known.in_any_case
        hint = f"write {quoted(alike)}" if as_logged else f"write ILIKE {quoted(text)}"
        return "value-case", message, hint
    if test.name in _EVENT_SOURCES and (full := f"{text.lower()}{_SUFFIX}") in known.names:
        hint = f"write {quoted(full)}"
        return "value-unknown", f"no event source is {quoted(text)}", hint
    if not known.closed or (test.name not in _CATEGORIES and _is_place(text, known)):
        return None
    near = nearest(text.strip("%"), known.names)
    hint = f"the nearest is {near}" if near else ""
    verb = "" if test.operator == "=" else f" {test.operator}"
    return "value-unknown", f"{known.closed}{verb} {quoted(text)}", hint


def _holds(text: str, test: TextTest, *, caseless: bool = False) -> Callable[[str], bool]:
    caseless = caseless or test.caseless
    if test.operator == "=":
        return lambda name: name == text or (caseless and fold(name) == fold(text))
    return like_test(text, caseless, test.escape)


def _is_place(text: str, known: _Known) -> bool:
    """Whether a text is a zone, a display name such as ``West Europe``, or a country."""
    bare = text.strip("%").replace(" ", "").lower()
    return (
        len(bare) <= _LONGEST_COUNTRY or bare in known.names or _ZONE.sub("", bare) in known.names
    )


@cache
def _listed() -> dict[str, dict[str, frozenset[str]]]:
    """The known values of a property, by the name of their list."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    table = files("matcher.rulebook.lints").joinpath("known_values.tsv").read_text("utf-8")
    for line in table.splitlines():
        if line.startswith("#"):
            continue
        names, what, listed = line.split("\t")
        for name in names.split("|"):
            of_name = found.setdefault(name, {})
            of_name[what] = of_name.get(what, frozenset()) | frozenset(listed.split())
    return found
