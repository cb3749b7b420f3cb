"""An expression as a Sigma rule's ``detection``.

A rule with this detection gives the same results as the expression, for every expression that a
compiled Sigma rule can be. Conditions on the log source type must have been taken out: the rule's
``logsource`` states them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matcher.engine.expression import And, Expression, Not, Or
from matcher.languages.sigma.items import Item, item_of


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of the condition: the number of a selection, or parts that are joined or negated by a
    word.
    """

    word: str
    parts: tuple["_Node", ...] = ()
    selection: int = -1


@dataclass(frozen=True, slots=True)
class _Selections:
    bodies: list[tuple[str, Any]] = field(default_factory=list)

    def add(self, kind: str, body: Any) -> _Node:
        self.bodies.append((kind, body))
        return _Node("", selection=len(self.bodies) - 1)

    def names(self) -> list[str]:
        """``selection``, or ``selection_1`` and so on if there are several."""
        kinds = [kind for kind, _ in self.bodies]
        return [
            f"{kind}_{kinds[: at + 1].count(kind)}" if kinds.count(kind) > 1 else kind
            for at, kind in enumerate(kinds)
        ]


def detection(expression: Expression) -> dict[str, Any]:
    """The selections and the condition. Raises ValueError for an expression that no Sigma rule
    compiles to.
    """
    selections = _Selections()
    root = _condition(expression, selections, negated=False)
    names = selections.names()
    bodies = {name: body for name, (_, body) in zip(names, selections.bodies, strict=True)}
    return {**bodies, "condition": _written(root, names)}


def _condition(node: Expression, into: _Selections, *, negated: bool) -> _Node:
    match node:
        case Not(item):
            return _Node("not", (_condition(item, into, negated=not negated),))
        case And(items):
            return _joined("and", _conjunction(items), into, negated=negated)
        case Or(items):
            return _joined("or", _disjunction(items), into, negated=negated)
        case _:
            return _selected([item_of(node)], into, negated=negated)


def _joined(word: str, groups: Sequence[Any], into: _Selections, *, negated: bool) -> _Node:
    """Joins groups by a word. A group is the body of a selection (items, or alternatives of items)
    or an expression.
    """
    parts = [
        _selected(group, into, negated=negated)
        if isinstance(group, list)
        else _condition(group, into, negated=negated)
        for group in groups
    ]
    return parts[0] if len(parts) == 1 else _Node(word, tuple(parts))


def _selected(group: list[Any], into: _Selections, *, negated: bool) -> _Node:
    """A selection of items that must all hold, or (a list of lists) of alternatives."""
    kind = "filter" if negated else "selection"
    if isinstance(group[0], list):
        return into.add(kind, [_mapping(alternative) for alternative in group])
    if group[0].keyword:
        return into.add("filter" if negated else "keywords", group[0].body)
    return into.add(kind, _mapping(group))


def _mapping(items: Sequence[Item]) -> dict[str, Any]:
    return {key: value for item in items for key, value in item.body.items()}


def _conjunction(items: Sequence[Expression]) -> list[Any]:
    """The items that fit into one selection, followed by the other parts, negated ones last."""
    together: dict[str, Item] = {}
    others: list[Any] = []
    for node in items:
        item = _one(node)
        if item is None:
            others.append(node)
        elif item.keyword:
            others.append([item])
        elif item.key in together and (both := _all_of(together[item.key], item)) is not None:
            together[item.key] = both
        elif item.key in together:
            others.append([item])
        else:
            together[item.key] = item
    others.sort(key=lambda other: isinstance(other, Not))
    return [[_with_all(item) for item in together.values()], *others] if together else others


def _all_of(first: Item, second: Item) -> Item | None:
    """Two items of one field that must both hold, as one item that is written with ``|all``."""
    single = len(second.values) == 1 and (len(first.values) == 1 or isinstance(first, _Every))
    if not single or "cased" in first.key or not re.search(r"\|(contains|re)\b", first.key):
        return None
    return _Every(first.key, (*first.values, *second.values))


@dataclass(frozen=True, slots=True)
class _Every(Item):
    """``key|all: values``."""


def _with_all(item: Item) -> Item:
    return Item(f"{item.key}|all", item.values) if isinstance(item, _Every) else item


def _disjunction(items: Sequence[Expression]) -> list[Any]:
    """Keywords as one selection, then a selection of the alternatives that fit into one, then the
    others.
    """
    merged: dict[str, Item] = {}
    alternatives: list[list[Item]] = []
    others: list[Any] = []
    for node in items:
        item = _one(node)
        if item is not None and _texts(item):
            before = merged.get(item.key)
            values = (*before.values, *item.values) if before else item.values
            merged[item.key] = replace(item, values=tuple(dict.fromkeys(values)))
        elif item is not None:
            alternatives.append([item])
        elif isinstance(node, And) and (group := _conjunction(node.items)) and len(group) == 1:
            alternatives.append(group[0])
        else:
            others.append(node)
    plain = [item for item in merged.values() if not item.keyword]
    keywords = [[item] for item in merged.values() if item.keyword]
    alternatives = [*([item] for item in plain), *alternatives]
    keywords += [group for group in alternatives if group[0].keyword]
    alternatives = [group for group in alternatives if not group[0].keyword]
    groups: list[Any] = alternatives if len(alternatives) == 1 else [alternatives]
    return [*(groups if alternatives else []), *keywords, *others]


def _one(node: Expression) -> Item | None:
    """The single item for the expression; None where it takes more than one."""
    match node:
        case And() | Not():
            return None
        case Or(items):
            found = [_one(item) for item in items]
            first = found[0]
            if first is None or any(o is None or o.key != first.key for o in found):
                return None
            if not all(_texts(item) for item in found if item):
                return None
            return Item(first.key, tuple(v for item in found if item for v in item.values))
        case _:
            return item_of(node)


def _texts(item: Item) -> bool:
    """Whether the item's values may stand in a list: null and the empty text may not."""
    return all(isinstance(value, str) and value for value in item.values)


def _written(node: _Node, names: Sequence[str]) -> str:
    if node.selection >= 0:
        return names[node.selection]
    if node.word == "not":
        return f"not {_part(node.parts[0], names)}"
    return f" {node.word} ".join(_parts(node, names))


def _parts(node: _Node, names: Sequence[str]) -> Iterator[str]:
    for part in node.parts:
        yield _part(part, names)


def _part(node: _Node, names: Sequence[str]) -> str:
    written = _written(node, names)
    return f"({written})" if len(node.parts) > 1 else written
