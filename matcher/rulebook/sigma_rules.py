"""Sigma documents → rules, with filters applied; correlations are named as not evaluated.

pySigma reads each document; its errors and the compiler's are shown with their place in the file.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar
from uuid import NAMESPACE_URL, uuid5

import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from matcher.engine.rule import Attack, Rule, Severity
from matcher.errors import RuleError, RuleErrors
from matcher.events.catalogue import Catalogue
from matcher.languages.sigma import Detection, Placeholders, compile_detection
from matcher.rulebook.document import Document
from matcher.rulebook.format import KEYS, RuleFile, RuleTest
from matcher.rulebook.messages import Note
from matcher.rulebook.sigma_checks import dict_of, unreadable
from matcher.rulebook.sigma_errors import located, of_rule, read_by_pysigma
from matcher.rulebook.sigma_reading import sigma_data

_MARKS = re.compile(r"^(?:detection|filter|correlation|logsource)[ \t]*:", re.MULTILINE)
_AQL_MARK = re.compile(r"^(?:query|version)[ \t]*:", re.MULTILINE)

_CORRELATION = "correlation: read, not yet evaluated"
_IDLE = "filter: no rule here is filtered by it"

TACTICS = {
    "reconnaissance": "TA0043",
    "resource-development": "TA0042",
    "initial-access": "TA0001",
    "execution": "TA0002",
    "persistence": "TA0003",
    "privilege-escalation": "TA0004",
    "defense-evasion": "TA0005",
    "credential-access": "TA0006",
    "discovery": "TA0007",
    "lateral-movement": "TA0008",
    "collection": "TA0009",
    "exfiltration": "TA0010",
    "command-and-control": "TA0011",
    "impact": "TA0040",
}
"""ATT&CK's tactics as Sigma's tags name them. Any other tag is kept only as a tag."""


@dataclass(frozen=True, slots=True)
class SigmaRules:
    """The rules in Sigma documents. ``unevaluated`` names the documents that are read but not
    evaluated.
    """

    rules: tuple[tuple[Rule, RuleFile], ...]
    errors: tuple[RuleError, ...]
    unevaluated: tuple[Note, ...]


_Parsed = TypeVar("_Parsed", SigmaRule, SigmaFilter, SigmaCorrelationRule)


@dataclass(frozen=True, slots=True)
class _Read(Generic[_Parsed]):
    """One document as pySigma read it."""

    document: Document
    root: yaml.MappingNode
    data: dict[str, Any]
    parsed: _Parsed

    @property
    def note_name(self) -> str:
        return str(self.parsed.id or self.parsed.name or self.parsed.title)


def is_sigma(text: str) -> bool:
    """Whether a file's text is Sigma rather than a rule file."""
    return _MARKS.search(text) is not None and _AQL_MARK.search(text) is None


def sigma_rules(
    documents: Sequence[Document],
    catalogue: Catalogue,
    placeholders: Placeholders,
    aql_rules: Collection[str] = (),
) -> SigmaRules:
    """The rules of these documents.

    A filter is applied to each rule that it is for, in whichever file the rule stands. As in
    pySigma, the rule's condition AND the filter's must hold. ``aql_rules`` are the ids of the AQL
    rules beside them, to which filters do not apply.
    """
    rules: list[_Read[SigmaRule]] = []
    filters: list[_Read[SigmaFilter]] = []
    unevaluated: list[Note] = []
    errors: list[RuleError] = []
    for document in documents:
        data: dict[str, Any] = {}
        try:
            root = _mapping(document)
            data = sigma_data(root)
            if faults := unreadable(document):
                raise RuleErrors(faults)  # noqa: TRY301 - all faults of a document are caught below
            if "correlation" in data:
                other = _Read(
                    document, root, data, read_by_pysigma(document, data, SigmaCorrelationRule)
                )
                unevaluated.append(Note(other.note_name, document.path, _CORRELATION))
            elif "filter" in data:
                found = _Read(document, root, data, read_by_pysigma(document, data, SigmaFilter))
                _check_filter(found, catalogue, placeholders)
                filters.append(found)
            else:
                rules.append(
                    _Read(document, root, data, read_by_pysigma(document, data, SigmaRule))
                )
        except RuleErrors as several:
            errors += [of_rule(error, data) for error in several.errors]
    unevaluated += _idle(rules, filters, aql_rules)
    made = []
    for one in rules:
        try:
            made.append(_rule(one, filters, catalogue, placeholders))
        except RuleErrors as several:
            errors += [of_rule(error, one.data) for error in several.errors]
    return SigmaRules(tuple(made), tuple(errors), tuple(unevaluated))


def _mapping(document: Document) -> yaml.MappingNode:
    if not isinstance(document.root, yaml.MappingNode):
        message = "a Sigma document is a mapping"
        raise RuleErrors([document.error("wrong-value", message, document.root)])
    return document.root


def _rule(
    read: _Read[SigmaRule],
    filters: Sequence[_Read[SigmaFilter]],
    catalogue: Catalogue,
    placeholders: Placeholders,
) -> tuple[Rule, RuleFile]:
    document, nodes = read.document, dict_of(read.root)
    errors: list[RuleError] = []
    tests: tuple[RuleTest, ...] = ()
    detection: Detection | None = None
    applied = [one for one in filters if _is_for(one.parsed, read.parsed)]
    try:
        tests = KEYS["tests"](document, nodes["tests"]) if "tests" in nodes else ()
    except RuleError as error:
        errors.append(error)
    try:
        conditions = [one.parsed.filter for one in applied]
        detection = compile_detection(read.parsed, catalogue, placeholders, conditions)
    except RuleError as error:
        errors.append(located(error, document))
    if errors or detection is None:
        raise RuleErrors(errors)
    rule = _made(read, detection, applied, placeholders)
    nodes.setdefault("id", read.root)
    return rule, RuleFile(document, dict(rule.metadata), nodes, tests)


def _check_filter(
    read: _Read[SigmaFilter], catalogue: Catalogue, placeholders: Placeholders
) -> None:
    """Compile a filter alone: one that does not compile is refused at its own place, and applied to
    no rule.
    """
    parsed = read.parsed
    alone = SigmaRule(title=parsed.title, logsource=parsed.logsource, detection=parsed.filter)
    try:
        compile_detection(alone, catalogue, placeholders)
    except RuleError as error:
        raise RuleErrors([located(error, read.document)]) from None


def _is_for(one: SigmaFilter, rule: SigmaRule) -> bool:
    return one._should_apply_on_rule(rule)  # noqa: SLF001 - pySigma has no public method for this


def _idle(
    rules: Sequence[_Read[SigmaRule]],
    filters: Sequence[_Read[SigmaFilter]],
    aql_rules: Collection[str],
) -> Iterator[Note]:
    """A note for each filter that applies to no rule, or not to every rule that it names."""
    for one in filters:
        named = _named_by(one.parsed)
        in_aql = [name for name in named if name in aql_rules]
        if in_aql:
            yield Note(one.note_name, one.document.path, _of_aql(in_aql))
        elif not any(_is_for(one.parsed, rule.parsed) for rule in rules):
            known = {str(key) for rule in rules for key in (rule.parsed.id, rule.parsed.name)}
            why = _why_idle(named, known)
            yield Note(one.note_name, one.document.path, f"{_IDLE}: {why}")


def _named_by(one: SigmaFilter) -> list[str]:
    """The rules that a filter names; empty if it is for any rule."""
    found = one.filter.rules
    return [] if isinstance(found, str) else [reference.reference for reference in found]


def _of_aql(names: Sequence[str]) -> str:
    are = "are AQL rules" if names[1:] else "is an AQL rule"
    return (
        f"filter: {', '.join(names)} {are}, and a Sigma filter is for Sigma rules alone: write the "
        "exclusion into the query, AND NOT (…)"
    )


def _why_idle(named: Sequence[str], known: Collection[str]) -> str:
    """Why a filter applies to nothing."""
    if not named:
        return "none is of its log source"
    there = [name for name in named if name in known]
    if there:
        return f"{', '.join(there)} is of another log source"
    return f"none has the id or the name {', '.join(named)}"


def _made(
    read: _Read[SigmaRule],
    detection: Detection,
    filters: Sequence[_Read[SigmaFilter]],
    placeholders: Placeholders,
) -> Rule:
    parsed = read.parsed
    documents = (read.document, *(one.document for one in filters))
    source = "\n---\n".join(map(_text, documents))
    notes = list(detection.notes)
    if parsed.id is None:
        notes.append("the rule has no id: one is made of its title")
    if parsed.level is None:
        notes.append("the rule has no level: medium is taken")
    if filters:
        notes.append(f"filtered by: {', '.join(one.parsed.title for one in filters)}")
    return Rule(
        id=str(parsed.id or uuid5(NAMESPACE_URL, f"sigma:{parsed.title}")),
        title=parsed.title,
        version=_version(parsed, source),
        severity=_severity(parsed),
        expression=detection.expression,
        columns=detection.columns,
        attack=_attack([str(tag) for tag in parsed.tags]),
        references=tuple(map(str, parsed.references)),
        language="sigma",
        file=read.document.path,
        source=source,
        settings=placeholders.settings(source),
        notes=tuple(notes),
        metadata=_metadata(parsed, read.data),
    )


def _text(document: Document) -> str:
    """The lines of the file in which the document stands."""
    start, end = document.root.start_mark, document.root.end_mark
    lines = document.text.split("\n")[start.line : end.line + 1]
    return "\n".join(lines).removesuffix("---").strip()


def _version(parsed: SigmaRule, source: str) -> str:
    """``modified``, else ``date``, else a digest."""
    day = parsed.modified or parsed.date
    return day.isoformat() if day else sha256(source.encode()).hexdigest()[:12]


def _severity(parsed: SigmaRule) -> Severity:
    return Severity.MEDIUM if parsed.level is None else Severity[parsed.level.name]


def _attack(tags: Iterable[str]) -> Attack:
    lowered = dict.fromkeys(tag.lower().replace("_", "-") for tag in tags)
    names = [tag.removeprefix("attack.") for tag in lowered if tag.startswith("attack.")]
    techniques = [name.upper() for name in names if re.fullmatch(r"t\d{4}(\.\d{3})?", name)]
    tactics = [
        TACTICS.get(name, name.upper())
        for name in names
        if name in TACTICS or re.fullmatch(r"ta\d{4}", name)
    ]
    return Attack(tuple(tactics), tuple(techniques))


def _metadata(parsed: SigmaRule, data: dict[str, Any]) -> dict[str, Any]:
    found = {
        "status": parsed.status and parsed.status.name.lower(),
        "description": parsed.description,
        "author": parsed.author,
        "date": parsed.date and parsed.date.isoformat(),
        "modified": parsed.modified and parsed.modified.isoformat(),
        "license": parsed.license,
        "false_positives": tuple(map(str, parsed.falsepositives)),
        "tags": tuple(map(str, data.get("tags") or ())),
        "logsource": json.loads(json.dumps(data.get("logsource"))),
        "runbook": data.get("runbook"),
        "hunting": data.get("hunting"),
    }
    return {key: value for key, value in found.items() if value}
