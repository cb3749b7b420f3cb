"""What is refused in a Sigma document before pySigma reads it.

These are documents that pySigma would take unbounded time or memory for, parts that it would
silently drop, and errors that it explains less well.
"""

import re
from collections.abc import Iterator

import yaml

from matcher.engine.regex import BadRegexError, compiled
from matcher.errors import RuleError, RuleSyntaxError, UnsupportedRule
from matcher.rulebook.document import Document, entries, is_number, is_text, plain
from matcher.rulebook.sigma_reading import NOT_SELECTIONS, SECTIONS

MOST_NESTED = 50
LONGEST_CONDITION = 10_000
LONGEST_REGEX = 100_000
MOST_COMPARISONS = 200_000
"""The most comparisons: values times the names in the conditions, each of which may use every
value.
"""

_KINDS = (*SECTIONS, "correlation")
_UNFILLED = frozenset(
    ("base64", "base64offset", "wide", "utf16le", "utf16be", "utf16", "fieldref", "windash")
)
_NAMES = re.compile(r"[\w*-]+")
_NESTING = re.compile(r"[()]|\bnot\b|\band\b|\bor\b")
_DASHES = re.compile(r"\B[-/]\b")

Item = tuple[yaml.ScalarNode, yaml.Node]


def unreadable(document: Document) -> list[RuleError]:
    """Every such error in a document."""
    errors = [*_several_kinds(document), *_action(document), *_timeframe(document)]
    errors += [error for key, value in items(document) for error in _item(document, key, value)]
    errors += _no_texts(document)
    conditions = list(_conditions(document))
    errors += [error for node in conditions for error in _condition(document, node)]
    names = sum(len(_NAMES.findall(node.value)) for node in conditions)
    values = sum(_weight(key, value) for key, value in items(document))
    if names * values > MOST_COMPARISONS:
        message = (
            f"the conditions may ask for {names * values:,} comparisons, over {MOST_COMPARISONS:,}"
        )
        errors.append(document.error("large", message, conditions[0], kind=RuleSyntaxError))
    return errors


def items(document: Document) -> Iterator[Item]:
    """Every ``field|modifier: value`` of the selections."""
    for section in SECTIONS:
        node = section_of(document, section)
        if isinstance(node, yaml.MappingNode):
            for name, selection in entries(node):
                if name.value not in NOT_SELECTIONS[section]:
                    yield from _items_of(selection)


def section_of(document: Document, name: str) -> yaml.Node | None:
    """The node under a key of the document."""
    return dict_of(document.root).get(name)


def dict_of(node: yaml.Node) -> dict[str, yaml.Node]:
    """A mapping's values by their keys; empty for any other node."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in entries(node)}


def scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    """The node itself if it is a scalar, or the scalars in a list."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [one for one in nodes if isinstance(one, yaml.ScalarNode)]


def _items_of(selection: yaml.Node) -> Iterator[Item]:
    if isinstance(selection, yaml.MappingNode):
        yield from entries(selection)
    elif isinstance(selection, yaml.SequenceNode):
        for item in selection.value:
            yield from _items_of(item)


def _conditions(document: Document) -> Iterator[yaml.ScalarNode]:
    for section in SECTIONS:
        node = section_of(document, section)
        if node is not None and (found := dict_of(node).get("condition")) is not None:
            yield from scalars(found)


def _action(document: Document) -> Iterator[RuleError]:
    if isinstance(document.root, yaml.MappingNode):
        for key, _ in entries(document.root):
            if key.value == "action":
                hint = "write each rule out: Sigma 2 has no action"
                message = "`action` (global, repeat, reset) is not read"
                yield document.error("unsupported-action", message, key, hint, UnsupportedRule)


def _several_kinds(document: Document) -> Iterator[RuleError]:
    """A document is a rule, a filter or a correlation. If it has the parts of another as well,
    those would be dropped silently.
    """
    if isinstance(document.root, yaml.MappingNode):
        kinds = [key for key, _ in entries(document.root) if key.value in _KINDS]
        for key in kinds[1:]:
            message = f"`{key.value}` does not stand beside `{kinds[0].value}` in one document"
            hint = "write two documents, with --- between"
            yield document.error("several-kinds", message, key, hint)


def _timeframe(document: Document) -> Iterator[RuleError]:
    """The old key ``timeframe``: pySigma takes it for a selection of one keyword, which `them`
    would include.
    """
    node = section_of(document, "detection")
    found = dict_of(node).get("timeframe") if node else None
    if isinstance(found, yaml.ScalarNode):
        message = "`timeframe` is not evaluated: Sigma 2 has correlations"
        yield document.error("unsupported-timeframe", message, found, kind=UnsupportedRule)


def _no_texts(document: Document) -> Iterator[RuleError]:
    """Values that must be a text or a list of texts and are not."""
    identifier = section_of(document, "id")
    if identifier is not None and not is_text(identifier) and plain(identifier) is not None:
        yield document.error("wrong-value", "an id is a text", identifier)
    fields = section_of(document, "fields")
    for node in fields.value if isinstance(fields, yaml.SequenceNode) else ():
        if not is_text(node):
            yield document.error("wrong-value", "a field's name is a text", node)
    for node in _rules_named(document):
        if not is_text(node):
            yield document.error("wrong-value", "a rule is named by its id or name", node)
    for section in SECTIONS:
        node = section_of(document, section)
        found = dict_of(node).get("condition") if node else None
        for one in found.value if isinstance(found, yaml.SequenceNode) else [found]:
            if one is not None and not is_text(one):
                yield document.error("wrong-value", "a condition is a text", one)


def _rules_named(document: Document) -> list[yaml.Node]:
    """The members of a filter's list of rules. For pySigma a number there is a position."""
    node = section_of(document, "filter")
    rules = dict_of(node).get("rules") if node else None
    return rules.value if isinstance(rules, yaml.SequenceNode) else []


def _item(document: Document, key: yaml.ScalarNode, value: yaml.Node) -> Iterator[RuleError]:
    modifiers = key.value.split("|")[1:]
    if "fieldref" in modifiers and "cased" in modifiers:
        message = "fields are compared caselessly: cased and fieldref do not go together"
        yield document.error("unsupported-modifier", message, key, kind=UnsupportedRule)
    if "expand" in modifiers and (lost := _UNFILLED.intersection(modifiers)):
        message = f"a placeholder's values are not encoded: no expand with {min(lost)}"
        yield document.error("unsupported-modifier", message, key, kind=UnsupportedRule)
    if "re" in modifiers:
        yield from _regexes(document, value, fixed="expand" not in modifiers)


def _regexes(document: Document, value: yaml.Node, *, fixed: bool) -> Iterator[RuleError]:
    nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
    for node in nodes:
        if not (is_text(node) or is_number(node)):
            message = "a regular expression is a text"
            yield document.error("wrong-value", message, node)
        elif len(node.value) > LONGEST_REGEX:
            message = f"the regular expression is longer than {LONGEST_REGEX:,} signs"
            yield document.error("large", message, node, kind=RuleSyntaxError)
        elif fixed:
            try:
                compiled(node.value)
            except BadRegexError as error:
                yield document.error("bad-pattern", str(error), node, kind=UnsupportedRule)


def _condition(document: Document, node: yaml.ScalarNode) -> Iterator[RuleError]:
    if len(node.value) > LONGEST_CONDITION:
        message = f"the condition is longer than {LONGEST_CONDITION:,} signs"
        yield document.error("large", message, node, kind=RuleSyntaxError)
    elif _depth(node.value) > MOST_NESTED:
        yield document.error("too-deep", "nested too deeply", node, kind=RuleSyntaxError)


def _depth(condition: str) -> int:
    """How deep parentheses and ``not`` nest; a ``not`` counts up to the next ``and`` or ``or``."""
    deepest = 0
    open_nots = [0]
    for word in _NESTING.findall(condition):
        if word == "(":
            open_nots.append(0)
        elif word == ")":
            open_nots = open_nots[:-1] or [0]
        else:
            open_nots[-1] = open_nots[-1] + 1 if word == "not" else 0
        deepest = max(deepest, len(open_nots) - 1 + sum(open_nots))
    return deepest


def _weight(key: yaml.ScalarNode, value: yaml.Node) -> int:
    """The number of values that an item's values stand for."""
    texts = [node.value for node in scalars(value)]
    if "windash" in key.value:
        return sum(5 ** min(3, len(_DASHES.findall(text))) for text in texts)
    return len(texts) * (3 if "base64offset" in key.value else 1)
