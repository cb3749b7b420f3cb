"""What ``matcher check`` shows to a person."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from matcher.cli.options import counted
from matcher.languages.sigma import How

NOT_EVALUATED = "not evaluated"
_SHOWN_LITERALS = 6
_NO_LOG_SOURCE = "none: it can never match"


def show_rows(console: Console, rows: Sequence[dict[str, Any]], *, details: bool) -> None:
    """Show every rule on a line, and each of its warnings on another (:func:`print_line`).

    With ``details`` everything that is known of a rule is shown. Refused rules are always shown
    whole.
    """
    accepted, idle, refused = (
        [row for row in rows if row["status"] == status]
        for status in ("ok", NOT_EVALUATED, "refused")
    )
    for row in sorted(accepted, key=_has_lints):
        head = Text.assemble(("ok ", "bold green"), (row["id"], "bold"), f"  {row['title']}")
        print_line(console, head, whole=details)
        if details:
            _show_details(console, row)
            continue
        for name, value in _in_short(row):
            print_line(console, Text.assemble("   ", (name, "yellow"), f": {value}"))
    for row in idle:
        named = Text.assemble((f"{NOT_EVALUATED} ", "bold yellow"), (row["id"], "bold"))
        console.print(Text.assemble(named, f"  {row['file']}"), soft_wrap=True)
        print_line(console, Text(f"   {'; '.join(row['notes'])}"), whole=details)
    for row in refused:
        console.print(Text.assemble(("refused ", "bold red"), row["file"]), soft_wrap=True)
        for error in row["errors"]:
            console.print(Text(error["text"]), soft_wrap=True)
    told = " (docs/lints.md)" if details else " (docs/lints.md; in full with --details)"
    warnings = sum(len(row["lints"]) for row in (*accepted, *idle))
    console.print(
        f"{counted(len(accepted), 'rule')} can run, {counted(len(refused), 'file')} refused; "
        f"{counted(warnings, 'warning')}{told if warnings else ''}"
    )


def print_line(console: Console, line: Text, *, whole: bool = False) -> None:
    """Print one line; on a terminal it is cut to the terminal's width, unless ``whole`` is set."""
    if console.is_terminal and not whole:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def _show_details(console: Console, row: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value in _details(row):
        table.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    console.print(table)


def _in_short(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the reader should look at: that the rule never matches or costs more, and
    its warnings.
    """
    if row["lints"]:
        yield "file", row["file"]
    if not row["log_source_types"]:
        yield "log sources", _NO_LOG_SOURCE
    if row["literals"] is None:
        yield "always evaluated", row["always_evaluated"]
    for lint in row["lints"]:
        yield lint["code"], _said(lint)


def _said(lint: dict[str, Any]) -> str:
    place = f"{lint['line']}:{lint['column']}: " if lint["line"] else ""
    hint = f"; {lint['hint']}" if lint["hint"] else ""
    return f"{place}{lint['message']}{hint}"


def _has_lints(row: dict[str, Any]) -> bool:
    """Whether a rule has warnings. Such rules come last, where the reader looks when
    printing ends.
    """
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


def _details(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    tests = counted(row["tests"], "test")
    yield "language", f"{row['language']}, severity {row['severity']}, {tests} inside"
    yield "file", row["file"]
    if not row["field_uses"]:
        yield "fields", ", ".join(row["fields"])
    for how, uses in groupby(sorted(row["field_uses"], key=_how), key=_how):
        yield how, ", ".join(map(_use, uses))
    yield "log sources", ", ".join(row["log_source_types"]) or _NO_LOG_SOURCE
    if row["literals"] is None:
        yield "always evaluated", row["always_evaluated"]
    elif row["literals"]:
        more = len(row["literals"]) - _SHOWN_LITERALS
        shown = ", ".join(row["literals"][:_SHOWN_LITERALS])
        yield "literals", f"{shown} and {more} more" if more > 0 else shown
    for note in row["notes"]:
        yield "note", note
    for lint in row["lints"]:
        yield lint["code"], _said(lint)
