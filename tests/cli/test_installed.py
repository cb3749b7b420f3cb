"""The program as it is installed, outside a checkout."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from matcher.errors import EXIT_OK
from tests.cli.program import EVENTS, ROOT

EVENT_FILE = next(EVENTS.glob("*.jsonl"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with what a wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT),
        ],
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def run(
    installed: Path, folder: Path, *arguments: str | Path
) -> "subprocess.CompletedProcess[str]":
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MATCHER_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "matcher", *map(str, arguments)],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_holds_every_rule_that_ships_and_says_that_it_is_typed(installed):
    ours = {path.relative_to(ROOT / "rules") for path in (ROOT / "rules").rglob("*.*")}
    shipped = installed / "matcher" / "shipped_rules"
    assert {path.relative_to(shipped) for path in shipped.rglob("*.*")} == ours
    assert (installed / "matcher" / "py.typed").is_file()


def test_scan_and_check_find_the_shipped_rules_in_an_empty_folder(installed, tmp_path):
    found = run(installed, tmp_path, "scan", EVENT_FILE)
    assert (found.returncode, "cloud-api-t1059-009" in found.stdout) == (EXIT_OK, True), found
    checked = run(installed, tmp_path, "check")
    assert (checked.returncode, "cloud-api-t1059-009" in checked.stdout) == (EXIT_OK, True)


def test_a_folder_of_rules_at_hand_comes_before_the_shipped_ones(installed, tmp_path):
    (tmp_path / "rules").mkdir()
    name = "aws-trail-status.yml"
    (tmp_path / "rules" / name).write_bytes((ROOT / "rules" / name).read_bytes())
    checked = run(installed, tmp_path, "check")
    assert "aws-trail-status" in checked.stdout
    assert "cloud-api-t1059-009" not in checked.stdout


def test_the_version(installed, tmp_path):
    said = run(installed, tmp_path, "--version")
    assert (said.returncode, said.stdout) == (EXIT_OK, f"matcher {version('matcher')}\n")
