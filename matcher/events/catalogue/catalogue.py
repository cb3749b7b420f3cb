"""The catalogue: the names and numbers that normalization looks up."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zlib import crc32

from matcher.events.catalogue.loader import Tables, load
from matcher.events.catalogue.tables import DEFAULT_CATEGORY, Category, Naming, QidRow
from matcher.events.properties import PropertyTable, Renamed
from matcher.events.schema import LogSourceType
from matcher.events.sources import BY_KIND, SourceKind
from matcher.events.text import fold

_REMEMBERED = 8192
_LONG = 256
_FIRST, _NUMBERS = 1_000_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class LogSource:
    """One log source: a type, and the account, subscription or tenant whose events it logs."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Log source types, QID names, categories and properties of one profile. Immutable."""

    profile: str
    log_source_types: tuple[LogSourceType, ...]
    properties: PropertyTable
    _tables: Tables
    _memory: "_Memory" = field(repr=False)

    @classmethod
    def load(cls, profile: str = "default", directory: Path | None = None) -> "Catalogue":
        """The catalogue of a profile; files in ``directory`` extend those that ship.

        Raises ConfigError, with file and key of every error, for files that are wrong.
        """
        tables = load(profile, directory)
        types = {tables.types[kind].type: None for kind in SourceKind}
        names = {category.id: category.name for category in tables.categories.values()}
        properties = PropertyTable(
            tables.properties,
            renamed=_renamed(tables),
            result_in_name=any(source.result_in_name for source in tables.types.values()),
            category_names=names,
        )
        return cls(profile, tuple(types), properties, tables, _Memory(tables))

    def type_of(self, kind: SourceKind) -> LogSourceType:
        """The profile's log source type for this log source."""
        return self._tables.types[kind].type

    def naming(self, kind: SourceKind, operation: str | None, result: str | None = None) -> Naming:
        """The QID, its name and its category for an operation.

        ``result`` is used only if the profile's names include it. If the catalogue has no name, the
        name is the operation; if it has no QID, that is :func:`stable_number` of type and name, or
        0 without a name.
        """
        if result is not None and not self._tables.types[kind].result_in_name:
            result = None
        if len(operation or "") + len(result or "") > _LONG:
            return self._memory.name(kind, operation, result)
        return self._memory.naming(kind, operation, result)

    def renames(self, kind: SourceKind) -> bool:
        """Whether QID names of this log source may differ from the operation as sent."""
        rows = self._tables.qids.values()
        named = any(row.name for row in rows if row.kind is kind)
        return named or self._tables.types[kind].result_in_name

    def log_source(self, kind: SourceKind, account: str | None) -> LogSource:
        """The log source ``type @ account``, or only the type; its id is a stable number."""
        if account is not None and len(account) > _LONG:
            return self._memory.source(kind, account)
        return self._memory.log_source(kind, account)

    def category_name(self, number: int) -> str | None:
        """The name of a category, low-level or high-level; None for an unknown number."""
        found = self._tables.categories.get(number)
        return None if found is None else found.name

    def category_names(self) -> tuple[str, ...]:
        """The names of all categories, low-level and high-level."""
        return tuple(category.name for category in self._tables.categories.values())


def stable_number(text: str) -> int:
    """A number from 1,000,000,000 to 1,999,999,999 that depends only on the text (its CRC-32).

    It stands in for a QID or a log source id that no catalogue has. QRadar's own numbers are far
    smaller, and the number fits into 31 bits.
    """
    return _FIRST + crc32(text.encode("utf-8", "replace")) % _NUMBERS


class _Memory:
    """Remembers a bounded number of lookups, without the long texts that events may bring."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.naming = lru_cache(maxsize=_REMEMBERED)(self.name)
        self.log_source = lru_cache(maxsize=_REMEMBERED)(self.source)

    def name(self, kind: SourceKind, operation: str | None, result: str | None) -> Naming:
        category = self._category(DEFAULT_CATEGORY)
        if operation is None:
            return Naming(0, None, category)
        source = self._tables.types[kind]
        qidname, qid = operation, None
        if result:
            qidname = f"{operation}-{result}"
        row = self._tables.qids.get((kind, fold(operation)))
        if row is not None:
            qidname, qid = row.name or qidname, row.qid
            category = self._category(row.category)
        if qid is None:
            qid = stable_number(f"{source.type.id}\n{qidname}")
        return Naming(qid, qidname, category)

    def source(self, kind: SourceKind, account: str | None) -> LogSource:
        source = self._tables.types[kind].type
        number = stable_number(f"{source.id}\n{account or ''}")
        return LogSource(number, f"{source.name} @ {account}" if account else source.name)

    def _category(self, number: int) -> Category:
        return self._tables.categories[number]


def _renamed(tables: Tables) -> tuple[Renamed, ...]:
    """Every QID name that differs from the operation as sent, with that operation.

    The operation is None for a source with only one operation, as records need not hold that
    operation at all.
    """

    def source(row: QidRow) -> str | None:
        return None if BY_KIND[row.kind].only_operation else row.operation

    unsaid = [one.only_operation for one in BY_KIND.values() if one.only_operation]
    named = [Renamed(row.name, source(row)) for row in tables.qids.values() if row.name]
    return (*(Renamed(operation, None) for operation in unsaid), *named)
