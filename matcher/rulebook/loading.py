"""Rule files → rules. An error in one file does not hide the errors in others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from matcher.engine.rule import Attack, Rule
from matcher.errors import (
    Location,
    RuleError,
    RuleErrors,
    RuleSemanticError,
    RuleSyntaxError,
    UsageError,
)
from matcher.events.catalogue import Catalogue
from matcher.languages import sigma
from matcher.languages.aql import DEFAULT_POLICY, AqlPolicy, Query, compile_query
from matcher.languages.nearest import nearest
from matcher.rulebook.document import Document, decoded, read_document, read_documents
from matcher.rulebook.format import RESERVED, RuleFile, RuleTest, read_rule_file
from matcher.rulebook.messages import Note, in_file
from matcher.rulebook.sigma_rules import is_sigma, sigma_rules

SUFFIXES = (".yml", ".yaml")
_TO_METADATA = (
    *("status", "dialect", "description", "data_sources", "false_positives", "author", "date"),
    *("modified", "runbook", "hunting", "metadata", *RESERVED),
)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The contents of the rule files.

    ``errors`` are those of files that cannot be used; the caller decides whether the other rules
    may run. Rules are sorted by id.
    """

    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...]
    errors: tuple[RuleError, ...]
    notes: tuple[Note, ...]
    files: tuple[str, ...]
    """Every file that was read, whether it can be used or not."""
    rule_files: Mapping[str, RuleFile] = field(default_factory=dict)
    """The contents of each rule's file, by rule id."""
    unevaluated: tuple[Note, ...] = ()
    """Documents that are understood but have no effect: Sigma correlations, and filters that apply
    to no rule.
    """

    def raise_errors(self) -> None:
        """Raise RuleErrors if there are errors."""
        if self.errors:
            raise RuleErrors(list(self.errors))


def load_rules(
    paths: Sequence[Path],
    catalogue: Catalogue,
    policy: AqlPolicy = DEFAULT_POLICY,
    placeholders: sigma.Placeholders = sigma.NO_PLACEHOLDERS,
) -> Rulebook:
    """Load these files, and the rule files in these directories and below them.

    Rule files (AQL) and Sigma may stand side by side. ``policy`` is how their AQL is understood,
    ``placeholders`` are the values of their Sigma placeholders. Raises UsageError if a path does
    not exist or holds no rule file. Errors inside a file are in the rulebook's ``errors``, with
    their places.
    """
    files = rule_files(paths)
    errors: list[RuleError] = []
    found: list[tuple[Rule, RuleFile]] = []
    documents: list[Document] = []
    for file in files:
        try:
            text = decoded(str(file), _bytes(file))
            if is_sigma(text):
                several, refused = read_documents(str(file), text)
                documents += several
                errors += refused
            else:
                found.append(_load(read_document(str(file), text), catalogue, policy))
        except RuleErrors as faults:
            errors += faults.errors
        except RuleError as error:
            errors.append(error)
    aql_rules = [rule.id for rule, _ in found]
    from_sigma = sigma_rules(documents, catalogue, placeholders, aql_rules)
    found += from_sigma.rules
    errors += from_sigma.errors
    unique, repeated = _without_repeated_ids(found)
    rules = sorted(unique, key=lambda pair: pair[0].id)
    return Rulebook(
        rules=tuple(rule for rule, _ in rules),
        tests=tuple(replace(test, rule_id=rule.id) for rule, file in rules for test in file.tests),
        errors=_by_file((*errors, *repeated), files),
        notes=tuple(Note(rule.id, rule.file, text) for rule, _ in rules for text in rule.notes),
        files=tuple(map(str, files)),
        rule_files={rule.id: file for rule, file in rules},
        unevaluated=from_sigma.unevaluated,
    )


def rule_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The rule files that the paths name, each once, sorted within a directory and without hidden
    files.

    Raises UsageError as :func:`load_rules` does.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            files[path] = None
        elif path.is_dir():
            below = [file for file in sorted(path.rglob("*")) if _is_rule_file(file, path)]
            if not below:
                raise UsageError(f"no rule file (*.yml, *.yaml) in {path}{_others(path)}")
            files.update(dict.fromkeys(below))
        else:
            raise UsageError(f"no such rule file or directory: {path}")
    return tuple(files)


def _others(directory: Path) -> str:
    """A hint if there are Sigma files with another extension."""
    found = next((file for file in sorted(directory.rglob("*.sigma")) if file.is_file()), None)
    return f"; a file of another name is read where it is named itself: {found}" if found else ""


def _by_file(errors: Sequence[RuleError], files: Sequence[Path]) -> tuple[RuleError, ...]:
    """The errors sorted by file, and by place in the file."""
    order = {str(file): number for number, file in enumerate(files)}
    return tuple(
        sorted(
            errors,
            key=lambda error: (order.get(error.path, 0), error.line or 0, error.column or 0),
        )
    )


def _is_rule_file(file: Path, top: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(top).parts)
    return file.suffix in SUFFIXES and not hidden and file.is_file()


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise RuleSyntaxError(message, code="unreadable", path=str(file)) from error


def _load(document: Document, catalogue: Catalogue, policy: AqlPolicy) -> tuple[Rule, RuleFile]:
    rule_file, errors = read_rule_file(document)
    query: Query | None = None
    if "query" in rule_file.values:
        try:
            query = _compiled(rule_file, catalogue, policy)
        except RuleErrors as several:
            errors += several.errors
        except RuleError as error:
            errors.append(error)
    if query is not None:
        errors += _unknown_columns(rule_file, query)
    if query is None or errors:
        raise RuleErrors(sorted(errors, key=lambda error: (error.line or 0, error.column or 0)))
    return _rule(document, rule_file.values, query), rule_file


def _compiled(rule_file: RuleFile, catalogue: Catalogue, policy: AqlPolicy) -> Query:
    """The compiled query; the place of an error is its place in the file."""
    values, node = rule_file.values, rule_file.nodes["query"]
    try:
        dialect = values.get("dialect", "compat")
        return compile_query(values["query"], catalogue, dialect=dialect, policy=policy)
    except RuleErrors as several:
        raise RuleErrors(
            [in_file(error, rule_file.document, node) for error in several.errors]
        ) from None
    except RuleError as error:
        raise in_file(error, rule_file.document, node) from None


def _rule(document: Document, values: dict[str, Any], query: Query) -> Rule:
    reserved = [f"{key}: read, not yet evaluated" for key in RESERVED if key in values]
    return Rule(
        id=values["id"],
        title=values["title"],
        version=values["version"],
        severity=values["severity"],
        expression=query.expression,
        columns=query.columns,
        confidence=values.get("confidence", "medium"),
        attack=values.get("attack", Attack()),
        references=values.get("references", ()),
        language=values.get("language", "aql"),
        file=document.path,
        source=values["query"],
        settings=query.settings,
        notes=(*reserved, *query.notes),
        metadata={key: values[key] for key in _TO_METADATA if key in values},
    )


def _unknown_columns(rule_file: RuleFile, query: Query) -> Iterable[RuleError]:
    aliases = [column.alias for column in query.columns]
    for test in rule_file.tests:
        for alias in test.columns:
            if alias not in aliases:
                guess = nearest(alias, aliases)
                yield RuleSemanticError(
                    f"the test '{test.name}' names a column '{alias}' that the query has not",
                    code="unknown-column",
                    location=Location(test.line, 1),
                    source=rule_file.document.text,
                    path=test.file,
                    hint=f"did you mean '{guess}'?" if guess else "",
                )


def _without_repeated_ids(
    found: list[tuple[Rule, RuleFile]],
) -> tuple[list[tuple[Rule, RuleFile]], list[RuleError]]:
    """The first of the rules that share an id, and an error for each of the others."""
    first: dict[str, tuple[Rule, RuleFile]] = {}
    errors: list[RuleError] = []
    for rule, file in found:
        other = first.setdefault(rule.id, (rule, file))[0]
        if other is not rule:
            message = f"the id '{rule.id}' is taken by {other.file}"
            errors.append(file.document.error("duplicate-id", message, file.nodes["id"]))
    return list(first.values()), errors
