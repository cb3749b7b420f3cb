"""Another version of the code, to be measured beside this one in the same run."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.interleaved import ROOT


@dataclass(frozen=True, slots=True)
class Tree:
    """A version of the code: how it is called in the table, and the directory it stands in."""

    label: str
    path: Path


def checked_out(name: str, scratch: Path) -> Tree:
    """The tree at a directory, or that of a commit, unpacked below ``scratch``.

    Raises SystemExit with what to give instead where it is neither.
    """
    directory = Path(name).resolve()
    if (directory / "matcher").is_dir():
        return Tree(f"matcher in {directory.name}", directory)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "--format=tar", name], check=False, capture_output=True
    )
    if archive.returncode:
        why = archive.stderr.decode(errors="replace").strip()
        raise SystemExit(
            f"--against {name}: give a git commit, or a directory that holds matcher/ ({why})"
        )
    path = scratch / "against"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(path, filter="data")
    return Tree(f"matcher at {name}", path)
