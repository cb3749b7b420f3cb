"""The program's commands, and how it ends: ``docs/exit-codes.md`` lists the exit codes."""

import inspect
import sys
from collections import UserDict
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer

from matcher.errors import MatcherError

_PLACES = {
    "run": "matcher.cli.run:run",
    "scan": "matcher.cli.scan:scan",
    "check": "matcher.cli.check:check",
    "test": "matcher.cli.rule_tests:run_rule_tests",
    "explain": "matcher.cli.explain:explain",
    "convert": "matcher.cli.convert:convert",
    "replay": "matcher.cli.replay:replay",
    "demo": "matcher.cli.demo:demo",
    "offsets": "matcher.cli.offsets:offsets",
    "health": "matcher.cli.health:health",
}


_HELP = "Runs detection rules over cloud audit events: from Kafka, or from files."


class _Commands(UserDict[str, Any]):
    """The commands by name, each imported only when it is run.

    A scan needs neither the Kafka client nor the HTTP server, which take as long to import as
    everything else together.
    """

    def __getitem__(self, name: str) -> Any:
        module, function = super().__getitem__(name).split(":")
        found = getattr(import_module(module), function)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        only = _typer()
        only.command(name, help=_paragraphs(found.__doc__))(found)
        return typer.main.get_command(only)


def _paragraphs(text: str) -> str:
    """A docstring with each paragraph on one line, which is then wrapped to the
    terminal's width.
    """
    return "\n\n".join(part.replace("\n", " ") for part in inspect.cleandoc(text).split("\n\n"))


def _typer() -> typer.Typer:
    return typer.Typer(
        name="matcher",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"matcher {version('matcher')}\n")
        raise typer.Exit


def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The options of the program itself."""


def _program() -> typer.core.TyperGroup:
    program = _typer()
    program.callback(help=_HELP)(_options)
    group = typer.main.get_group(program)
    group.commands = _Commands(_PLACES)
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code.

    An error is shown as one message on stderr. A bug in the program is shown as a traceback, and
    ends with the interpreter's exit code 1.
    """
    try:
        _program()(args=arguments, prog_name="matcher")
    except MatcherError as error:
        sys.stderr.write(f"matcher: {error}\n")
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
