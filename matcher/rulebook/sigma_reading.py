"""A Sigma document's nodes → the values that pySigma reads.

pySigma makes 5 of ``5.0`` and a rounded float of a long integer, and refuses a number where it
expects a text. A number here is compared as it is written, so pySigma is given that text, except
under modifiers that compare numbers.
"""

from typing import Any

import yaml

from matcher.rulebook.document import entries, is_number, plain

SECTIONS = ("detection", "filter")
NOT_SELECTIONS = {"detection": ("condition",), "filter": ("condition", "rules")}

_COUNTING = frozenset(("lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"))
_PLACES = frozenset(("contains", "startswith", "endswith"))
_OTHER_NAMES = {"utf16le": "wide"}
"""Modifiers of the Sigma specification that pySigma knows only under another name."""


def sigma_data(root: yaml.MappingNode) -> dict[str, Any]:
    """The document's value for pySigma."""
    data: dict[str, Any] = {}
    for key, node in entries(root):
        if key.value in SECTIONS and isinstance(node, yaml.MappingNode):
            apart = NOT_SELECTIONS[key.value]
            data[key.value] = {
                name.value: plain(value) if name.value in apart else selection(value)
                for name, value in entries(node)
            }
        else:
            data[key.value] = plain(node)
    return data


def for_pysigma(data: dict[str, Any]) -> dict[str, Any]:
    """The document without its tags that have no namespace: such tags are kept, but pySigma refuses
    them.
    """
    tags = data.get("tags")
    if not isinstance(tags, list):
        return data
    return {**data, "tags": [tag for tag in tags if not isinstance(tag, str) or "." in tag]}


def selection(node: yaml.Node) -> Any:
    """The value under a selection's name."""
    if isinstance(node, yaml.MappingNode):
        return {known_key(key.value): item_value(key.value, value) for key, value in entries(node)}
    if isinstance(node, yaml.SequenceNode):
        return [selection(item) for item in node.value]
    return _token(node)


def known_key(key: str) -> str:
    """``field|modifier`` in the words and the order that pySigma expects.

    pySigma forgets ``cased`` if another modifier follows it. Modifiers for the beginning or end of
    a regular expression are written into the expression.
    """
    field, *modifiers = key.split("|")
    named = [_OTHER_NAMES.get(one, one) for one in modifiers]
    if "re" in named:
        named = [one for one in named if one not in _PLACES]
    return "|".join([field, *sorted(named, key=lambda one: one == "cased")])


def item_value(key: str, node: yaml.Node) -> Any:
    """The value under ``field|modifier``."""
    modifiers = key.split("|")[1:]
    if not _COUNTING.isdisjoint(modifiers):
        return plain(node)
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    values = [_token(one) for one in nodes]
    if "re" in modifiers:
        values = [_anchored(one, modifiers) if isinstance(one, str) else one for one in values]
    return values if isinstance(node, yaml.SequenceNode) else values[0]


def _anchored(expression: str, modifiers: list[str]) -> str:
    if "contains" in modifiers or _PLACES.isdisjoint(modifiers):
        return expression
    start = r"\A" if "startswith" in modifiers else ""
    return rf"{start}(?:{expression})" + (r"\z" if "endswith" in modifiers else "")


def _token(node: yaml.Node) -> Any:
    return node.value if is_number(node) else plain(node)
