"""``matcher check``: compiles every rule, and says how each will be found."""

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from matcher.cli.alert_table import wide_console
from matcher.cli.check_query import check_query, diagnostics, lint_row
from matcher.cli.options import (
    ConfigFile,
    Dialect,
    Profile,
    QueryDialect,
    Sets,
    configuration,
    counted,
)
from matcher.engine.expression import Field
from matcher.engine.ruleset import Plan, RuleSet
from matcher.errors import EXIT_RULES, RuleError
from matcher.languages.sigma import How
from matcher.rulebook import Note, Rulebook
from matcher.rulebook.lints import Lint, lint_rules
from matcher.rulebook.lints.field_uses import uses_of
from matcher.service.wiring import load_catalogue, load_policy, load_rulebook

_SHOWN_LITERALS = 6
_NOT_EVALUATED = "not evaluated"


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
        _show(wide_console(), rows)
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
    """Why the rule looks at every event of its log sources; None where literals find it."""
    return plan.required.because if plan.required.anything else None


def _unevaluated(notes: Sequence[Note], lints: Sequence[Lint]) -> Iterator[dict[str, Any]]:
    """Documents that are understood and do nothing."""
    for note in notes:
        yield {
            "id": note.rule_id,
            "file": note.file,
            "status": _NOT_EVALUATED,
            "notes": [note.text],
            "lints": [
                lint_row(lint)
                for lint in lints
                if (lint.rule_id, lint.file, lint.message) == (note.rule_id, note.file, note.text)
            ],
            "errors": [],
        }


def _refused(errors: Sequence[RuleError]) -> Iterator[dict[str, Any]]:
    """One row a file: its errors, each with its place and its text."""
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


def _show(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    accepted, idle, refused = (
        [row for row in rows if row["status"] == status]
        for status in ("ok", _NOT_EVALUATED, "refused")
    )
    for row in sorted(accepted, key=_has_lints):
        table = Table(box=None, show_header=False, padding=(0, 1))
        for name, value in _lines(row):
            table.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
        head = Text.assemble(("ok ", "bold green"), (row["id"], "bold"), f"  {row['title']}")
        console.print(head, soft_wrap=True)
        console.print(table)
    for row in idle:
        named = Text.assemble((f"{_NOT_EVALUATED} ", "bold yellow"), (row["id"], "bold"))
        console.print(Text.assemble(named, f"  {row['file']}"), soft_wrap=True)
        console.print(Text(f"  {'; '.join(row['notes'])}"), soft_wrap=True)
    for row in refused:
        console.print(Text.assemble(("refused ", "bold red"), row["file"]), soft_wrap=True)
        for error in row["errors"]:
            console.print(Text(error["text"]), soft_wrap=True)
    warnings = sum(len(row["lints"]) for row in (*accepted, *idle))
    console.print(
        f"{counted(len(accepted), 'rule')} can run, {counted(len(refused), 'file')} refused; "
        f"{counted(warnings, 'warning')}{' (docs/lints.md)' if warnings else ''}"
    )


def _has_lints(row: dict[str, Any]) -> bool:
    """Rules with warnings stand behind the others, where the eye is when all is printed."""
    return bool(row["lints"])


def _how(use: dict[str, str]) -> str:
    return use["how"]


def _use(use: dict[str, str]) -> str:
    match use["how"]:
        case How.ALIAS:
            return f"{use['field']} as {use['path']}"
        case How.BY_SERVICE:
            return f"{use['field']} (below {use['path']}: depends on the service)"
        case How.NEVER_SEEN if use["nearest"]:
            return f"{use['field']} (the nearest is {use['nearest']})"
        case _:
            return use["field"]


def _lines(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    tests = counted(row["tests"], "test")
    yield "language", f"{row['language']}, severity {row['severity']}, {tests} inside"
    yield "file", row["file"]
    if not row["field_uses"]:
        yield "fields", ", ".join(row["fields"])
    for how, uses in groupby(sorted(row["field_uses"], key=_how), key=_how):
        yield how, ", ".join(map(_use, uses))
    yield "log sources", ", ".join(row["log_source_types"]) or "none: it can never match"
    if row["literals"] is None:
        yield "always evaluated", row["always_evaluated"]
    elif row["literals"]:
        more = len(row["literals"]) - _SHOWN_LITERALS
        shown = ", ".join(row["literals"][:_SHOWN_LITERALS])
        yield "literals", f"{shown} and {more} more" if more > 0 else shown
    for note in row["notes"]:
        yield "note", note
    for lint in row["lints"]:
        place = f"{lint['line']}:{lint['column']}: " if lint["line"] else ""
        hint = f"; {lint['hint']}" if lint["hint"] else ""
        yield lint["code"], f"{place}{lint['message']}{hint}"
