"""A field's name in a Sigma rule → the property that reads it.

The name is first looked up in the event as it stands. If nothing is found, the other spellings and
places that the log source has for the name are tried in turn
(:mod:`matcher.languages.sigma.log_sources`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from matcher.engine.expression import Field
from matcher.engine.members import Values, texts
from matcher.events.schema import Event, Kind, Property
from matcher.events.text import fold
from matcher.languages.sigma.log_sources import Alias, SigmaLogSource
from matcher.languages.sigma.paths import NOWHERE, UNCERTAIN, Path

KEYWORDS = Field(
    Property("keywords", Kind.VALUES, lambda event: event.payload.scalars, lambda _run: True),
    "keywords",
)
"""Every value of the event. A value without a field name is searched for in each of them."""

_JSON_SIGNS = frozenset('{}[]":, ')
_EMPTY_LIST = "[]"
_NAMED = frozenset({"value", "localizedValue"})

_Read = Callable[[Event], Values]
_Groups = tuple[frozenset[str], ...]


class Fields:
    """The fields of the rules of one or several log sources."""

    def __init__(self, sources: Sequence[SigmaLogSource]) -> None:
        self.sources = tuple(sources)
        self._field = lru_cache(maxsize=None)(self._made)

    def field(self, name: str) -> Field:
        """The field of that name; the same name always gives the same object."""
        return self._field(name)

    def paths(self, name: str) -> tuple[Path, ...]:
        """The paths at which the name is looked up, in order. The first path that leads to a value
        counts, or all of them do (:attr:`Alias.every`).
        """
        found = dict.fromkeys(path for one in self.sources for path in _paths(one, name))
        return (Path(name), *(path for path in found if path != Path(name)))

    def aliases(self, name: str) -> tuple[Alias, ...]:
        """The alias entries for the name, one for each log source that has an entry."""
        known = (source.alias_of(name) for source in self.sources)
        return tuple(alias for alias in known if alias is not None)

    def _made(self, name: str) -> Field:
        aliases = self.aliases(name)
        named = any(source.spelled for source in self.sources)
        every = any(alias.every for alias in aliases)
        paths = self.paths(name)
        read = _reader(paths, every=every, named=named)
        empty_lists = any(alias.empty_list for alias in aliases)
        if empty_lists:
            read = _with_empty_lists(read)
        whole = not empty_lists and not any(path.cut for path in paths)
        in_text = any(path.may_enter_text for path in paths)
        groups = tuple(group for alias in aliases for group in alias.same)
        made = Property(name, Kind.VALUES, read, _stands, whole=whole, in_text=in_text)
        if groups:
            made = replace(made, get=_with_synonyms(read, groups), derived=_synonyms(groups))
        return Field(made, name)


def _paths(source: SigmaLogSource, name: str) -> Iterator[Path]:
    alias = source.alias_of(name)
    if alias is not None:
        yield from alias.reads
    name = source.in_event(name)
    if not source.spelled:
        yield Path(name)
        return
    yield Path(name, spelled=True)
    for top in source.under:
        if name.startswith(f"{top}."):
            if source.flat:
                yield Path(name.removeprefix(f"{top}."), spelled=True)
        else:
            yield Path(f"{top}.{name}", spelled=True)


def _reader(paths: tuple[Path, ...], *, every: bool, named: bool) -> _Read:
    """A function that reads the first path that leads to a value, or with ``every`` all paths.

    ``named``: for Azure's objects ``{"value": …, "localizedValue": …}`` read the ``value``.
    """
    ways = tuple((path, path.value) for path in paths)

    def read(event: Event) -> Values:
        document = event.document
        gathered: Values = ()
        for path, value in ways:
            found = value(document)
            if found is NOWHERE:
                continue
            if type(found) is str:
                values: Values = (found,)
            else:
                values = _values(path, found, event)
                if named:
                    values = tuple(map(_named, values))
            gathered += values
            if gathered and not every:
                break
        return gathered

    return read


def _values(path: Path, found: Any, event: Event) -> Values:
    """The values at a path; ``found`` is :meth:`Path.value`."""
    opened = event.payload.opened
    values = path.values(event.document, opened) if found is UNCERTAIN else (found,)
    if all(map(_is_plain, values)):
        return values
    return path.values(event.payload.written, opened)


def _is_plain(value: Any) -> bool:
    """Whether a value reads the same in every parse: no number in it has several spellings."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and value != 0)


def _named(value: Any) -> Any:
    if isinstance(value, dict) and "value" in value and value.keys() <= _NAMED:
        return value["value"]
    return value


def _stands(run: str) -> bool:
    """Whether the run holds no JSON punctuation: a producer may put blanks beside punctuation, so
    such a run may stand differently in the event.
    """
    return _JSON_SIGNS.isdisjoint(run)


def _with_empty_lists(read: _Read) -> _Read:
    """Adds the text ``[]`` for an empty list. That text is too short for a literal, so the
    prefilter is not affected.
    """

    def values(event: Event) -> Values:
        found = read(event)
        return (*found, *(_EMPTY_LIST for value in found if value == []))

    return values


def _with_synonyms(read: _Read, groups: _Groups) -> _Read:
    """Adds, for each value that is a word of a group, the group's other words as the table writes
    them. The word itself is not added: the event may write it in another case.
    """
    others = [
        (word, frozenset(map(fold, group - {word}))) for group in groups for word in sorted(group)
    ]

    def values(event: Event) -> Values:
        found = read(event)
        seen = {fold(text) for text in texts(found)}
        return (*found, *(word for word, synonyms in others if not seen.isdisjoint(synonyms)))

    return values


def _synonyms(groups: _Groups) -> Callable[[Callable[[str], bool]], frozenset[str] | None]:
    """The words that an event may hold in place of a word that passes the test."""

    def derived(test: Callable[[str], bool]) -> frozenset[str]:
        return frozenset(
            synonym
            for group in groups
            for word in group
            if test(word)
            for synonym in group - {word}
        )

    return derived
