"""Reads data files (YAML and tab-separated values), and collects their errors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


class Files:
    """Reads files. ``findings`` are the errors so far: one line each, with file and key."""

    def __init__(self) -> None:
        self.findings: list[str] = []

    def wrong(self, path: Path, key: object, what: str) -> None:
        """Add a finding."""
        self.findings.append(f"{path}: {key}: {what}")

    def mapping(self, path: Path) -> dict[Any, Any]:
        """The mapping in a YAML file; empty if the file is missing or wrong."""
        if not path.exists():
            return {}
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            self.wrong(path, "file", str(error).replace("\n", " "))
            return {}
        if not isinstance(content, dict):
            self.wrong(path, "file", "must be a mapping")
            return {}
        return content

    def rows(self, path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
        """Each row of a tab-separated file: its name for a finding, and its cells by column.

        The first line that is not a comment names the columns, in any order. Missing cells at the
        end of a row are empty. A missing file has no rows.
        """
        if not path.exists():
            return
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            self.wrong(path, "file", str(error))
            return
        header: list[str] | None = None
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split("\t")]
            if header is None:
                header = cells
                if sorted(header) != sorted(columns):
                    self.wrong(path, f"line {number}", f"the columns are {', '.join(columns)}")
                    return
                continue
            if len(cells) > len(header):
                self.wrong(path, f"line {number}", f"has {len(cells)} cells, not {len(header)}")
                continue
            cells += [""] * (len(header) - len(cells))
            yield f"line {number}", dict(zip(header, cells, strict=True))

    def number(self, path: Path, key: str, written: str, largest: int) -> int | None:
        """The whole number of 0 or more that a cell holds; for any other cell a
        finding, and None.
        """
        if written.isascii() and written.isdigit() and int(written) <= largest:
            return int(written)
        self.wrong(path, key, f"{written!r} is no whole number from 0 to {largest}")
        return None
