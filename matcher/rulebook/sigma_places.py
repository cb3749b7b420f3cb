"""Finds the place in a Sigma document for an error of pySigma, and what was probably
meant there.
"""

import re
from collections.abc import Iterable, Iterator

import yaml
from sigma.correlations import SigmaCorrelationType
from sigma.exceptions import (
    SigmaConditionError,
    SigmaCorrelationConditionError,
    SigmaCorrelationTypeError,
    SigmaDateError,
    SigmaDetectionError,
    SigmaError,
    SigmaFilterConditionError,
    SigmaFilterError,
    SigmaFilterRuleReferenceError,
    SigmaIdentifierError,
    SigmaLevelError,
    SigmaLogsourceError,
    SigmaModifiedError,
    SigmaStatusError,
    SigmaTimespanError,
    SigmaTitleError,
)
from sigma.rule import SigmaLevel, SigmaStatus

from matcher.languages.nearest import nearest
from matcher.rulebook.document import Document, entries
from matcher.rulebook.sigma_checks import section_of
from matcher.rulebook.sigma_reading import SECTIONS

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
    (SigmaFilterConditionError, "condition"),
    (SigmaFilterRuleReferenceError, "rules"),
    (SigmaFilterError, "filter"),
    (SigmaCorrelationTypeError, "type"),
    (SigmaCorrelationConditionError, "condition"),
    (SigmaTimespanError, "timespan"),
)
_ALLOWED = {
    "level": tuple(level.name.lower() for level in SigmaLevel),
    "type": tuple(kind.name.lower() for kind in SigmaCorrelationType),
    "status": tuple(status.name.lower() for status in SigmaStatus),
}
_NEEDED = ("title", "logsource", "detection", "condition", "filter", "correlation")
_NEW_ID = "a UUID, as uuidgen prints one; without an id one is made of the title"
_SPANS = "a number and s, m, h, d, w, M or y, such as 5m"
_ELSE = "see the Sigma specification, 2.1"


def misread(document: Document, fault: SigmaError) -> tuple[yaml.Node, str]:
    """The node that an error is about, and a hint."""
    about = next((key for kind, key in _KEYS if isinstance(fault, kind)), "")
    found = find(document, about) if about else None
    if found is not None and (hint := _hint(about, found)):
        return found, hint
    words = re.findall(r"[a-z]+", str(fault).lower())
    if typed := _mistyped(document, [about, *words]):
        key, meant = typed
        return key, f"did you mean {meant}?"
    if found is None:
        named = (node for word in words if (node := section_of(document, word)) is not None)
        found = next(named, None) or section_of(document, "detection") or document.root
    return found, _ELSE


def find(document: Document, name: str) -> yaml.Node | None:
    """The value of a key of the document, or of one of its sections."""
    return next((value for key, value in _entries(document) if key.value == name), None)


def _entries(document: Document) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """The keys of the document, and those of its sections."""
    sections = [section_of(document, section) for section in (*SECTIONS, "correlation")]
    for node in (document.root, *sections):
        if isinstance(node, yaml.MappingNode):
            yield from entries(node)


def _hint(about: str, value: yaml.Node) -> str:
    if about == "id":
        return _NEW_ID
    if about == "timespan":
        return _SPANS
    allowed = _ALLOWED.get(about)
    if allowed is None:
        return ""
    guess = nearest(str(value.value), allowed)
    return f"did you mean {guess}?" if guess else f"one of {', '.join(allowed)}"


def _mistyped(document: Document, words: Iterable[str]) -> tuple[yaml.Node, str] | None:
    """A key that is probably a misspelling of a missing key which the error names."""
    keys = {key.value: key for key, _ in _entries(document)}
    spoken = "".join(words)
    for name in _NEEDED:
        if name not in keys and name in spoken and (typed := nearest(name, keys)):
            return keys[typed], name
    return None
