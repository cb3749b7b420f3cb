"""``matcher check``: compiles every rule, and says how each will be found."""

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from matcher.cli.alert_table import wide_console
from matcher.cli.check_query import check_query, diagnostics, lint_row
from matcher.cli.check_report import NOT_EVALUATED, show_rows
from matcher.cli.options import (
    ConfigFile,
    Dialect,
    Profile,
    QueryDialect,
    Sets,
    configuration,
)
from matcher.engine.expression import Field
from matcher.engine.ruleset import Plan, RuleSet
from matcher.errors import EXIT_RULES, RuleError
from matcher.rulebook import Note, Rulebook
from matcher.rulebook.lints import Lint, lint_rules
from matcher.rulebook.lints.field_uses import uses_of
from matcher.service.wiring import load_catalogue, load_policy, load_rulebook


class Format(StrEnum):
    """How the findings are written."""

    TABLE = "table"
    JSON = "json"


def check(
    *,
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULES]…", help="Rule files or directories; else the settings'."),
    ] = None,
    output: Annotated[
        Format, typer.Option("--format", help="A table for a person, or one JSON object.")
    ] = Format.TABLE,
    query: Annotated[
        str | None,
        typer.Option(metavar="TEXT|FILE|-", help="Checks one AQL statement instead of rules."),
    ] = None,
    dialect: QueryDialect = Dialect.COMPAT,
    strict_lints: Annotated[
        bool, typer.Option("--strict-lints", help="A warning ends in exit code 11, too.")
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Shows fields, literals, and warnings whole.")
    ] = False,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Compile every rule, and warn of what would not fire; nothing is run. Exit code 11 where one
    is refused.
    """
    named = {"rules.paths": ("RULES", rules), "catalogue.profile": ("--profile", profile)}
    settings = configuration(config, sets, named).settings
    catalogue = load_catalogue(settings)
    if query is not None:
        policy, as_json = load_policy(settings), output is Format.JSON
        usable = check_query(
            query,
            catalogue,
            policy,
            dialect.value,
            as_json=as_json,
            strict_lints=strict_lints,
            details=details,
        )
        if not usable:
            raise typer.Exit(EXIT_RULES)
        return
    rulebook = load_rulebook(settings, catalogue)
    ruleset = RuleSet(rulebook.rules, catalogue.log_source_types)
    lints = lint_rules(rulebook, catalogue)
    rows = [
        *_accepted(ruleset, rulebook, lints),
        *_unevaluated(rulebook.unevaluated, lints),
        *_refused(rulebook.errors),
    ]
    if output is Format.JSON:
        document = {"rules": rows, "diagnostics": diagnostics(rulebook.errors)}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        show_rows(wide_console(), rows, details=details)
    if rulebook.errors or (strict_lints and lints):
        raise typer.Exit(EXIT_RULES)


def _accepted(
    ruleset: RuleSet, rulebook: Rulebook, lints: Sequence[Lint]
) -> Iterator[dict[str, Any]]:
    for plan in ruleset.plans:
        rule = plan.rule
        yield {
            "id": rule.id,
            "file": rule.file,
            "status": "ok",
            "language": rule.language,
            "title": rule.title,
            "version": rule.version,
            "severity": rule.severity.label,
            "fields": sorted(set(_fields(rule.expression))),
            "field_uses": [dataclasses.asdict(use) for use in uses_of(rule)],
            "log_source_types": sorted(kind.name for kind in plan.types),
            "literals": None if plan.required.literals is None else sorted(plan.required.literals),
            "always_evaluated": _why_always(plan),
            "notes": [note.text for note in rulebook.notes if note.rule_id == rule.id],
            "tests": sum(test.rule_id == rule.id for test in rulebook.tests),
            "lints": [lint_row(lint) for lint in lints if lint.rule_id == rule.id],
            "errors": [],
        }


def _why_always(plan: Plan) -> str | None:
    """Why the rule is evaluated on every event of its log sources; None if literals find its
    events.
    """
    return plan.required.because if plan.required.anything else None


def _unevaluated(notes: Sequence[Note], lints: Sequence[Lint]) -> Iterator[dict[str, Any]]:
    """The documents that are understood but have no effect."""
    for note in notes:
        yield {
            "id": note.rule_id,
            "file": note.file,
            "status": NOT_EVALUATED,
            "notes": [note.text],
            "lints": [
                lint_row(lint)
                for lint in lints
                if (lint.rule_id, lint.file, lint.message) == (note.rule_id, note.file, note.text)
            ],
            "errors": [],
        }


def _refused(errors: Sequence[RuleError]) -> Iterator[dict[str, Any]]:
    """One row for each refused file: its errors, each with its place and text."""
    files: dict[str, list[RuleError]] = {}
    for error in errors:
        files.setdefault(error.path, []).append(error)
    for file, found in files.items():
        yield {
            "id": None,
            "file": file,
            "status": "refused",
            "errors": [
                {
                    "code": error.code,
                    "line": error.line,
                    "column": error.column,
                    "message": error.message,
                    "hint": error.hint,
                    "text": str(error),
                }
                for error in found
            ],
        }


def _fields(node: Any) -> Iterator[str]:
    """The names of the properties in an expression, as the rule writes them."""
    if isinstance(node, Field):
        yield node.written
    elif isinstance(node, tuple):
        for item in node:
            yield from _fields(item)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        for part in dataclasses.fields(node):
            yield from _fields(getattr(node, part.name))
