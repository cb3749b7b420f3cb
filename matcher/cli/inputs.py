"""Which files the paths of a command line mean."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import UsageError

STDIN = "-"
SUFFIXES = (".json", ".jsonl", ".ndjson")
"""What is read inside a directory, with or without ``.gz`` behind it; a file that is named is
read whatever it is called."""


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files to read, in order, each once. ``passed_over`` are those in directories whose
    names say that they hold something else.
    """

    paths: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


def find_files(arguments: Iterable[str]) -> InputFiles:
    """The files that files, directories, globs and ``-`` mean.

    Raises UsageError, with every argument that means nothing, where one does.
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
