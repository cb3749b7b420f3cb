"""Alerts as rows of a table that grows as they arrive."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

_STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "informational": "dim",
}
_NONE = "-"
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WIDE = 160
_NARROW = 130
_GAP = "  "


@dataclass(frozen=True, slots=True)
class _Column:
    """One column. ``width`` is in characters; ``share`` is its part of the width that the other
    columns leave. ``tail``: of a text that is too long the end is shown. ``wide``: the column is
    left out on a narrow terminal; ``narrow``: it is shown only there.
    """

    heading: str
    cell: Callable[[dict[str, Any]], Text]
    width: int = 0
    share: int = 0
    tail: bool = False
    wide: bool = False
    narrow: bool = False


def _time(pattern: str) -> Callable[[dict[str, Any]], Text]:
    """The event's own time, or else the time of its record."""

    def cell(alert: dict[str, Any]) -> Text:
        event = alert["event"]
        milliseconds = event["devicetime"] or event["starttime"]
        try:
            return Text(datetime.fromtimestamp(milliseconds / 1000, UTC).strftime(pattern))
        except (ValueError, OverflowError, OSError):
            return Text(str(milliseconds))

    return cell


def _severity(alert: dict[str, Any]) -> Text:
    severity = str(alert["rule"]["severity"])
    return Text(severity, style=_STYLES.get(severity, ""))


def _field(name: str, style: str = "") -> Callable[[dict[str, Any]], Text]:
    """A field of the event, on one line and without control characters."""

    def cell(alert: dict[str, Any]) -> Text:
        value = alert["event"][name]
        shown = _NONE if value is None else str(value)
        return Text(_printable(shown), style=style)

    return cell


def _rule(alert: dict[str, Any]) -> Text:
    """The rule's id, or its title if the id is a UUID, which tells a person nothing."""
    rule = alert["rule"]
    return Text(_printable(rule["title"] if _UUID.fullmatch(rule["id"]) else rule["id"]))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else _UNPRINTABLE for c in text)


_COLUMNS = (
    _Column("time (UTC)", _time("%Y-%m-%d %H:%M:%S"), width=19, wide=True),
    _Column("time (UTC)", _time("%m-%d %H:%M:%S"), width=14, narrow=True),
    _Column("severity", _severity, width=8),
    _Column("rule", _rule, share=5),
    _Column("action", _field("qidname", "bold"), share=6, tail=True),
    _Column("identity", _field("username"), share=4),
    _Column("source IP", _field("sourceip"), width=15),
    _Column("log source", _field("logsourcename"), share=7, wide=True),
)


def wide_console(**options: Any) -> Console:
    """A console on standard output; if that is not a terminal, wide enough for the table."""
    console = Console(highlight=False, **options)
    if not console.is_terminal:
        console.width = _WIDE
    return console


class AlertTable:
    """Prints one row for each alert, under a heading that comes before the first row."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._headed = False

    def add(self, body: bytes) -> None:
        """Print the alert with this body (``docs/alert.md``)."""
        columns = self._columns()
        if not self._headed:
            self._headed = True
            self._print([(column, Text(column.heading, "bold")) for column in columns])
        alert = json.loads(body)
        self._print([(column, column.cell(alert)) for column in columns])

    def _columns(self) -> list[_Column]:
        narrow = self._console.width < _NARROW
        return [column for column in _COLUMNS if not (column.wide if narrow else column.narrow)]

    def _print(self, row: list[tuple[_Column, Text]]) -> None:
        columns = [column for column, _ in row]
        left = self._console.width - sum(column.width + len(_GAP) for column in columns)
        shares = sum(column.share for column in columns)
        line = Text()
        for column, cell in row:
            room = column.width or max(4, left * column.share // shares)
            if column.tail and cell.cell_len > room:
                cell.plain = "…" + cell.plain[1 - room :]
            cell.truncate(room, overflow="ellipsis", pad=True)
            line.append_text(cell).append(_GAP)
        line.rstrip()
        self._console.print(line, no_wrap=True, overflow="crop")
