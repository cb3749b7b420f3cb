"""``matcher explain``: how a rule decides an event, condition by condition."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from matcher.cli.alert_table import wide_console
from matcher.cli.check import Format
from matcher.cli.inputs import find_files
from matcher.cli.options import ConfigFile, Profile, Rules, Sets, configuration, counted
from matcher.cli.reading import read_portions
from matcher.cli.verdict_tree import verdict_row, verdict_tree
from matcher.config import Settings
from matcher.engine.compiler import predicate
from matcher.engine.gate import possible_types
from matcher.engine.rule import Rule
from matcher.engine.verdict import judge
from matcher.errors import UsageError
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.events.schema import Event
from matcher.languages.nearest import nearest
from matcher.rulebook import Rulebook
from matcher.rulebook.loading import SUFFIXES
from matcher.service.wiring import load_catalogue, load_rulebook


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of an event, in the terms of an alert's origin."""

    file: str
    line: int
    index: int


@dataclass(slots=True)
class _Asked:
    """The events that are to be explained, and how many there were."""

    line: int | None
    index: int | None
    matching: bool
    seen: int = 0
    shown: int = 0

    def names(self, place: _Place) -> bool:
        """Whether the event at that place is to be explained."""
        return self.line in (None, place.line) and self.index in (None, place.index)


def explain(
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, or its file.")],
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="A file of events, or - for standard input.")
    ],
    line: Annotated[
        int | None, typer.Option(help="Only the record in this line, from 1, as an alert names it.")
    ] = None,
    index: Annotated[
        int | None, typer.Option(help="Only this event of a record, from 0, as an alert names it.")
    ] = None,
    matching: Annotated[
        bool, typer.Option("--matching", help="Only events that the rule matches.")
    ] = False,
    output: Annotated[
        Format, typer.Option("--format", help="A tree for a person, or one JSON object.")
    ] = Format.TABLE,
    rules: Rules = None,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Show which conditions of a rule hold for an event, which do not, and the values they saw."""
    is_file = rule.endswith(SUFFIXES) or Path(rule).is_file()
    named = {
        "rules.paths": ("RULE", [rule]) if is_file else ("--rules", rules),
        "catalogue.profile": ("--profile", profile),
    }
    settings = configuration(config, sets, named).settings
    catalogue = load_catalogue(settings)
    found = _rule(settings, catalogue, None if is_file else rule)
    asked = _Asked(line, index, matching)
    rows = _rows(found, asked, event, catalogue)
    if output is Format.JSON:
        document = {"rule": found.id, "events": list(rows)}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        console = wide_console()
        for row in rows:
            _show(console, found, row)
        if matching:
            told = f"{found.id} matches {asked.shown} of {counted(asked.seen, 'event')}"
            console.print(Text(told))


def _rule(settings: Settings, catalogue: Catalogue, name: str | None) -> Rule:
    """The rule with that id, or the only rule.

    Raises UsageError; RuleErrors if the wanted rule may be among the refused.
    """
    rulebook = load_rulebook(settings, catalogue)
    for rule in rulebook.rules:
        if rule.id == name:
            return rule
    rulebook.raise_errors()
    if name is None:
        return _only(rulebook)
    if Path(name).is_dir():
        raise UsageError(f"{name} is a directory: name a rule's id, with --rules {name}")
    guess = nearest(name, [rule.id for rule in rulebook.rules])
    raise UsageError(f"there is no rule '{name}'" + (f"; did you mean {guess}?" if guess else ""))


def _only(rulebook: Rulebook) -> Rule:
    """The only rule of a file. Raises UsageError if there are several."""
    file, rules = rulebook.files[0], rulebook.rules
    if len(rules) == 1:
        return rules[0]
    if not rules:
        raise UsageError(f"{file} holds no rule that runs")
    ids = "".join(f"\n  {rule.id}  {rule.title}" for rule in rules)
    raise UsageError(f"{file} holds {len(rules)} rules: name one, with --rules {file}{ids}")


def _events(path: str, catalogue: Catalogue) -> Iterator[tuple[_Place, Event | Reject]]:
    """Every event and every reject of the file. The start time of an event is its own time."""
    for file in find_files([path]).paths:
        for portion in read_portions(file):
            for unit in portion.rejects:
                yield _Place(file, unit.record.offset, 0), unit.reject
            for record in portion.batch.records:
                unwrapped = unwrap(record.value)
                for reject in unwrapped.rejects:
                    yield _Place(file, record.offset, reject.index), reject
                for raw in unwrapped.events:
                    yield (
                        _Place(file, record.offset, raw.index),
                        normalize(raw, None, catalogue),
                    )


def _rows(rule: Rule, asked: _Asked, path: str, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """The rows to show, one event after the other. Raises UsageError if there is no event at the
    place.
    """
    matches = predicate(rule.expression)
    for place, item in _events(path, catalogue):
        if not asked.names(place):
            continue
        asked.seen += 1
        if asked.matching and (isinstance(item, Reject) or not matches(item)):
            continue
        asked.shown += 1
        yield _row(rule, place, item, catalogue)
    if not asked.seen:
        raise UsageError(f"{path}: there is no such event in it")


def _row(rule: Rule, place: _Place, item: Event | Reject, catalogue: Catalogue) -> dict[str, Any]:
    row: dict[str, Any] = {"file": place.file, "line": place.line, "index": place.index}
    if isinstance(item, Reject):
        return row | {"rejected": item.detail, "matches": False}
    verdict = judge(rule.expression, item)
    types = possible_types(rule.expression, catalogue.log_source_types)
    return row | {
        "matches": verdict.holds,
        "event": item.qidname,
        "log_source_type": item.log_source_type.name,
        "log_source_type_possible": item.log_source_type in types,
        "verdict": verdict_row(verdict, item),
    }


def _show(console: Console, rule: Rule, row: dict[str, Any]) -> None:
    place = f"{row['file']}, line {row['line']}, index {row['index']}"
    if "rejected" in row:
        console.print(Text(f"{place}: no event: {row['rejected']}"))
        return
    says = ("matches", "bold green") if row["matches"] else ("does not match", "bold red")
    console.print(Text.assemble((rule.id, "bold"), " ", says, f" {place}"))
    of = f"  {row['event']}, {row['log_source_type']}"
    if not row["log_source_type_possible"]:
        of += ": the rule can match no event of this log source type"
    console.print(Text(of))
    for line in verdict_tree(row["verdict"], 1):
        console.print(line)
