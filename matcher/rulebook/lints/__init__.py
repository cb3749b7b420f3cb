"""Lints: would this rule fire where its author means it to? They speak of rules that do work.

Every lint has a stable code (:data:`CODES`) and a section in ``docs/lints.md``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from matcher.engine.expression import Always, And, Expression, Recent, leaves
from matcher.engine.rule import Rule, Severity
from matcher.errors import Location, RuleError, RuleErrors, RuleSemanticError
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import Query, compile_query
from matcher.languages.aql.dialect import DEPARTURES
from matcher.languages.aql.extent import conditions_within
from matcher.rulebook.format import RESERVED, RuleFile, RuleTest
from matcher.rulebook.lints.aws_names import aws_names
from matcher.rulebook.lints.finding import CODES, Finding
from matcher.rulebook.lints.log_sources import log_source_types
from matcher.rulebook.lints.networks import networks, networks_as_texts
from matcher.rulebook.lints.sigma import sigma_names
from matcher.rulebook.lints.signs import signs
from matcher.rulebook.lints.texts import texts
from matcher.rulebook.lints.truth import truths
from matcher.rulebook.lints.values import values
from matcher.rulebook.loading import Rulebook
from matcher.rulebook.messages import in_file

__all__ = ["CODES", "Lint", "lint_query", "lint_rules", "missing_tests"]

_LINTS = {
    "aql": (aws_names, log_source_types, values, networks, networks_as_texts, texts, signs, truths),
    "sigma": (sigma_names, aws_names, values, networks_as_texts, signs, truths),
}
"""The lints by language. A Sigma rule has no lint about the log source type: its author writes a
``logsource`` and no such condition.
"""

_INSTEAD = {
    "except": "write the exclusion into the query: AND NOT (…)",
    "correlation": "count its alerts where they are read",
}

_OF_ALL_EVENTS = frozenset({"no-literal", "always-true"})

_DEPARTURES = frozenset(departure.code for departure in DEPARTURES)


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding of a lint. ``line`` and ``column`` are those in the file; None if the finding is
    about the whole rule.
    """

    rule_id: str
    file: str
    code: str
    message: str
    hint: str
    line: int | None
    column: int | None

    @property
    def said(self) -> str:
        """Place, message and hint in one line."""
        place = f"{self.line}:{self.column}: " if self.line else ""
        return f"{place}{self.message}{f'; {self.hint}' if self.hint else ''}"


def lint_rules(rulebook: Rulebook, catalogue: Catalogue) -> tuple[Lint, ...]:
    """Every finding, sorted by rule and place.

    Findings about the whole rule come last. Documents that are read but have no effect follow the
    rules.
    """
    found = []
    for rule in rulebook.rules:
        tests = tuple(test for test in rulebook.tests if test.rule_id == rule.id)
        lints = [
            _placed(finding, rule, rulebook.rule_files.get(rule.id))
            for finding in _findings(rule, tests, catalogue)
        ]
        lints += _not_evaluated(rule, rulebook.rule_files.get(rule.id))
        found += _counted(_by_place(lints))
    found += [
        Lint(note.rule_id, note.file, "not-evaluated", note.text, "", None, None)
        for note in rulebook.unevaluated
    ]
    return tuple(found)


def lint_query(query: Query, text: str, catalogue: Catalogue, *, now: int) -> tuple[Lint, ...]:
    """The findings of the rules' lints for a query over files, sorted by place.

    ``line`` and ``column`` are those in the text. A query needs no tests, may read every event, and
    may ask for all of them.
    """
    rule = Rule("query", "query", "1", Severity.INFORMATIONAL, query.expression, source=text)
    findings = list(_departures(rule, catalogue, now))
    findings += _about_conditions(rule, query.conditions, catalogue)
    left_out = {"no-literal"} if _asks_something(query.expression) else _OF_ALL_EVENTS
    lints = []
    for finding in findings:
        if finding.code not in left_out:
            line, column = (finding.at.line, finding.at.column) if finding.at else (None, None)
            lints.append(
                Lint("query", "", finding.code, finding.message, finding.hint, line, column)
            )
    return tuple(_counted(_by_place(lints)))


def missing_tests(tests: Sequence[RuleTest]) -> str:
    """What the tests of a rule lack; "" if one expects a match and another expects none."""
    lacking = {True: "a test that it matches", False: "a test that it does not match"}
    for test in tests:
        lacking.pop(test.match, None)
    return " and ".join(lacking.values())


def _asks_something(expression: Expression) -> bool:
    return not all(isinstance(leaf, (Always, Recent)) for leaf in leaves(expression))


def _by_place(lints: Iterable[Lint]) -> list[Lint]:
    return sorted(lints, key=lambda lint: (lint.line is None, lint.line or 0, lint.column or 0))


def _findings(rule: Rule, tests: tuple[RuleTest, ...], catalogue: Catalogue) -> Iterator[Finding]:
    yield from _departures(rule, catalogue)
    inner = conditions_within((rule.expression, *(column.operand for column in rule.columns)))
    yield from _about_conditions(rule, inner, catalogue)
    if rule.language == "sigma" and not tests:
        return
    if lacking := missing_tests(tests):
        yield Finding("tests-missing", f"the rule lacks {lacking}", "docs/rule-format.md, Tests")


def _about_conditions(
    rule: Rule, inner: Iterable[Expression], catalogue: Catalogue
) -> Iterator[Finding]:
    """What is found about the rule's condition and about ``inner``: conditions that are asked of
    what matches.
    """
    found = [finding for lint in _LINTS[rule.language] for finding in lint(rule, catalogue)]
    yield from found
    for condition in inner:
        alone = replace(rule, expression=condition)
        among = replace(rule, expression=And((rule.expression, condition)))
        for lint in _LINTS[rule.language]:
            for finding in lint(alone if lint is truths else among, catalogue):
                if finding not in found and finding.code not in _OF_ALL_EVENTS:
                    found.append(finding)
                    yield finding


def _departures(rule: Rule, catalogue: Catalogue, now: int | None = None) -> Iterator[Finding]:
    """Departures from AQL as IBM documents it: what the strict dialect would refuse."""
    if rule.language != "aql":
        return
    errors: list[RuleError] = []
    try:
        compile_query(rule.source, catalogue, dialect="strict", now=now)
    except RuleErrors as several:
        errors = several.errors
    except RuleError as single:
        errors = [single]
    for error in errors:
        if error.code in _DEPARTURES:
            yield Finding(error.code, f"in a QRadar: {error.message}", error.hint, error.location)


def _not_evaluated(rule: Rule, rule_file: RuleFile | None) -> Iterator[Lint]:
    """The keys of a rule file that are read but have no effect."""
    if rule_file is None or rule.language == "sigma":
        return
    for key in RESERVED:
        if key in rule_file.nodes:
            mark = rule_file.nodes[key].start_mark
            message = f"{key} is read and not evaluated: the rule does as it would without"
            hint = _INSTEAD[key]
            line, column = mark.line + 1, mark.column + 1
            yield Lint(rule.id, rule.file, "not-evaluated", message, hint, line, column)


def _of_text(finding: Finding) -> Lint:
    """A finding about a query, whose text is not part of a file."""
    line, column = (finding.at.line, finding.at.column) if finding.at else (None, None)
    return Lint("query", "", finding.code, finding.message, finding.hint, line, column)


def _placed(finding: Finding, rule: Rule, rule_file: RuleFile | None) -> Lint:
    line, column = None, None
    if finding.at is not None and rule_file is not None:
        line, column = _in_file(finding.at, rule, rule_file)
    return Lint(rule.id, rule.file, finding.code, finding.message, finding.hint, line, column)


def _in_file(at: Location, rule: Rule, rule_file: RuleFile) -> tuple[int | None, int | None]:
    if rule.language == "sigma":
        root = rule_file.document.root
        line = at.line + root.start_mark.line
        inside = line <= root.end_mark.line + 1
        return (line, at.column) if inside else (None, None)
    error = RuleSemanticError("", code="", location=at, source=rule.source)
    seen = in_file(error, rule_file.document, rule_file.nodes["query"])
    return seen.line, seen.column


def _counted(lints: list[Lint]) -> list[Lint]:
    """Findings that are the same at several places, given once with their number."""
    places: dict[tuple[str, str], list[Lint]] = {}
    for lint in lints:
        places.setdefault((lint.code, lint.message), []).append(lint)
    return [
        first if not more else replace(first, message=f"{first.message} ({len(more) + 1} places)")
        for first, *more in places.values()
    ]
