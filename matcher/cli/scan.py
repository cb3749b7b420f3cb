"""``matcher scan``: the engine over files."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from matcher.cli.alert_table import AlertTable, wide_console
from matcher.cli.inputs import STDIN, InputFiles, find_files
from matcher.cli.options import ConfigFile, Profile, Rules, Sets, configuration
from matcher.cli.reading import Portion, read_portions
from matcher.errors import EXIT_ALERTS_FOUND, UsageError
from matcher.events.record import RejectReason
from matcher.pipeline.outcome import Counts, Outcome, RejectedUnit
from matcher.pipeline.process import Pipeline
from matcher.service.wiring import build_pipeline


class Output(StrEnum):
    """How alerts are written to standard output."""

    TABLE = "table"
    JSONL = "jsonl"


def scan(
    *,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files, directories, globs, or - (stdin).")
    ],
    output: Annotated[Output, typer.Option(help="A table, or alert bodies one a line.")] = (
        Output.TABLE
    ),
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
    rules: Rules = None,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Match the events in files: .json, .jsonl, .ndjson, each also as .gz."""
    named = {"rules.paths": ("--rules", rules), "catalogue.profile": ("--profile", profile)}
    settings = configuration(config, sets, named).settings
    files = find_files(paths)
    pipeline = build_pipeline(settings)
    with ExitStack() as open_files:
        result = _Scan(pipeline, _alert_writer(output), _reject_file(rejects, open_files))
        result.run(files)
    if summary is not None:
        _write(summary, json.dumps(result.summary(), indent=2) + "\n")
    result.tell(Console(stderr=True), files)
    if result.unreadable:
        raise UsageError("\n".join(result.unreadable))
    if fail_on_alert and result.alerts:
        raise typer.Exit(EXIT_ALERTS_FOUND)


class _Scan:
    """One scan: what it has counted so far."""

    def __init__(self, pipeline: Pipeline, write_alert: Any, rejects: IO[str] | None) -> None:
        self._pipeline = pipeline
        self._write_alert = write_alert
        self._rejects = rejects
        self.counts = Counts()
        self.alerts = 0
        self.unreadable: list[str] = []

    def run(self, files: InputFiles) -> None:
        with _progress(files) as advance:
            for path in files.paths:
                try:
                    for portion in read_portions(path):
                        self._portion(path, portion)
                        advance(path, portion.position)
                except UsageError as error:
                    self.unreadable.append(str(error))

    def _portion(self, path: str, portion: Portion) -> None:
        last = len(portion.batch.records) - 1
        for unit in portion.rejects:
            self._reject(path, unit)
            self.counts.rejects[str(unit.reject.reason)] += 1
        cut = portion.batch.records[last].offset if portion.cut and last >= 0 else None
        for part in self._pipeline.parts(portion.batch):
            self._outcome(path, part, cut)

    def _outcome(self, path: str, part: Outcome, cut: int | None) -> None:
        for unit in part.rejects:
            if unit.record.offset == cut and unit.reject.reason is RejectReason.TRUNCATED:
                # the file is what is cut, and its reject has said so
                part.counts.rejects[str(unit.reject.reason)] -= 1
                continue
            self._reject(path, unit)
        self.counts.add(part.counts)
        self.alerts += len(part.alerts)
        for alert in part.alerts:
            self._write_alert(alert.body)

    def _reject(self, path: str, unit: RejectedUnit) -> None:
        if self._rejects is None:
            return
        row = {
            "reason": str(unit.reject.reason),
            "file": path,
            "line": unit.record.offset,
            "index": unit.reject.index,
            "offset": unit.reject.offset,
            "detail": unit.reject.detail,
        }
        self._rejects.write(json.dumps(row) + "\n")

    def summary(self) -> dict[str, Any]:
        """The counts under the names of the summary file; zeros are left out of the parts."""
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

    def tell(self, console: Console, files: InputFiles) -> None:
        """One line for a person, on stderr."""
        counts = self.counts
        console.print(
            f"{len(files.paths)} files, {counts.records} records, {counts.events.total()} events: "
            f"{counts.matched.total()} matched, {self.alerts} alerts, "
            f"{counts.rejects.total()} rejected, {counts.skipped.total()} skipped",
            highlight=False,
            soft_wrap=True,
        )
        if files.passed_over:
            console.print(
                f"{len(files.passed_over)} files in the directories have other suffixes and were "
                f"not read, {files.passed_over[0]} for one",
                highlight=False,
                soft_wrap=True,
            )


def _alert_writer(output: Output) -> Any:
    if output is Output.TABLE:
        return AlertTable(wide_console()).add

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


def _size(path: str) -> int:
    """In bytes, 0 where that is not known."""
    try:
        return 0 if path == STDIN else Path(path).stat().st_size
    except OSError:
        return 0


@contextmanager
def _progress(files: InputFiles) -> Iterator[Any]:
    """A bar over the bytes of all files, where stderr is a terminal."""
    sizes = {path: _size(path) for path in files.paths}
    console = Console(stderr=True)
    columns = (TextColumn("scanning"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("scan", total=None if STDIN in sizes else sum(sizes.values()))
        before = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))

        def advance(path: str, position: int) -> None:
            bar.update(task, completed=before[path] + position)

        yield advance
