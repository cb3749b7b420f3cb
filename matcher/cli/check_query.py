"""``matcher check --query``: checks one statement, and shows everything that is wrong with it."""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from matcher.cli.check_report import print_line
from matcher.cli.queries import read_query
from matcher.engine.literals import required_literals
from matcher.errors import RuleError, RuleErrors
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import AqlPolicy, DialectName, Query, compile_query
from matcher.languages.aql.text import aql_text
from matcher.rulebook.lints import Lint, lint_query


def check_query(
    argument: str,
    catalogue: Catalogue,
    policy: AqlPolicy,
    dialect: DialectName,
    *,
    as_json: bool,
    strict_lints: bool = False,
    details: bool = False,
) -> bool:
    """Compile the statement as a query that is asked now, and print what was found.

    With ``details`` warnings are printed whole. Returns whether the statement can be used, and with
    ``strict_lints`` also whether it has no warning. Raises UsageError if its file cannot be read.
    """
    query, errors, lints = _compiled(argument, catalogue, policy, dialect)
    if as_json:
        document = {
            "status": "refused" if query is None else "ok",
            "dialect": dialect,
            "canonical": None if query is None else aql_text(query.expression),
            "notes": [] if query is None else list(query.notes),
            "lints": [lint_row(lint) for lint in lints],
            "diagnostics": diagnostics(errors),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _show(Console(), query, errors, lints, details=details)
    return query is not None and not (strict_lints and lints)


def lint_row(lint: Lint) -> dict[str, Any]:
    """A lint for editors, with code, message, hint, line and column."""
    return {
        "code": lint.code,
        "message": lint.message,
        "hint": lint.hint,
        "line": lint.line,
        "column": lint.column,
    }


def diagnostics(errors: Sequence[RuleError]) -> list[dict[str, Any]]:
    """Errors for editors, with code, message, file, line, column and hint."""
    return [
        {
            "code": error.code,
            "message": error.message,
            "file": error.path or None,
            "line": error.line,
            "column": error.column,
            "hint": error.hint,
        }
        for error in errors
    ]


def _compiled(
    argument: str, catalogue: Catalogue, policy: AqlPolicy, dialect: DialectName
) -> tuple[Query | None, Sequence[RuleError], Sequence[Lint]]:
    file = ""
    try:
        found = read_query(argument, bare_file=True)
        file = found.file
        now = int(time.time() * 1000)
        query = compile_query(found.text, catalogue, dialect=dialect, policy=policy, now=now)
    except RuleErrors as several:
        return None, [error.located(path=file) for error in several.errors], ()
    except RuleError as error:
        return None, [error.located(path=error.path or file)], ()
    return query, (), lint_query(query, found.text, catalogue, now=now)


def _show(
    console: Console,
    query: Query | None,
    errors: Sequence[RuleError],
    lints: Sequence[Lint],
    *,
    details: bool,
) -> None:
    if query is None:
        console.print(Text("refused", style="bold red"))
        for error in errors:
            console.print(Text(str(error)), soft_wrap=True)
        return
    console.print(Text("ok", style="bold green"))
    console.print(Text(f"reads as: {aql_text(query.expression)}"), soft_wrap=True)
    found = required_literals(query.expression)
    if found.literals is None:
        console.print(Text(f"every event is looked at: {found.because}"), soft_wrap=True)
    for note in query.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    for lint in lints:
        print_line(console, Text(f"warning: {lint.code}: {lint.said}"), whole=details)
