"""The program as a process, and as a call."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERBATIM = ROOT / "rules" / "cloud-api-t1059-009.yml"
EVENTS = ROOT / "matcher" / "cli" / "demo_events"


def environment(**settings: str) -> dict[str, str]:
    """Ours without settings that the machine may have, with the verbatim rule, and with these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MATCHER_")}
    return kept | {"MATCHER_RULES__PATHS": str(VERBATIM), **settings}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "matcher", *map(str, arguments)]


def run(*arguments: str | Path, given: bytes | None = None, timeout: float = 100, **settings: str):
    """Run it to its end; stdout and stderr are bytes."""
    return subprocess.run(
        command(*arguments),
        input=given,
        capture_output=True,
        env=environment(**settings),
        cwd=ROOT,
        timeout=timeout,
        check=False,
    )


def start(*arguments: str | Path, **settings: str) -> "subprocess.Popen[str]":
    """Start it; the caller ends it. stderr is read by the caller, or it may block."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**settings),
        cwd=ROOT,
    )
