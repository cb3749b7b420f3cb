"""Whether a log source's records have a field, and under what name.

Each log source's folder has two lists: ``known_fields.tsv``, made from public records by
``tools/known_fields.py``, and ``documented_fields.tsv``, written by hand from the cloud provider's
documentation.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path as FilePath

from matcher.events.sources import BY_KIND
from matcher.languages.nearest import nearest
from matcher.languages.sigma.fields import Fields
from matcher.languages.sigma.log_sources import SigmaLogSource, known_log_sources
from matcher.languages.sigma.paths import Path


class How(StrEnum):
    """How a name in a rule finds its field."""

    DIRECT = "direct"
    """Records have the field under this name."""
    ALIAS = "alias"
    """Records have the field under another name, which is read in place of this one."""
    BY_SERVICE = "by service"
    """The field is below an object whose keys differ from service to service."""
    NEVER_SEEN = "never seen"
    """Neither public records nor the documentation have the field."""


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One name in a rule, and what is known of it.

    ``path`` is where the name is read: the field, or the object whose keys differ from service to
    service. ``nearest`` is a known name that may be meant, if the name itself was never seen.
    """

    field: str
    how: How
    path: str = ""
    nearest: str = ""


@dataclass(frozen=True)
class KnownFields:
    """The fields of one log source: each path, with the number of public records that have it; 0
    for a path that is only documented.
    """

    counts: Mapping[str, int]

    def has(self, path: str, fewest: int) -> bool:
        """Whether at least this many records have the path."""
        return self.counts.get(path, -1) >= fewest

    @cached_property
    def spelled(self) -> Mapping[str, str]:
        """The paths by their letters in lower case; for paths with the same letters, the most
        common spelling.
        """
        return {_letters(path): path for path in sorted(self.counts, key=self.counts.__getitem__)}


def field_uses(sources: Sequence[SigmaLogSource], names: Iterable[str]) -> tuple[FieldUse, ...]:
    """What is known of each name in rules of these log sources; a field that one log source has is
    known.
    """
    fields = Fields(sources)
    return tuple(_use(fields, name) for name in names)


def _use(fields: Fields, name: str) -> FieldUse:
    known = [known_fields()[source.name] for source in fields.sources]
    plain = Path(name).plain
    for fewest in (1, 0):  # fields that were seen come before documented fields
        if any(one.has(plain, fewest) for one in known):
            return FieldUse(name, How.DIRECT, plain)
        for path in fields.paths(name)[1:]:
            if found := _seen(path, known, fewest):
                return FieldUse(name, How.ALIAS, found)
    for source in fields.sources:
        for top in source.open:
            if source.in_event(name).startswith(f"{top}."):
                return FieldUse(name, How.BY_SERVICE, top)
    names = (path for one in known for path in one.spelled.values())
    return FieldUse(name, How.NEVER_SEEN, nearest=nearest(name, names) or "")


def _seen(path: Path, known: Sequence[KnownFields], fewest: int) -> str:
    """How records spell the path at which the value is found; "" where records lack the path."""
    for one in known:
        plain = path.plain
        found = one.spelled.get(_letters(plain), "") if path.spelled else plain
        if one.has(found, fewest):
            return path.text if plain != path.text else found
    return ""


@cache
def known_fields() -> Mapping[str, KnownFields]:
    """The known fields by log source."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for one in BY_KIND.values():
        for source, _, names in _rows(one.folder / "documented_fields.tsv"):
            counts[source].update(dict.fromkeys(names.split(), 0))
        for source, path, count in _rows(one.folder / "known_fields.tsv"):
            counts[source][path] = int(count)
    return {source.name: KnownFields(counts[source.name]) for source in known_log_sources()}


def _rows(file: FilePath) -> Iterable[tuple[str, str, str]]:
    if not file.exists():
        return
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            first, second, third = line.split("\t")
            yield first, second, third


def _letters(path: str) -> str:
    return path.lower().replace("_", "")
