"""Paths into an event, such as ``properties.targetResources[type=User].id``.

A name is looked up as a key first and then, if it has dots or brackets, as a path. A path goes
through every member of a list, and through a text that holds an object or a list as JSON. Brackets
choose members of a list: ``[0]`` the first, ``[-1]`` the last, ``[key=text]`` those whose ``key``
is that text, and ``[]``, ``[*]`` or Splunk's ``{}`` every member.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from matcher.events.document import sdk_spellings
from matcher.events.written import MAX_TEXTS, read_text

_CHOICE = re.compile(r"(?:\[(?:\*?|(-?[0-9]{1,9})|([^=\[\]]+)=([^\]]*))\]|\{\})\.?")
_STEP_END = re.compile(rf"\.|(?={_CHOICE.pattern})")

_BRACKETS = frozenset("[{")
_SNAKE = re.compile(r"(?<=[A-Za-z0-9])_([a-z])")

_Keys = Callable[[str], tuple[str, ...]]
Open = Callable[[str], Any]
"""A function that gives the object or list that a text holds as JSON, else None."""


NOWHERE: Final = object()
UNCERTAIN: Final = object()


@dataclass(frozen=True)
class Path:
    """Where to look in an event.

    ``spelled``: each key is also found in camelCase, PascalCase, lower case and snake_case.
    ``cut``: a regular expression; each text found is replaced by what the first group matches in
    it.
    """

    text: str
    spelled: bool = False
    cut: str = ""

    def values(self, document: Any, opened: Open = read_text) -> tuple[Any, ...]:
        """Every value that the path leads to, in the document's order."""
        found = tuple(_Walk(self._keys, opened).along(document, self.text))
        if self._cut is None:
            return found
        matches = [self._cut.search(value) for value in found if isinstance(value, str)]
        return tuple(match[1] for match in matches if match)

    def value(self, document: dict[str, Any]) -> Any:
        """The path's only value, if the path leads through objects alone; NOWHERE if it leads to no
        value, and UNCERTAIN if only :meth:`values` can tell. This takes a tenth of the time of
        :meth:`values`.
        """
        node: Any = document
        for names, keys in self._steps:
            if type(node) is not dict:
                return UNCERTAIN if isinstance(node, (str, list)) else NOWHERE
            for name in names:
                if name in node:
                    return node[name]
            for key in keys:
                if key in node:
                    node = node[key]
                    break
            else:
                return NOWHERE
        return UNCERTAIN

    def __str__(self) -> str:
        return self.text

    @property
    def may_enter_text(self) -> bool:
        """Whether the path has several steps, so that its value may be inside a text's JSON."""
        return bool(_step(self.text).rest)

    @property
    def plain(self) -> str:
        """The path without its brackets, as it is written in a list of known paths."""
        return _CHOICE.sub(".", self.text).rstrip(".")

    @cached_property
    def _keys(self) -> _Keys:
        return spellings if self.spelled else _as_it_stands

    @cached_property
    def _steps(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """For each object on the way, the keys that may stand for the rest of the path, and the
        keys that may stand for its next step; empty for a path with brackets or a cut.
        """
        if self.cut or not _BRACKETS.isdisjoint(self.text):
            return ()
        steps, rest = [], self.text
        while (step := _step(rest)).rest:
            steps.append((self._keys(rest), self._keys(step.key)))
            rest = step.rest
        return (*steps, (self._keys(rest), ()))

    @cached_property
    def _cut(self) -> re.Pattern[str] | None:
        return re.compile(self.cut) if self.cut else None


def _as_it_stands(name: str) -> tuple[str, ...]:
    return (name,)


@lru_cache(maxsize=4096)
def spellings(name: str) -> tuple[str, ...]:
    """The name, and the other spellings that producers use for it."""
    first_lower = name[:1].lower() + name[1:]
    others = (*sdk_spellings(first_lower), *sdk_spellings(camel_case(first_lower)))
    return tuple(dict.fromkeys((name, *others)))


def camel_case(name: str) -> str:
    """The name in camelCase: the letter after an underscore becomes a capital."""
    return _SNAKE.sub(lambda found: found[1].upper(), name)


@dataclass(frozen=True, slots=True)
class _Step:
    """The first key of a path, and the path after it."""

    key: str
    rest: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """The brackets at the beginning of a path, and the path after them. With neither an index nor a
    key, every member is chosen.
    """

    index: int | None
    key: str | None
    wanted: str
    rest: str


@lru_cache(maxsize=4096)
def _step(name: str) -> _Step:
    end = _STEP_END.search(name, 1)
    return _Step(name, "") if end is None else _Step(name[: end.start()], name[end.end() :])


@lru_cache(maxsize=4096)
def _choice(name: str) -> _Choice | None:
    found = _CHOICE.match(name)
    if found is None:
        return None
    index, key, wanted = found.groups()
    return _Choice(int(index) if index else None, key, wanted or "", name[found.end() :])


@dataclass(frozen=True, slots=True)
class _Walk:
    """How a walk along a path spells names and opens texts."""

    keys: _Keys
    opened: Open

    def along(self, node: Any, name: str, most_texts: int = MAX_TEXTS) -> Iterator[Any]:
        """Every value that a path leads to, through JSON in texts up to a limited depth."""
        if isinstance(node, str) and most_texts and (inner := self.opened(node)) is not None:
            yield from self.along(inner, name, most_texts - 1)
        elif name[:1] in ("[", "{") and (choice := _choice(name)) is not None:
            for member in self._chosen(node, choice, most_texts):
                if choice.rest:
                    yield from self.along(member, choice.rest, most_texts)
                else:
                    yield member
        elif isinstance(node, dict):
            yield from self._below(node, name, most_texts)
        elif isinstance(node, list):
            for member in node:
                yield from self.along(member, name, most_texts)

    def _below(self, node: dict[str, Any], name: str, most_texts: int) -> Iterator[Any]:
        for key in self.keys(name):
            if key in node:
                yield node[key]
                return
        step = _step(name)
        for key in self.keys(step.key) if step.rest else ():
            if key in node:
                yield from self.along(node[key], step.rest, most_texts)
                return

    def _chosen(self, node: Any, choice: _Choice, most_texts: int) -> Iterator[Any]:
        """The members that the brackets choose. A value that is not a list counts as a list of one
        member.
        """
        members = node if isinstance(node, list) else [node]
        if choice.index is not None:
            if -len(members) <= choice.index < len(members):
                yield members[choice.index]
        elif choice.key is None:
            yield from members
        else:
            for member in members:
                if choice.wanted in self.along(member, choice.key, most_texts):
                    yield member
