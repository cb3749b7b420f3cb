"""What pySigma and the compiler refuse, with its place in the file."""

from collections.abc import Iterator
from typing import Any

import yaml
from sigma.exceptions import (
    SigmaConditionError,
    SigmaDateError,
    SigmaDetectionError,
    SigmaError,
    SigmaFilterError,
    SigmaIdentifierError,
    SigmaLevelError,
    SigmaLogsourceError,
    SigmaModifiedError,
    SigmaStatusError,
    SigmaTitleError,
)
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem

from matcher.errors import RuleError
from matcher.languages.aql.diagnostics import nearest
from matcher.rulebook.document import Document, entries, plain

_KEYS: tuple[tuple[type[SigmaError], str], ...] = (
    (SigmaIdentifierError, "id"),
    (SigmaTitleError, "title"),
    (SigmaLevelError, "level"),
    (SigmaStatusError, "status"),
    (SigmaDateError, "date"),
    (SigmaModifiedError, "modified"),
    (SigmaLogsourceError, "logsource"),
    (SigmaConditionError, "condition"),
    (SigmaDetectionError, "detection"),
    (SigmaFilterError, "filter"),
)
_SECTIONS = ("detection", "filter", "correlation")
_NOT_SELECTIONS = ("condition", "rules")


def reading_errors(document: Document, data: dict[str, Any], kind: Any) -> list[RuleError]:
    """Every fault that pySigma finds in a document of this kind, the culprit's place first."""
    try:
        faults = kind.from_dict(data, collect_errors=True).errors
    except SigmaError as error:
        faults = [error]
    except Exception as error:  # noqa: BLE001 - pySigma meets odd types with any exception
        message = f"this is no Sigma: {type(error).__name__}: {error}"
        return [document.error("sigma", message, document.root)]
    if not faults:
        return []
    culprits = list(_culprits(document))
    others = [
        document.error(
            "sigma", _message(fault), _node(document, fault), "the Sigma specification, 2.1"
        )
        for fault in faults
        if _message(fault) not in {error.message for error in culprits}
    ]
    return [*culprits, *others]


def located(error: RuleError, document: Document) -> RuleError:
    """The compiler's error at the field or condition that it names in its source."""
    wanted = error.source
    node: yaml.Node | None = None
    for key, value in _items(document):
        if key.value.split("|")[0] == wanted or wanted in _texts(value):
            node = key
            break
    if node is None:
        node = _find(document, "condition") if error.code == "condition" else None
    place = node or _find(document, "detection") or document.root
    return document.error(error.code, error.message, place, error.hint, type(error))


def _culprits(document: Document) -> Iterator[RuleError]:
    """The items of selections that pySigma refuses one by one."""
    for key, value in _items(document):
        try:
            SigmaDetectionItem.from_mapping(key.value, plain(value))
        except SigmaError as error:
            yield document.error("sigma", _message(error), key, _hint(key.value))
        except Exception:  # noqa: BLE001 - as in reading_errors
            message = "a value is a text, a number, true, false, null, or a list of these"
            yield document.error("sigma", message, key)


def _hint(key: str) -> str:
    for modifier in key.split("|")[1:]:
        if modifier not in modifier_mapping:
            guess = nearest(modifier, modifier_mapping)
            known = ", ".join(sorted(modifier_mapping))
            return f"did you mean '{guess}'?" if guess else f"modifiers: {known}"
    return ""


def _items(document: Document) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Every ``field|modifier: value`` of the selections."""
    for section in _SECTIONS:
        node = _find(document, section)
        if isinstance(node, yaml.MappingNode):
            for name, selection in entries(node):
                if name.value not in _NOT_SELECTIONS:
                    yield from _items_of(selection)


def _items_of(selection: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(selection, yaml.MappingNode):
        yield from entries(selection)
    elif isinstance(selection, yaml.SequenceNode):
        for item in selection.value:
            yield from _items_of(item)


def _texts(node: yaml.Node) -> list[str]:
    """The texts of a scalar or a list: a field reference names a field in them."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [one.value for one in nodes if isinstance(one, yaml.ScalarNode)]


def _node(document: Document, fault: SigmaError) -> yaml.Node:
    for kind, key in _KEYS:
        if isinstance(fault, kind):
            return _find(document, key) or document.root
    return _find(document, "detection") or document.root


def _find(document: Document, name: str) -> yaml.Node | None:
    """The value of a key of the document, or of one of its sections."""
    if not isinstance(document.root, yaml.MappingNode):
        return None
    top = {key.value: value for key, value in entries(document.root)}
    if name in top:
        return top[name]
    for section in _SECTIONS:
        inner = top.get(section)
        if isinstance(inner, yaml.MappingNode):
            for key, value in entries(inner):
                if key.value == name:
                    return value
    return None


def _message(error: SigmaError) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
