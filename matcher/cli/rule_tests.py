"""``matcher test``: runs the tests that stand inside rule files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import typer
from rich.console import Console
from rich.text import Text

from matcher.cli.alert_table import wide_console
from matcher.cli.options import ConfigFile, Profile, Sets, configuration, counted
from matcher.cli.verdict_tree import verdict_row, verdict_tree
from matcher.engine.verdict import judge
from matcher.errors import EXIT_RULES, UsageError
from matcher.rulebook import Rulebook, TestResult, run_tests
from matcher.rulebook.lints import missing_tests
from matcher.service.wiring import load_catalogue, load_rulebook

_SHOWN_EVENTS = 3
_DEPTH = 3
"""How far the tree of conditions is indented below its test."""


def run_rule_tests(
    *,
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULES]…", help="Rule files or directories; else the settings'."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes the results as JUnit XML.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Shows the tests that fail, and the count, alone.")
    ] = False,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Run the tests inside rule files; one that fails shows what each condition of its rule saw.
    Exit code 11 where one fails or a rule is refused.
    """
    named = {"rules.paths": ("RULES", rules), "catalogue.profile": ("--profile", profile)}
    settings = configuration(config, sets, named).settings
    catalogue = load_catalogue(settings)
    rulebook = load_rulebook(settings, catalogue)
    rulebook.raise_errors()
    results = run_tests(rulebook, catalogue)
    if junit is not None:
        _write_junit(junit, results)
    failed = _show(wide_console(), results, quiet=quiet)
    if not quiet:
        _tell_lacking(Console(stderr=True), rulebook)
    if failed:
        raise typer.Exit(EXIT_RULES)


def _tell_lacking(console: Console, rulebook: Rulebook) -> None:
    """Write a line for each rule that lacks a test of either kind. For Sigma rules without any
    test, which are usually others' rules, only their number is written.
    """
    untested = 0
    for rule in rulebook.rules:
        tests = [test for test in rulebook.tests if test.rule_id == rule.id]
        if rule.language == "sigma" and not tests:
            untested += 1
        elif lacking := missing_tests(tests):
            text = f"rule {rule.id} lacks {lacking}"
            console.print(text, highlight=False, soft_wrap=True)
    if untested:
        text = f"{counted(untested, 'Sigma rule')} without tests inside"
        console.print(text, highlight=False, soft_wrap=True)


def _show(console: Console, results: Sequence[TestResult], *, quiet: bool) -> int:
    """Print every test, or only those that failed; returns the number of failed tests."""
    for result in results:
        if result.passed and quiet:
            continue
        state = ("ok   ", "green") if result.passed else ("FAIL ", "bold red")
        console.print(Text.assemble(state, f"{result.test.rule_id}: {result.test.name}"))
        if not result.passed:
            console.print(Text(f"     {result.test.file}:{result.test.line}: {result.detail}"))
            _explain(console, result)
    failed = sum(not result.passed for result in results)
    console.print(f"{counted(len(results), 'test')}, {failed} failed", highlight=False)
    return failed


def _explain(console: Console, result: TestResult) -> None:
    """Show how the rule decided the events of a failed test, condition by condition."""
    for event in result.decided[:_SHOWN_EVENTS]:
        console.print(Text(f"     {event.qidname}, {event.log_source_type.name}:", style="dim"))
        verdict = judge(result.rule.expression, event)
        for line in verdict_tree(verdict_row(verdict, event), _DEPTH):
            console.print(line)
    more = len(result.decided) - _SHOWN_EVENTS
    if more > 0:
        console.print(Text(f"     and {counted(more, 'more event')}", style="dim"))


def _write_junit(path: Path, results: Sequence[TestResult]) -> None:
    failures = sum(not result.passed for result in results)
    suite = ET.Element("testsuite", name="rules", tests=str(len(results)), failures=str(failures))
    for result in results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=result.test.rule_id,
            name=result.test.name,
            file=result.test.file,
            line=str(result.test.line),
        )
        if not result.passed:
            ET.SubElement(case, "failure", message=result.detail)
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
