"""A way into an event: ``properties.targetResources[type=User].id``.

A name is looked for as a key, and then, where it has dots, as a path; a list is gone through, every
member. In the notation of the tables, ``[key=text]`` keeps of the members those that have it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from matcher.events.document import sdk_spellings

_SELECTION = re.compile(r"\[([^=\]]+)=([^\]]*)\]\.?")

_SNAKE = re.compile(r"(?<=[A-Za-z0-9])_([a-z])")

_Keys = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Path:
    """Where to look. ``spelled``: each key in camelCase, PascalCase, lower case and snake_case.
    ``cut``: of the texts there, what the first group of this regular expression holds. ``selects``:
    it is in the tables' notation; a rule's own name is looked for as it stands.
    """

    text: str
    spelled: bool = False
    cut: str = ""
    selects: bool = False

    def values(self, document: Any) -> tuple[Any, ...]:
        """Everything that the path leads to, in the document's order."""
        if self._plain:
            return tuple(walk(document, self.text, self._keys))
        nodes = [document]
        for name, select in self._steps:
            nodes = [found for node in nodes for found in walk(node, name, self._keys)]
            if select is not None:
                nodes = [found for node in nodes for found in self._selected(node, *select)]
        if self._cut is None:
            return tuple(nodes)
        matches = [self._cut.search(node) for node in nodes if isinstance(node, str)]
        return tuple(match[1] for match in matches if match)

    def __str__(self) -> str:
        return self.text

    @property
    def plain(self) -> str:
        """The path without its selections: what a list of known paths would have."""
        return _SELECTION.sub(".", self.text).rstrip(".") if self.selects else self.text

    @cached_property
    def _steps(self) -> tuple[tuple[str, tuple[str, str] | None], ...]:
        if not self.selects:
            return ((self.text, None),)
        name, *rest = _SELECTION.split(self.text)
        steps: list[tuple[str, tuple[str, str] | None]] = []
        while rest:
            key, wanted, following, *rest = rest
            steps.append((name, (key, wanted)))
            name = following
        return (*steps, (name, None)) if name else tuple(steps)

    @cached_property
    def _plain(self) -> bool:
        return not self.cut and len(self._steps) == 1 and self._steps[0] == (self.text, None)

    @cached_property
    def _keys(self) -> _Keys:
        return spellings if self.spelled else _as_it_stands

    @cached_property
    def _cut(self) -> re.Pattern[str] | None:
        return re.compile(self.cut) if self.cut else None

    def _selected(self, node: Any, key: str, wanted: str) -> Iterator[Any]:
        for member in node if isinstance(node, list) else [node]:
            if wanted in walk(member, key, self._keys):
                yield member


def _as_it_stands(name: str) -> tuple[str, ...]:
    return (name,)


@lru_cache(maxsize=4096)
def spellings(name: str) -> tuple[str, ...]:
    """The name, and how other producers write it."""
    first_lower = name[:1].lower() + name[1:]
    others = (*sdk_spellings(first_lower), *sdk_spellings(camel_case(first_lower)))
    return tuple(dict.fromkeys((name, *others)))


def camel_case(name: str) -> str:
    """The name with what stands after an underscore as a capital in its place."""
    return _SNAKE.sub(lambda found: found[1].upper(), name)


def walk(node: Any, name: str, keys: _Keys = _as_it_stands) -> Iterator[Any]:
    """Everything that a name leads to: as a key, else as a path; through members of lists."""
    if isinstance(node, dict):
        for key in keys(name):
            if key in node:
                yield node[key]
                return
        head, dot, tail = name.partition(".")
        for key in keys(head) if dot else ():
            if key in node:
                yield from walk(node[key], tail, keys)
                return
    elif isinstance(node, list):
        for member in node:
            yield from walk(member, name, keys)
