"""On what machine a run was, and of which commit of the code."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.interleaved import ROOT
from benchmarks.report import Machine, Run


def this_machine() -> Machine:
    """The processor by its maker's name where the system tells it."""
    return Machine(_processor(), os.cpu_count() or 1, platform.system(), platform.python_version())


def this_run(rounds: int, *, quick: bool) -> Run:
    """Of today, of the commit that is checked out; a ``+`` behind it says that files differ."""
    return Run(datetime.now(UTC).date().isoformat(), _commit(), rounds, quick)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
