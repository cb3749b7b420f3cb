"""Finds the files that the paths of a command line stand for."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import UsageError

STDIN = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson")
"""The file names that are read in a directory, with or without ``.gz`` at the end. A file that is
named itself is read whatever its name is.
"""


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files to read, in order, each once. ``passed_over`` are files in directories that are not
    read because of their names.
    """

    paths: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


def find_files(arguments: Iterable[str]) -> InputFiles:
    """Find the files for these arguments: files, directories, globs, and ``-``.

    Raises UsageError that names every argument without a file.
    """
    paths: dict[str, str] = {}
    passed_over: list[str] = []
    missing: list[str] = []
    for argument in arguments:
        found = list(_expand(argument))
        if not found:
            missing.append(argument)
        for path in found:
            if path == STDIN or not Path(path).is_dir():
                paths.setdefault(_identity(path), path)
                continue
            for below in _walk(path):
                if _is_log(below):
                    paths.setdefault(_identity(below), below)
                else:
                    passed_over.append(below)
    if missing:
        raise UsageError("there is no such file or directory: " + ", ".join(missing))
    return InputFiles(tuple(paths.values()), tuple(passed_over))


def _expand(argument: str) -> Iterator[str]:
    if argument == STDIN or os.path.lexists(argument):
        yield argument
    else:
        yield from sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns


def _walk(directory: str) -> Iterator[str]:
    for folder, folders, files in os.walk(directory):
        folders.sort()
        for file in sorted(files):
            yield str(Path(folder) / file)


def _is_log(path: str) -> bool:
    return path.lower().removesuffix(".gz").endswith(SUFFIXES)


def _identity(path: str) -> str:
    return path if path == STDIN else str(Path(path).resolve())
