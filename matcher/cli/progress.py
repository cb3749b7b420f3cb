"""A bar over the bytes of all files, where stderr is a terminal and stdout is none: rows would run
into it.
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
def progress(files: InputFiles) -> Iterator[Any]:
    """Gives what moves the bar: a call with a file and how many of its bytes have been read."""
    sizes = {path: _size(path) for path in files.paths}
    console = Console(stderr=True)
    columns = (TextColumn("scanning"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    hidden = sys.stdout.isatty() or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("scan", total=None if STDIN in sizes else sum(sizes.values()))
        before = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))

        def advance(path: str, position: int) -> None:
            bar.update(task, completed=before[path] + position)

        yield advance


def _size(path: str) -> int:
    """In bytes, 0 where that is not known."""
    try:
        return 0 if path == STDIN else Path(path).stat().st_size
    except OSError:
        return 0
