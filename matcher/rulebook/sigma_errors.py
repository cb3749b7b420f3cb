"""Errors of pySigma and of the compiler, with their place in the file and the rule's name."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.modifiers import modifier_mapping, reverse_modifier_mapping
from sigma.rule import SigmaDetectionItem, SigmaRule

from matcher.errors import RuleError, RuleErrors
from matcher.languages.nearest import nearest
from matcher.rulebook.document import Document, is_null
from matcher.rulebook.sigma_checks import items, scalars, section_of
from matcher.rulebook.sigma_places import find, misread
from matcher.rulebook.sigma_reading import for_pysigma, item_value, known_key

_VALUES = "a value is a text, a number, true, false, null, or a list of these"
_INCOMPATIBLE = re.compile(r"Modifier (\w+) incompatible to value type of (.*)", re.DOTALL)
_OBJECT = re.compile(r"'?<sigma\.types\.Sigma(\w+) object at 0x[0-9a-f]+>'?")
"""How pySigma shows a value that has no text (null): by its memory address."""
_MODIFIED = re.compile(r"'?Sigma\w+\(")
"""A value that an earlier modifier has changed, as Python shows it."""
_Parsed = TypeVar("_Parsed", SigmaRule, SigmaFilter, SigmaCorrelationRule)

_MODIFIERS = (*modifier_mapping, "utf16le")


def of_rule(error: RuleError, data: dict[str, Any]) -> RuleError:
    """The error with the rule's id, or else its title, in the message."""
    known = (data.get(key) for key in ("id", "title"))
    name = next((text for text in known if text and isinstance(text, str)), "")
    if not name or re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", error.message):
        return error
    return type(error)(
        f"{error.message} (rule {name[:80]})",
        code=error.code,
        location=error.location,
        source=error.source,
        path=error.path,
        hint=error.hint,
        offset=error.offset,
    )


def read_by_pysigma(document: Document, data: dict[str, Any], kind: type[_Parsed]) -> _Parsed:
    """The rule, filter or correlation that pySigma makes of a document.

    Raises RuleErrors with every error that pySigma finds, the most precise place first.
    """
    try:
        parsed = kind.from_dict(for_pysigma(data), collect_errors=True)
    except SigmaError as error:
        raise RuleErrors(_located(document, [error])) from None
    except Exception as error:  # noqa: BLE001 - for odd types pySigma may raise any exception
        message = f"this is no Sigma: {type(error).__name__}: {error}"
        faults = list(_culprits(document)) or [document.error("sigma", message, document.root)]
        raise RuleErrors(faults) from None
    if parsed.errors:
        raise RuleErrors(_located(document, parsed.errors))
    return parsed


def _located(document: Document, faults: Sequence[SigmaError]) -> list[RuleError]:
    culprits = list(_culprits(document))
    others = [
        document.error("sigma", _message(fault), *misread(document, fault))
        for fault in faults
        if _message(fault) not in {error.message for error in culprits}
    ]
    return [*culprits, *others]


def located(error: RuleError, document: Document) -> RuleError:
    """The compiler's error at the place of the field or condition that it names."""
    place = _place(error, document) or section_of(document, "detection") or document.root
    return document.error(error.code, error.message, place, error.hint, type(error))


def _place(error: RuleError, document: Document) -> yaml.Node | None:
    wanted = error.source
    found = find(document, "condition")
    for condition in scalars(found) if found else ():
        if condition.value == wanted:
            return condition
    named = [
        key
        for key, value in items(document)
        if key.value.split("|")[0] == wanted or wanted in [one.value for one in scalars(value)]
    ]
    unfilled = [key for key in named if "expand" in key.value.split("|")]
    if error.code == "unknown-placeholder" and unfilled:
        return unfilled[0]
    return named[0] if named else None


def _culprits(document: Document) -> Iterator[RuleError]:
    """The items of selections that pySigma refuses when it reads them one by one."""
    for key, value in items(document):
        try:
            SigmaDetectionItem.from_mapping(known_key(key.value), item_value(key.value, value))
        except SigmaError as error:
            hint = _hint(key.value, value)
            yield document.error("sigma", _message(error), key, hint)
        except Exception:  # noqa: BLE001 - as in read_by_pysigma
            yield document.error("sigma", _VALUES, key)


def _hint(key: str, value: yaml.Node) -> str:
    field, *modifiers = key.split("|")
    for modifier in modifiers:
        if modifier not in _MODIFIERS:
            guess = nearest(modifier, _MODIFIERS)
            known = ", ".join(sorted(_MODIFIERS))
            return f"did you mean '{guess}'?" if guess else f"modifiers: {known}"
    if modifiers and field and any(map(is_null, scalars(value))):
        return f"a field that is missing is {field}: null, without a modifier, in a map of its own"
    return ""


def _message(error: SigmaError) -> str:
    """The message of pySigma, in plain words where it names its own types."""
    message = str(error.args[0]) if error.args else type(error).__name__
    if message.startswith("Unsupported type"):
        return _VALUES
    message = _OBJECT.sub(lambda found: found[1].lower(), message)
    if found := _INCOMPATIBLE.fullmatch(message):
        name = reverse_modifier_mapping.get(found[1], found[1])
        if _MODIFIED.match(found[2]):
            return f"the modifier {name} does not go with those before it"
        return f"the modifier {name} does not take the value {found[2]}"
    return message
