"""``matcher scan``: the engine over files."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from matcher.cli.alert_table import AlertTable, by_severity, wide_console
from matcher.cli.answer import Answer
from matcher.cli.findings import Findings, examine
from matcher.cli.inputs import STDIN, InputFiles, find_files
from matcher.cli.options import (
    ConfigFile,
    Dialect,
    Profile,
    QueryDialect,
    Rules,
    Sets,
    Workers,
    configuration,
    counted,
    warn,
)
from matcher.cli.parts import cut_into_parts
from matcher.cli.progress import progress
from matcher.cli.queries import read_query
from matcher.cli.reading import read_portions
from matcher.cli.rows import write_csv, write_json_lines, write_table
from matcher.cli.scanners import Result, Scanners
from matcher.config import Settings, parse_time
from matcher.errors import EXIT_ALERTS_FOUND, RuleError, RuleErrors, UsageError
from matcher.languages.aql import DialectName, compile_query
from matcher.pipeline.outcome import Counts
from matcher.pipeline.process import Pipeline
from matcher.rulebook.lints import lint_query
from matcher.service.collector import calm_collector
from matcher.service.wiring import build_pipeline, load_catalogue, load_policy


class Output(StrEnum):
    """How alerts, or the rows of an answer, are written to standard output."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


def scan(
    *,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files, directories, globs, or - (stdin).")
    ],
    query: Annotated[
        str | None,
        typer.Option(metavar="TEXT|@FILE|-", help="Answers one AQL query instead of the rules."),
    ] = None,
    dialect: QueryDialect = Dialect.COMPAT,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the query is asked, in ISO 8601; else now."),
    ] = None,
    output: Annotated[
        Output, typer.Option(help="A table, JSON lines, or (of a query) CSV.")
    ] = Output.TABLE,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Writes what could not be processed, as JSON lines."),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes the counts, as one JSON object.")
    ] = None,
    fail_on_alert: Annotated[
        bool, typer.Option("--fail-on-alert", help="Exit code 1 where there are alerts.")
    ] = False,
    workers: Workers = None,
    rules: Rules = None,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Match the events in files: .json, .jsonl, .ndjson, each also as .gz.

    With several workers the output is the same, in the same order. They share files, and parts of
    a file of JSON lines that is not compressed.
    """
    named = {
        "rules.paths": ("--rules", rules),
        "catalogue.profile": ("--profile", profile),
        "service.workers": ("--workers", workers),
    }
    settings = configuration(config, sets, named).settings
    if query is not None:
        if rejects is not None or summary is not None or workers is not None:
            raise UsageError(
                "--rejects, --summary and --workers belong to a scan with rules, not to --query"
            )
        rows = answer(settings, query, dialect=dialect.value, now=now, paths=paths, output=output)
        if fail_on_alert and rows:
            raise typer.Exit(EXIT_ALERTS_FOUND)
        return
    if output is Output.CSV or now is not None:
        raise UsageError("--output csv and --now belong to --query")
    files = find_files(paths)
    calm_collector()
    pipeline = build_pipeline(settings, warn)
    with ExitStack() as open_files:
        write = _alert_writer(output, files, open_files)
        at_end = output is Output.TABLE and STDIN not in files.paths
        result = _Scan(write, _reject_file(rejects, open_files))
        found = open_files.enter_context(_findings(pipeline, files, settings.service.workers))
        with progress(files, rows_at_end=at_end) as advance:
            for path, one in found:
                result.add(path, one)
                if isinstance(one, Findings):
                    advance(path, one.position)
    if summary is not None:
        _write(summary, json.dumps(result.summary(), indent=2) + "\n")
    result.tell(Console(stderr=True), files)
    if result.unreadable:
        raise UsageError("\n".join(result.unreadable))
    if fail_on_alert and result.alerts:
        raise typer.Exit(EXIT_ALERTS_FOUND)


def answer(
    settings: Settings,
    argument: str,
    *,
    dialect: DialectName,
    now: str | None,
    paths: list[str],
    output: Output,
) -> int:
    """Write the answer of a query; returns its number of rows."""
    if "-" in paths and argument == "-":
        raise UsageError("standard input holds either the query or the events")
    catalogue, text = load_catalogue(settings), read_query(argument)
    moment = _moment(now)
    try:
        query = compile_query(
            text.text, catalogue, dialect=dialect, policy=load_policy(settings), now=moment
        )
    except RuleErrors as several:
        raise RuleErrors([error.located(path=text.file) for error in several.errors]) from None
    except RuleError as error:
        raise error.located(path=text.file) from None
    console = Console(stderr=True)
    for note in query.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    for lint in lint_query(query, text.text, catalogue, now=moment):
        if not lint.code.startswith("strict-"):  # strict lints concern a QRadar, not files
            console.print(Text(f"warning: {lint.code}: {lint.said}"), soft_wrap=True)
    found = Answer(query, catalogue, moment)
    files = find_files(paths)
    _WRITERS[output]([column.alias for column in found.columns], found.read(files))
    console.print(
        f"{counted(len(files.paths), 'file')}, {counted(found.events, 'event')}: "
        f"{counted(found.rows, 'row')}, "
        f"{found.rejected} rejected",
        highlight=False,
        soft_wrap=True,
    )
    if found.unreadable:
        raise UsageError("\n".join(found.unreadable))
    return found.rows


_BLOCK = 50_000
"""So many alerts of files are put into the order of time: memory stays bounded."""

_WRITERS = {
    Output.TABLE: write_table,
    Output.CSV: write_csv,
    Output.JSONL: write_json_lines,
}


def _moment(now: str | None) -> int:
    if now is None:
        return int(time.time() * 1000)
    try:
        return parse_time(now)
    except ValueError:
        raise UsageError(f"--now {now}: give an ISO 8601 time such as 2026-01-31T08:00Z") from None


@contextmanager
def _findings(
    pipeline: Pipeline, files: InputFiles, workers: int
) -> Iterator[Iterator[tuple[str, Result]]]:
    """What is found in the files, in order, by this number of processes; with one worker, this
    process does the work.
    """
    if workers == 1:
        yield _found_here(pipeline, files)
        return
    with Scanners(pipeline, workers) as scanners:
        found = scanners.examine(cut_into_parts(files.paths))
        yield ((part.path, result) for part, result in found)


def _found_here(pipeline: Pipeline, files: InputFiles) -> Iterator[tuple[str, Result]]:
    for path in files.paths:
        try:
            for found in examine(pipeline, path, read_portions(path)):
                yield path, found
        except UsageError as error:
            yield path, error


class _Scan:
    """One scan, and what it has counted so far."""

    def __init__(self, write_alert: Any, rejects: IO[str] | None) -> None:
        self._write_alert = write_alert
        self._rejects = rejects
        self._broken: set[str] = set()
        self.counts = Counts()
        self.alerts = 0
        self.unreadable: list[str] = []

    def add(self, path: str, found: Result) -> None:
        """Count and write what was found. What lies behind the place where a file broke is left
        out.
        """
        if path in self._broken:
            return
        if isinstance(found, UsageError):
            self._broken.add(path)
            self.unreadable.append(str(found))
            return
        self.counts.add(found.counts)
        self.alerts += len(found.alerts)
        for body in found.alerts:
            self._write_alert(body)
        if self._rejects is not None:
            self._rejects.writelines(json.dumps(row) + "\n" for row in found.rejects)

    def summary(self) -> dict[str, Any]:
        """The counts under the names of the summary file; zeros are left out of the
        counts by name.
        """
        counts = self.counts
        by_rule: dict[str, int] = {}
        for (rule, _severity), number in counts.matches.items():
            by_rule[rule] = by_rule.get(rule, 0) + number
        return {
            "records": counts.records,
            "events": counts.events.total(),
            "matched": counts.matched.total(),
            "alerts": self.alerts,
            "events_by_log_source": dict(sorted(counts.events.items())),
            "alerts_by_rule": dict(sorted(by_rule.items())),
            "rejects": {name: n for name, n in sorted(counts.rejects.items()) if n},
            "skipped": dict(sorted(counts.skipped.items())),
        }

    def _parts(self) -> str:
        """How many alerts there are of each severity, where there are several."""
        severities: Counter[str] = Counter()
        for (_rule, severity), number in self.counts.matches.items():
            severities[severity] += number
        parts = ", ".join(f"{severities[name]} {name}" for name in by_severity(severities))
        return f" ({parts})" if self.alerts > 1 else ""

    def tell(self, console: Console, files: InputFiles) -> None:
        """Write one line for a person to stderr."""
        counts = self.counts
        console.print(
            f"{counted(len(files.paths), 'file')}, {counted(counts.records, 'record')}, "
            f"{counted(counts.events.total(), 'event')}: "
            f"{counts.matched.total()} matched, {counted(self.alerts, 'alert')}{self._parts()}, "
            f"{counts.rejects.total()} rejected, {counts.skipped.total()} skipped",
            highlight=False,
            soft_wrap=True,
        )
        if files.passed_over:
            console.print(
                f"not read, for its suffix: {counted(len(files.passed_over), 'file')} in the "
                f"directories, {files.passed_over[0]} for one",
                highlight=False,
                soft_wrap=True,
            )


def _alert_writer(output: Output, files: InputFiles, stack: ExitStack) -> Any:
    """What an alert's body is given to. Of files a table is in the order of time; what comes from
    standard input is shown as it comes, and JSON lines stand in the order of the input.
    """
    if output is Output.TABLE:
        table = AlertTable(wide_console(), 1 if STDIN in files.paths else _BLOCK)
        stack.callback(table.flush)
        return table.add

    def write(body: bytes) -> None:
        sys.stdout.buffer.write(body + b"\n")

    return write


def _reject_file(path: Path | None, stack: ExitStack) -> IO[str] | None:
    if path is None:
        return None
    try:
        return stack.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
