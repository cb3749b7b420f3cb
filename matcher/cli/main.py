"""The program's commands, and how it ends: exit codes are listed in ``docs/exit-codes.md``."""

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
    """Of each command the place; who asks for one gets the command itself, imported then: a scan
    needs no Kafka client and no server, and they take as long to import as all the rest.
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
    """A docstring with each paragraph on one line: the terminal's width decides where it breaks."""
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
    """The options beside a command."""


def _program() -> typer.core.TyperGroup:
    program = _typer()
    program.callback(help=_HELP)(_options)
    group = typer.main.get_group(program)
    group.commands = _Commands(_PLACES)
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. What went wrong is one message on stderr.

    A fault of the program itself is a traceback, with exit code 1 of the interpreter.
    """
    try:
        _program()(args=arguments, prog_name="matcher")
    except MatcherError as error:
        sys.stderr.write(f"matcher: {error}\n")
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
