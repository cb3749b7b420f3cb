"""Reads the data files: those in each log source's folder, the shared ones, and a user's files,
which override the others.

All errors are in one :class:`matcher.errors.ConfigError`, each with its file and key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import ConfigError
from matcher.events.catalogue.files import Files
from matcher.events.catalogue.tables import (
    DEFAULT_CATEGORY,
    Category,
    QidRow,
    SourceType,
)
from matcher.events.properties import CustomProperty
from matcher.events.schema import LogSourceType
from matcher.events.sources import BY_KIND, SourceDefinition, SourceKind
from matcher.events.text import fold

SHARED: Final = Path(__file__).parent
TYPE = "log_source.yml"
"""The file in a log source's folder with its type in each profile."""
TYPES, QIDS, CATEGORIES, PROPERTIES = (
    "log_source_types.yml",
    "qid_names.tsv",
    "categories.tsv",
    "properties.yml",
)
_QID_COLUMNS = ("operation", "name", "qid", "category")
_LARGEST = 2**31 - 1
_WORST = 10

_Row = tuple[Path, str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Tables:
    """All data files, merged. QID rows are found by log source and case-folded operation."""

    types: dict[SourceKind, SourceType]
    qids: dict[tuple[SourceKind, str], QidRow]
    categories: dict[int, Category]
    properties: tuple[CustomProperty, ...]


def load(profile: str, directory: Path | None) -> Tables:
    """The tables of a profile. Raises ConfigError for a file that cannot be read or is wrong."""
    if directory is not None and not directory.is_dir():
        raise ConfigError(f"the catalogue's directory {directory} is not there")
    reader = _Reader(directory)
    categories = reader.categories()
    tables = Tables(
        types=reader.types(profile),
        categories=categories,
        qids=reader.qids(categories),
        properties=reader.properties(),
    )
    if reader.files.findings:
        raise ConfigError("\n".join(reader.files.findings))
    return tables


class _Reader:
    """Reads the files; ``directory`` is the user's."""

    def __init__(self, directory: Path | None) -> None:
        self.files = Files()
        self.sources: tuple[SourceDefinition, ...] = tuple(BY_KIND.values())
        self.directory = directory

    def types(self, profile: str) -> dict[SourceKind, SourceType]:
        profiles: dict[str, dict[SourceKind, SourceType]] = {}
        for path, name, kinds in self._profiles():
            if not isinstance(kinds, dict):
                self.files.wrong(path, name, "must be a mapping of log sources to types")
                continue
            into = profiles.setdefault(str(name), {})
            for kind, entry in kinds.items():
                if (found := self._type(path, f"{name}.{kind}", kind, entry)) is not None:
                    into[SourceKind(kind)] = found
        if profile not in profiles:
            known = ", ".join(profiles)
            path = (self.directory or SHARED) / TYPES
            self.files.wrong(path, profile, f"no such profile; there are {known}")
        return profiles["default"] | profiles.get(profile, {})

    def _profiles(self) -> Iterator[tuple[Path, object, object]]:
        """Each profile in each file, with its types by log source."""
        for source in self.sources:
            path = source.folder / TYPE
            for name, entry in self.files.mapping(path).items():
                yield path, name, {source.kind: entry}
        for path in self._users(TYPES):
            for name, kinds in self.files.mapping(path).items():
                yield path, name, kinds

    def _type(self, path: Path, key: str, kind: Any, entry: object) -> SourceType | None:
        wrong = self.files.wrong
        if kind not in list(SourceKind):
            wrong(path, key, f"no such log source; there are {', '.join(SourceKind)}")
            return None
        if not isinstance(entry, dict) or set(entry) - {"id", "name", "result_in_name"}:
            wrong(path, key, "must have id, name, and at most result_in_name")
            return None
        number, name, result = (
            entry.get("id"),
            entry.get("name"),
            entry.get("result_in_name", False),
        )
        if type(number) is not int or not 0 <= number <= _LARGEST:
            wrong(path, f"{key}.id", "must be a whole number from 0 on")
        elif not isinstance(name, str) or not name:
            wrong(path, f"{key}.name", "must be a text")
        elif not isinstance(result, bool):
            wrong(path, f"{key}.result_in_name", "must be true or false")
        elif result and not BY_KIND[SourceKind(kind)].has_result:
            wrong(path, f"{key}.result_in_name", "only an audit record has a result")
        else:
            return SourceType(LogSourceType(number, name), result)
        return None

    def categories(self) -> dict[int, Category]:
        found: dict[int, Category] = {}
        columns = ("id", "name", "severity")
        for path, key, row in self._rows((SHARED / CATEGORIES, *self._users(CATEGORIES)), columns):
            number = self.files.number(path, f"{key} id", row["id"], _LARGEST)
            severity = self.files.number(path, f"{key} severity", row["severity"], _WORST)
            if not row["name"]:
                self.files.wrong(path, f"{key} name", "must not be empty")
            elif number is not None and severity is not None:
                found[number] = Category(number, row["name"], severity)
        for category in found.values():
            if category.high_level not in found:
                path = (self.directory or SHARED) / CATEGORIES
                missing = f"its high-level category {category.high_level} is missing"
                self.files.wrong(path, category.id, missing)
        return found

    def qids(self, categories: dict[int, Category]) -> dict[tuple[SourceKind, str], QidRow]:
        found: dict[tuple[SourceKind, str], QidRow] = {}
        for path, key, row in self._qid_rows():
            if row["kind"] not in list(SourceKind):
                known = ", ".join(SourceKind)
                self.files.wrong(path, f"{key} kind", f"no such log source; there are {known}")
                continue
            if not row["operation"]:
                self.files.wrong(path, f"{key} operation", "must not be empty")
                continue
            kind = SourceKind(row["kind"])
            place = (kind, fold(row["operation"]))
            old = found.get(place, QidRow(kind, row["operation"], None, None, DEFAULT_CATEGORY))
            changes: dict[str, Any] = {"name": row["name"]} if row["name"] else {}
            for column in ("qid", "category"):
                if row[column]:
                    number = self.files.number(path, f"{key} {column}", row[column], _LARGEST)
                    changes[column] = number
            category = changes.get("category")
            if category is not None and category not in categories:
                self.files.wrong(path, f"{key} category", f"{category} is not in {CATEGORIES}")
            found[place] = replace(old, **changes)
        return found

    def _qid_rows(self) -> Iterator[_Row]:
        for source in self.sources:
            for path, key, row in self._rows((source.folder / QIDS,), _QID_COLUMNS):
                yield path, key, {"kind": source.kind, **row}
        yield from self._rows(self._users(QIDS), ("kind", *_QID_COLUMNS))

    def properties(self) -> tuple[CustomProperty, ...]:
        """The custom properties. A log source's paths come after shared ones; a user's property
        replaces one of the same name.
        """
        found: dict[str, CustomProperty] = {}
        for one in self._properties(SHARED / PROPERTIES):
            found[one.name.lower()] = one
        for source in self.sources:
            for read in self._properties(source.folder / PROPERTIES):
                one = replace(read, log_sources=read.log_sources or (source.kind,))
                shared = found.get(one.name.lower())
                found[one.name.lower()] = (
                    one if shared is None else shared.extended(one, source.kind)
                )
        for path in self._users(PROPERTIES):
            for one in self._properties(path):
                found[one.name.lower()] = one
        return tuple(found.values())

    def _properties(self, path: Path) -> Iterator[CustomProperty]:
        for name, entry in self.files.mapping(path).items():
            try:
                yield CustomProperty.of(str(name), entry)
            except ValueError as error:
                self.files.wrong(path, name, str(error))

    def _users(self, name: str) -> tuple[Path, ...]:
        return () if self.directory is None else (self.directory / name,)

    def _rows(self, paths: tuple[Path, ...], columns: tuple[str, ...]) -> Iterator[_Row]:
        for path in paths:
            for key, row in self.files.rows(path, columns):
                yield path, key, row
