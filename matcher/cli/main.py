"""The program's commands, and how it ends: exit codes are listed in ``docs/exit-codes.md``."""

import sys
from collections.abc import Sequence

import typer

from matcher.cli import check, convert, demo, explain, health, replay, rule_tests, run, scan
from matcher.errors import MatcherError

app = typer.Typer(
    name="matcher",
    help="Runs detection rules over cloud audit events: from Kafka, or from files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("scan")(scan.scan)
app.command("check")(check.check)
app.command("test")(rule_tests.run_rule_tests)
app.command("explain")(explain.explain)
app.command("convert")(convert.convert)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("health")(health.health)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. What went wrong is one message on stderr.

    A fault of the program itself is a traceback, with exit code 1 of the interpreter.
    """
    try:
        app(args=arguments, prog_name="matcher")
    except MatcherError as error:
        sys.stderr.write(f"matcher: {error}\n")
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
