"""Alerts as rows of a table, in the order of their events' times."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
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
    columns leave. ``wide``: the column is left out on a narrow terminal; ``narrow``: it is shown
    only there.
    """

    heading: str
    cell: Callable[[dict[str, Any]], Text]
    width: int = 0
    share: int = 0
    wide: bool = False
    narrow: bool = False


def _milliseconds(alert: dict[str, Any]) -> int:
    """The event's own time, or else the time of its record."""
    event = alert["event"]
    return event["devicetime"] or event["starttime"] or 0


def _order(alert: dict[str, Any]) -> tuple[int, str]:
    return _milliseconds(alert), alert["rule"]["id"]


def _time(pattern: str) -> Callable[[dict[str, Any]], Text]:
    def cell(alert: dict[str, Any]) -> Text:
        milliseconds = _milliseconds(alert)
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
    _Column("identity", _field("username"), share=4),
    _Column("source IP", _field("sourceip"), width=15),
    _Column("log source", _field("logsourcename"), share=7, wide=True),
    _Column("action", _field("qidname", "bold"), share=6),
)
_LONGEST_ACTION = 400
_INDENT = " " * 4
_SHOWN = ("devicetime", "starttime", "qidname", "username", "sourceip", "logsourcename")


def by_severity(alerts: Mapping[str, int]) -> list[str]:
    """The severities of which there are alerts, the highest first."""
    return [severity for severity in _STYLES if alerts.get(severity)]


def wide_console(**options: Any) -> Console:
    """A console on standard output; if that is not a terminal, wide enough for the table."""
    console = Console(highlight=False, **options)
    if not console.is_terminal:
        console.width = _WIDE
    return console


class AlertTable:
    """Prints one row for each alert, under a heading that comes before the first row.

    ``block`` alerts are held and then printed in the order of their events' times; what is held is
    printed by :meth:`flush`. The action stands last and is never cut for want of room: on a
    terminal that is too narrow it goes on in the next line.
    """

    def __init__(self, console: Console, block: int = 1) -> None:
        self._console = console
        self._block = block
        self._held: list[dict[str, Any]] = []
        self._headed = False
        self.severities: Counter[str] = Counter()
        """How many alerts there were of each severity."""

    def add(self, body: bytes) -> None:
        """Take the alert with this body (``docs/alert.md``)."""
        alert = json.loads(body)
        self.severities[str(alert["rule"]["severity"])] += 1
        event = {name: alert["event"][name] for name in _SHOWN}
        self._held.append({"rule": alert["rule"], "event": event})
        if len(self._held) >= self._block:
            self.flush()

    def flush(self) -> None:
        """Print what is held."""
        held, self._held = sorted(self._held, key=_order), []
        columns = self._columns()
        if held and not self._headed:
            self._headed = True
            self._print([(column, Text(column.heading, "bold")) for column in columns])
        for alert in held:
            self._print([(column, column.cell(alert)) for column in columns])

    def _columns(self) -> list[_Column]:
        narrow = self._console.width < _NARROW
        return [column for column in _COLUMNS if not (column.wide if narrow else column.narrow)]

    def _print(self, row: list[tuple[_Column, Text]]) -> None:
        columns = [column for column, _ in row]
        left = self._console.width - sum(column.width + len(_GAP) for column in columns)
        shares = sum(column.share for column in columns)
        line = Text()
        for column, cell in row[:-1]:
            room = column.width or max(4, left * column.share // shares)
            cell.truncate(room, overflow="ellipsis", pad=True)
            line.append_text(cell).append(_GAP)
        action = row[-1][1]
        action.truncate(_LONGEST_ACTION, overflow="ellipsis")
        fits = line.cell_len + action.cell_len <= self._console.width
        if self._console.is_terminal and not fits:
            line.rstrip()
            self._console.print(line, no_wrap=True, overflow="crop")
            line = Text(_INDENT)
        self._console.print(line.append_text(action), soft_wrap=True)
