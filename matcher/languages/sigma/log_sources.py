"""``logsource`` → the events that a rule is about, and where its names lead in them.

The table is data (``log_sources.yml``), with a reason for each alias.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from matcher.events.catalogue import SourceKind


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that records do not have: it reads the first of ``reads`` that leads somewhere.

    ``same`` are groups of words, lower-case, that mean one thing; ``why`` says how it is known.
    """

    name: str
    reads: tuple[str, ...]
    same: tuple[frozenset[str], ...]
    why: str


@dataclass(frozen=True, slots=True)
class LogSource:
    """One log source as Sigma names it, and how its events are read (``log_sources.yml``)."""

    product: str
    service: str | None
    kinds: tuple[SourceKind, ...]
    under: tuple[str, ...]
    spelled: bool
    aliases: tuple[Alias, ...]

    @property
    def name(self) -> str:
        """As rules are filed: ``aws/cloudtrail``."""
        return f"{self.product}/{self.service}" if self.service else self.product


@cache
def known_log_sources() -> tuple[LogSource, ...]:
    """Every log source whose events are told apart here."""
    text = files(__package__).joinpath("log_sources.yml").read_text(encoding="utf-8")
    return tuple(map(_log_source, yaml.safe_load(text)))


def log_sources(
    *, product: str | None, service: str | None, category: str | None
) -> tuple[LogSource, ...]:
    """Those that a rule's ``logsource`` takes in: what it leaves out may be anything. None of ours
    is filed by a category.
    """
    if category is not None:
        return ()
    return tuple(
        source
        for source in known_log_sources()
        if product in (None, source.product) and (service is None or service == source.service)
    )


def alias_of(sources: Sequence[LogSource], name: str) -> Alias | None:
    """The alias that a name is in the first of the log sources that has it."""
    for source in sources:
        for alias in source.aliases:
            if alias.name == name:
                return alias
    return None


def _log_source(entry: dict[str, Any]) -> LogSource:
    return LogSource(
        product=entry["product"],
        service=entry.get("service"),
        kinds=tuple(map(SourceKind, entry["kinds"])),
        under=tuple(entry.get("under", ())),
        spelled=entry.get("spelled", False),
        aliases=tuple(map(_alias, entry.get("aliases", ()))),
    )


def _alias(entry: dict[str, Any]) -> Alias:
    return Alias(
        name=entry["name"],
        reads=tuple(entry["reads"]),
        same=tuple(frozenset(word.lower() for word in group) for group in entry.get("same", ())),
        why=entry["why"],
    )
