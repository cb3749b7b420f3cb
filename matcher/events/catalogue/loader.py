"""Reading the data files: the ones that ship, and over them a user's.

All that is wrong with a file is said in one :class:`matcher.errors.ConfigError`, each finding with
the file and the key.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from matcher.errors import ConfigError
from matcher.events.catalogue.kinds import SourceKind
from matcher.events.catalogue.tables import (
    DEFAULT_CATEGORY,
    Category,
    QidRow,
    SourceType,
)
from matcher.events.properties import CustomProperty
from matcher.events.schema import LogSourceType
from matcher.events.text import fold

SHIPPED: Final = Path(__file__).parent
TYPES, QIDS, CATEGORIES, PROPERTIES = (
    "log_source_types.yml",
    "qid_names.tsv",
    "categories.tsv",
    "properties.yml",
)
_LARGEST = 2**31 - 1
_WORST = 10


@dataclass(frozen=True, slots=True)
class Tables:
    """All data files, merged. QID rows are found by kind and case-folded operation."""

    types: dict[SourceKind, SourceType]
    qids: dict[tuple[SourceKind, str], QidRow]
    categories: dict[int, Category]
    properties: tuple[CustomProperty, ...]


def load(profile: str, directory: Path | None) -> Tables:
    """The tables of a profile. Raises ConfigError for a file that cannot be read or is wrong."""
    if directory is not None and not directory.is_dir():
        raise ConfigError(f"the catalogue's directory {directory} is not there")
    reader = _Reader([SHIPPED] if directory is None else [SHIPPED, directory])
    categories = reader.categories()
    tables = Tables(
        types=reader.types(profile),
        categories=categories,
        qids=reader.qids(categories),
        properties=reader.properties(),
    )
    if reader.findings:
        raise ConfigError("\n".join(reader.findings))
    return tables


class _Reader:
    def __init__(self, directories: list[Path]) -> None:
        self.directories = directories
        self.findings: list[str] = []

    def wrong(self, path: Path, key: object, what: str) -> None:
        self.findings.append(f"{path}: {key}: {what}")

    def types(self, profile: str) -> dict[SourceKind, SourceType]:
        profiles: dict[str, dict[SourceKind, SourceType]] = {}
        for path, content in self._yaml(TYPES):
            for name, kinds in content.items():
                if not isinstance(kinds, dict):
                    self.wrong(path, name, "must be a mapping of kinds to types")
                    continue
                into = profiles.setdefault(str(name), {})
                for kind, entry in kinds.items():
                    if (found := self._type(path, f"{name}.{kind}", kind, entry)) is not None:
                        into[SourceKind(kind)] = found
        if profile not in profiles:
            known = ", ".join(profiles)
            self.wrong(self.directories[-1] / TYPES, profile, f"no such profile; there are {known}")
        return profiles["default"] | profiles.get(profile, {})

    def _type(self, path: Path, key: str, kind: object, entry: object) -> SourceType | None:
        if kind not in list(SourceKind):
            self.wrong(path, key, f"no such kind; there are {', '.join(SourceKind)}")
            return None
        if not isinstance(entry, dict) or set(entry) - {"id", "name", "result_in_name"}:
            self.wrong(path, key, "must have id, name, and at most result_in_name")
            return None
        number, name, result = (
            entry.get("id"),
            entry.get("name"),
            entry.get("result_in_name", False),
        )
        if type(number) is not int or not 0 <= number <= _LARGEST:
            self.wrong(path, f"{key}.id", "must be a whole number from 0 on")
        elif not isinstance(name, str) or not name:
            self.wrong(path, f"{key}.name", "must be a text")
        elif not isinstance(result, bool):
            self.wrong(path, f"{key}.result_in_name", "must be true or false")
        elif result and kind != SourceKind.ENTRA_AUDIT:
            self.wrong(path, f"{key}.result_in_name", "only an audit record has a result")
        else:
            return SourceType(LogSourceType(number, name), result)
        return None

    def categories(self) -> dict[int, Category]:
        found: dict[int, Category] = {}
        for path, key, row in self._tsv(CATEGORIES, ("id", "name", "severity")):
            number = self._number(path, f"{key} id", row["id"], _LARGEST)
            severity = self._number(path, f"{key} severity", row["severity"], _WORST)
            if not row["name"]:
                self.wrong(path, f"{key} name", "must not be empty")
            elif number is not None and severity is not None:
                found[number] = Category(number, row["name"], severity)
        for category in found.values():
            if category.high_level not in found:
                path = self.directories[-1] / CATEGORIES
                missing = f"its high-level category {category.high_level} is missing"
                self.wrong(path, category.id, missing)
        return found

    def qids(self, categories: dict[int, Category]) -> dict[tuple[SourceKind, str], QidRow]:
        found: dict[tuple[SourceKind, str], QidRow] = {}
        columns = ("kind", "operation", "name", "qid", "category")
        for path, key, row in self._tsv(QIDS, columns):
            if row["kind"] not in list(SourceKind):
                self.wrong(path, f"{key} kind", f"no such kind; there are {', '.join(SourceKind)}")
                continue
            if not row["operation"]:
                self.wrong(path, f"{key} operation", "must not be empty")
                continue
            kind = SourceKind(row["kind"])
            place = (kind, fold(row["operation"]))
            old = found.get(place, QidRow(kind, row["operation"], None, None, DEFAULT_CATEGORY))
            changes: dict[str, Any] = {"name": row["name"]} if row["name"] else {}
            for column in ("qid", "category"):
                if row[column]:
                    changes[column] = self._number(path, f"{key} {column}", row[column], _LARGEST)
            category = changes.get("category")
            if category is not None and category not in categories:
                self.wrong(path, f"{key} category", f"{category} is not in {CATEGORIES}")
            found[place] = replace(old, **changes)
        return found

    def properties(self) -> tuple[CustomProperty, ...]:
        found: dict[str, CustomProperty] = {}
        for path, content in self._yaml(PROPERTIES):
            for name, entry in content.items():
                try:
                    found[str(name).lower()] = CustomProperty.of(str(name), entry)
                except ValueError as error:
                    self.wrong(path, name, str(error))
        return tuple(found.values())

    def _paths(self, name: str) -> list[Path]:
        return [path for d in self.directories if (path := d / name).exists()]

    def _yaml(self, name: str) -> list[tuple[Path, dict[Any, Any]]]:
        contents = []
        for path in self._paths(name):
            try:
                content = yaml.safe_load(path.read_text("utf-8"))
            except (OSError, ValueError, yaml.YAMLError) as error:
                self.wrong(path, "file", str(error).replace("\n", " "))
                continue
            if not isinstance(content, dict):
                self.wrong(path, "file", "must be a mapping")
                continue
            contents.append((path, content))
        return contents

    def _tsv(self, name: str, columns: tuple[str, ...]) -> list[tuple[Path, str, dict[str, str]]]:
        rows = []
        for path in self._paths(name):
            try:
                lines = path.read_text("utf-8").splitlines()
            except (OSError, ValueError) as error:
                self.wrong(path, "file", str(error))
                continue
            header: list[str] | None = None
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                cells = [cell.strip() for cell in line.split("\t")]
                if header is None:
                    header = cells
                    if sorted(header) != sorted(columns):
                        self.wrong(path, f"line {number}", f"the columns are {', '.join(columns)}")
                        break
                    continue
                if len(cells) > len(header):
                    self.wrong(path, f"line {number}", f"has {len(cells)} cells, not {len(header)}")
                    continue
                cells += [""] * (len(header) - len(cells))
                rows.append((path, f"line {number}", dict(zip(header, cells, strict=True))))
        return rows

    def _number(self, path: Path, key: str, written: str, largest: int) -> int | None:
        if written.isascii() and written.isdigit() and int(written) <= largest:
            return int(written)
        self.wrong(path, key, f"{written!r} is no whole number from 0 to {largest}")
        return None
