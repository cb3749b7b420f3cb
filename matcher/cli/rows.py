"""Rows of an answer on standard output: a table, CSV, or JSON lines."""

import csv
import io
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from matcher.alerts.document import encode
from matcher.cli.alert_table import wide_console
from matcher.engine.values import text_of
from matcher.events.text import readable

_LONGEST_CELL = 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FORMULA = ("=", "+", "-", "@", "\t", "\n")

Rows = Iterable[Sequence[Any]]


def write_table(aliases: Sequence[str], rows: Rows) -> None:
    """Write a table for a person: long cells are cut, and control characters are made visible."""
    table = Table(box=None, pad_edge=False)
    for alias in aliases:
        table.add_column(_cell(alias))
    for row in rows:
        table.add_row(*(_cell(text_of(value) or "-") for value in row))
    wide_console().print(table)


def write_csv(aliases: Sequence[str], rows: Rows) -> None:
    """CSV (RFC 4180) in UTF-8 with a header; NULL is an empty cell.

    A text of an event is a stranger's: a control character other than tab and line feed is written
    as U+FFFD, so that no terminal obeys it, and a text that a spreadsheet would take for a formula
    has an apostrophe before it (OWASP, CSV injection).
    """
    _write_csv_row([_csv_cell(alias) for alias in aliases])
    for row in rows:
        _write_csv_row([_csv_cell(value) for value in row])


def write_json_lines(aliases: Sequence[str], rows: Rows) -> None:
    """Write one JSON object for each row, with the columns' aliases as keys, in order."""
    for row in rows:
        document = dict(zip(aliases, row, strict=True))
        sys.stdout.buffer.write(encode(document) + b"\n")
    sys.stdout.buffer.flush()


def _csv_cell(value: Any) -> str:
    text = "" if value is None else text_of(value) or ""
    if not isinstance(value, str):
        return text
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_csv_row(cells: Sequence[str]) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    sys.stdout.buffer.write(readable(line.getvalue()).encode())
    sys.stdout.buffer.flush()


def _cell(text: str) -> Text:
    """A cell that is not wrapped itself. Its column may wrap, so that the widest column becomes
    narrower first.
    """
    return Text(_on_one_line(text), no_wrap=True, overflow="ellipsis")


def _on_one_line(text: str) -> str:
    shown = text[:_LONGEST_CELL]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in shown)
