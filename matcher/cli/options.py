"""What several commands share: options, how they become settings, and words for a person."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from matcher.config import Configuration, load_settings
from matcher.errors import UsageError

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A TOML file of settings."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any setting, such as kafka.session_timeout=6."
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rules", metavar="PATH", help="A rule file or a directory; may be repeated."),
]
Profile = Annotated[
    str | None,
    typer.Option(help="How events are named: default, or qradar-stock."),
]


class Dialect(StrEnum):
    """The dialect of AQL for a query on the command line."""

    COMPAT = "compat"
    STRICT = "strict"


QueryDialect = Annotated[
    Dialect,
    typer.Option(help="compat takes what is written in the wild, strict what IBM documents."),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", help="Processes that share the work: up to one a core."),
]
BootstrapServers = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT,…", help="Some of the cluster's brokers."),
]


def configuration(
    config_file: Path | None,
    sets: list[str] | None,
    named: Mapping[str, tuple[str, Any]],
) -> Configuration:
    """The settings in effect.

    ``named`` are the command's own options: dotted setting → (option, value), where a value of None
    was not given. They override ``--set``. Raises UsageError, ConfigError.
    """
    options: dict[str, tuple[str, Any]] = {}
    for text in sets or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {text}: write it as --set section.name=value")
        options[name.strip()] = ("--set", value)
    given = {name: option for name, option in named.items() if option[1] not in (None, [])}
    return load_settings(config_file, options | given)


def warn(text: str) -> None:
    """Write a warning to stderr."""
    typer.echo(f"warning: {text}", err=True)


def counted(number: int, noun: str) -> str:
    """A number with its noun, which is in the plural unless the number is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
