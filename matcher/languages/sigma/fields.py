"""A field's name in a Sigma rule → the property that reads it.

A name is looked for in the event as it stands: as a key, then, where it has dots, as a path,
through every member of a list. Where nothing is there, and the log source has other ways to spell
or place it, these are tried in turn (:mod:`matcher.languages.sigma.log_sources`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from matcher.engine.expression import Field
from matcher.engine.members import Values
from matcher.events.document import sdk_spellings
from matcher.events.schema import Event, Kind, Property
from matcher.events.text import fold
from matcher.languages.sigma.log_sources import Alias, LogSource, alias_of

Paths = tuple[str, ...]

KEYWORDS = Field(
    Property("keywords", Kind.VALUES, lambda event: event.payload.scalars, lambda _run: True),
    "keywords",
)
"""Every value of the event: what a value without a field is looked for in."""

_JSON_SIGNS = frozenset('{}[]":, ')
_MOST_SPELLINGS = 64


class Fields:
    """The fields of the rules of one or several log sources."""

    def __init__(self, sources: Sequence[LogSource]) -> None:
        self.sources = tuple(sources)
        self._field = lru_cache(maxsize=None)(self._made)

    def field(self, name: str) -> Field:
        """The field of that name. Equal names give one field."""
        return self._field(name)

    def paths(self, name: str) -> Paths:
        """Where the name is looked for, in this order; the first that leads somewhere counts."""
        alias = alias_of(self.sources, name)
        found = dict.fromkeys([name, *(alias.reads if alias else ())])
        for source in self.sources:
            for path in tuple(found):
                spelled = _spellings(path) if source.spelled else [path]
                found |= dict.fromkeys(spelled)
                found |= dict.fromkeys(f"{top}.{one}" for top in source.under for one in spelled)
                if source.spelled:
                    tops = [s for top in source.under for s in sdk_spellings(top)]
                    found |= dict.fromkeys(f"{top}.{one}" for top in tops for one in spelled)
        return tuple(found)

    def _made(self, name: str) -> Field:
        alias = alias_of(self.sources, name)
        paths = self.paths(name)
        named = any(source.spelled for source in self.sources)
        read = _reader(paths, named=named)
        if alias is not None and alias.same:
            made = Property(name, Kind.VALUES, _with_twins(read, alias), _stands, _twins(alias))
        else:
            made = Property(name, Kind.VALUES, read, _stands)
        return Field(made, name)


def walk(node: Any, name: str) -> Iterator[Any]:
    """Everything that a name leads to: as a key, else as a path; through members of lists."""
    if isinstance(node, dict):
        if name in node:
            yield node[name]
            return
        head, dot, tail = name.partition(".")
        if dot and head in node:
            yield from walk(node[head], tail)
    elif isinstance(node, list):
        for member in node:
            yield from walk(member, name)


def _reader(paths: Paths, *, named: bool) -> Callable[[Event], Values]:
    """Reads the first path that leads somewhere. ``named``: of Azure's objects
    ``{"value": …, "localizedValue": …}`` the value is meant.
    """
    first = paths[0]
    simple = "." not in first

    def read(event: Event) -> Values:
        document = event.document
        if simple and type(found := document.get(first)) is str:
            return (found,)
        for path in paths:
            values = tuple(walk(document, path))
            if not values:
                continue
            if not all(map(_is_plain, values)):
                values = tuple(walk(event.payload.written, path))
            if named:
                values = tuple(map(_named, values))
            return values
        return ()

    return read


def _is_plain(value: Any) -> bool:
    """Whether a value reads the same in every parse: no number that has several spellings."""
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and value != 0)


def _named(value: Any) -> Any:
    if isinstance(value, dict) and "value" in value and "localizedValue" in value:
        return value["value"]
    return value


def _spellings(path: str) -> list[str]:
    """The path with each of its keys in camelCase, PascalCase, lower case and snake_case."""
    keys = [sdk_spellings(key[:1].lower() + key[1:]) for key in path.split(".")]
    several = ([path], (".".join(parts) for parts in product(*keys)))
    return list(dict.fromkeys(one for group in several for one in group))[:_MOST_SPELLINGS]


def _stands(run: str) -> bool:
    """Not over the signs of JSON: a producer puts blanks beside them."""
    return _JSON_SIGNS.isdisjoint(run)


def _with_twins(read: Callable[[Event], Values], alias: Alias) -> Callable[[Event], Values]:
    def values(event: Event) -> Values:
        found = read(event)
        twins = (
            twin
            for value in found
            if isinstance(value, str)
            for group in alias.same
            if fold(value) in group
            for twin in sorted(group - {fold(value)})
        )
        return (*found, *twins)

    return values


def _twins(alias: Alias) -> Callable[[Callable[[str], bool]], frozenset[str] | None]:
    """For each word that an event need not hold and that passes the test, those it may hold."""

    def derived(test: Callable[[str], bool]) -> frozenset[str]:
        return frozenset(
            twin for group in alias.same for word in group if test(word) for twin in group - {word}
        )

    return derived
