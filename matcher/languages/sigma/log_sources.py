"""``logsource`` → the events that a rule is about, and where the rule's names are read in them.

The tables are data, with a reason for each alias: ``sigma.yml`` in the folder of each log source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import yaml

from matcher.events.sources import BY_KIND, SourceKind
from matcher.languages.sigma.paths import Path


@dataclass(frozen=True, slots=True)
class Alias:
    """Other places to read a name that records lack, or that some producers use for something else.

    After the name itself, the first of ``reads`` that leads to a value is read; with ``every``, all
    of them are. Each group in ``same`` holds words of the same meaning. With ``empty_list`` an
    empty list also reads as the text ``[]``. ``why`` gives the source of the entry.
    """

    names: tuple[str, ...]
    reads: tuple[Path, ...]
    why: str
    every: bool = False
    same: tuple[frozenset[str], ...] = ()
    empty_list: bool = False


@dataclass(frozen=True, slots=True)
class SigmaLogSource:
    """A ``logsource`` of Sigma: which events it means, and how their fields are read
    (``sigma.yml``).
    """

    product: str
    service: str | None
    kinds: tuple[SourceKind, ...]
    means: str
    under: tuple[str, ...]
    flat: bool
    spelled: bool
    open: tuple[str, ...]
    aliases: tuple[Alias, ...]
    prefixes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Prefixes that rules put before a path in the event, each with what stands there in the event.
    """
    by_name: Mapping[str, Alias] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """The name as in Sigma's rule folders: ``aws/cloudtrail``."""
        return f"{self.product}/{self.service}" if self.service else self.product

    def in_event(self, name: str) -> str:
        """The name as a path in the event: a prefix is replaced by what stands there."""
        for written, meant in self.prefixes.items():
            if name.lower().startswith(written):
                return meant + name[len(written) :]
        return name

    def alias_of(self, name: str) -> Alias | None:
        """The alias entry of a name, which is compared case-insensitively."""
        return self.by_name.get(self.in_event(name).lower())


@cache
def known_log_sources() -> tuple[SigmaLogSource, ...]:
    """Every Sigma log source whose events this program can tell apart."""
    return tuple(
        _log_source(entry, kind)
        for kind, source in BY_KIND.items()
        if (file := source.folder / "sigma.yml").exists()
        for entry in yaml.safe_load(file.read_text("utf-8"))
    )


def log_sources(
    *, product: str | None, service: str | None, category: str | None
) -> tuple[SigmaLogSource, ...]:
    """The log sources that a rule's ``logsource`` includes.

    A key that the rule leaves out may have any value. No log source here has a category, so a rule
    with a category includes none.
    """
    if category is not None:
        return ()
    return tuple(
        source
        for source in known_log_sources()
        if product in (None, source.product) and (service is None or service == source.service)
    )


def _log_source(entry: dict[str, Any], kind: SourceKind) -> SigmaLogSource:
    spelled = entry.get("spelled", False)
    aliases = tuple(_alias(one, spelled=spelled) for one in entry.get("aliases", ()))
    return SigmaLogSource(
        product=entry["product"],
        service=entry.get("service"),
        kinds=tuple(map(SourceKind, entry.get("kinds", (kind,)))),
        means=entry["means"].strip(),
        under=tuple(entry.get("under", ())),
        flat=entry.get("flat", False),
        spelled=spelled,
        open=tuple(entry.get("open", ())),
        aliases=aliases,
        prefixes=entry.get("prefixes", {}),
        by_name={name.lower(): alias for alias in aliases for name in alias.names},
    )


def _alias(entry: dict[str, Any], *, spelled: bool) -> Alias:
    return Alias(
        names=tuple(entry["names"]),
        reads=tuple(_path(read, spelled=spelled) for read in entry["reads"]),
        why=entry["why"].strip(),
        every=entry.get("every", False),
        same=tuple(map(frozenset, entry.get("same", ()))),
        empty_list=entry.get("empty_list", False),
    )


def _path(entry: str | dict[str, str], *, spelled: bool) -> Path:
    if isinstance(entry, str):
        return Path(entry, spelled)
    return Path(entry["path"], spelled, entry["cut"])
