"""A progress bar over the bytes of all files, where stderr is a terminal and no rows are printed
beside it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from matcher.cli.inputs import STDIN, InputFiles


@contextmanager
def progress(files: InputFiles, *, rows_at_end: bool = False) -> Iterator[Any]:
    """Gives a function that moves the bar: it takes a file and the number of its bytes that have
    been read. Rows that are printed meanwhile would mix with the bar: if stdout is a terminal,
    the bar is shown only where the rows come at the end.
    """
    sizes = {path: _size(path) for path in files.paths}
    console = Console(stderr=True)
    columns = (TextColumn("scanning"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    mixed = sys.stdout.isatty() and not rows_at_end
    hidden = mixed or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("scan", total=None if STDIN in sizes else sum(sizes.values()))
        before = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))

        def advance(path: str, position: int) -> None:
            bar.update(task, completed=before[path] + position)

        yield advance


def _size(path: str) -> int:
    """The size of a file in bytes; 0 if that is not known."""
    try:
        return 0 if path == STDIN else Path(path).stat().st_size
    except OSError:
        return 0
