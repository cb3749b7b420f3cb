"""``matcher scan --workers``: several processes say what one says, byte for byte."""

import gzip
import json
import os
import signal
from pathlib import Path

import pytest

from matcher.errors import EXIT_ALERTS_FOUND, EXIT_OK, EXIT_USAGE, MatcherError
from tests.brokers.process import has_ended, wait_until
from tests.cli.program import EVENTS, run, start

CREATE = {
    "eventVersion": "1.11",
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "awsRegion": "us-east-1",
    "eventTime": "2026-03-14T09:02:41Z",
    "userIdentity": {"type": "IAMUser", "userName": "mallory"},
}


def line(number: int) -> bytes:
    """Every fifth record matches, every eleventh is broken, and all are long."""
    if number % 11 == 1:
        return b'{"cut": '
    name = "CreateUser" if number % 5 == 0 else "ListUsers"
    minute = f"2026-03-14T09:{number % 60:02}:00Z"
    event = CREATE | {"eventName": name, "eventTime": minute, "eventID": f"e-{number}"}
    return json.dumps(event | {"requestParameters": "x" * 6000}).encode()


@pytest.fixture(scope="module")
def events(tmp_path_factory) -> Path:
    """A file of three parts, between others that are one part each."""
    folder = tmp_path_factory.mktemp("events")
    lines = b"\n".join(map(line, range(3000)))
    (folder / "a.json").write_bytes(json.dumps({"Records": [CREATE] * 3}, indent=1).encode())
    (folder / "b.jsonl").write_bytes(b"\n" + lines)
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(lines[:2_000_000])[:-100])
    (folder / "d.json").write_bytes(b"")
    return folder


def scanned(folder: Path, *arguments: str | Path, output: str = "jsonl", given=None):
    summary, rejects = folder / "summary", folder / "rejects"
    files = ["--summary", summary, "--rejects", rejects]
    done = run("scan", *arguments, "--output", output, *files, given=given)
    written = [file.read_bytes() if file.exists() else b"" for file in (summary, rejects)]
    return done.returncode, done.stdout, done.stderr, *written


@pytest.mark.parametrize("output", ["jsonl", "table"])
def test_the_output_is_that_of_one_process(tmp_path, events, output):
    one = scanned(tmp_path, events, EVENTS, output=output)
    assert one[0] == EXIT_OK
    assert one[1].count(b"\n") > 600
    assert one[4].count(b"\n") > 250
    for workers in ("2", "5"):
        assert scanned(tmp_path, events, EVENTS, "--workers", workers, output=output) == one


def test_what_cannot_be_read_is_said_as_by_one_process(tmp_path, events):
    arguments = ["/proc/self/mem", events / "b.jsonl", "--fail-on-alert"]
    one = scanned(tmp_path, *arguments)
    assert one[0] == EXIT_USAGE
    assert b"/proc/self/mem: cannot be read" in one[2]
    assert scanned(tmp_path, *arguments, "--workers", "2") == one


def test_standard_input_and_an_exit_code(tmp_path, events):
    given = (events / "c.jsonl.gz").read_bytes()
    one = scanned(tmp_path, "-", "--fail-on-alert", given=given)
    assert one[0] == EXIT_ALERTS_FOUND
    assert scanned(tmp_path, "-", "--fail-on-alert", "--workers", "2", given=given) == one


def test_a_query_has_no_workers(events):
    done = run("scan", events, "--workers", "2", "--query", "SELECT * FROM events")
    assert done.returncode == EXIT_USAGE
    assert b"--workers" in done.stderr


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.fixture
def waiting(tmp_path):
    """A scan that waits for what is never written, and its two processes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    scanning = start("scan", pipe, "--workers", "2", "--output", "jsonl")
    writer = os.open(pipe, os.O_WRONLY)  # returns once a process reads
    processes = children(scanning.pid)
    assert len(processes) == 2
    yield scanning, processes
    os.close(writer)
    scanning.kill()
    scanning.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(waiting, number):
    scanning, processes = waiting
    scanning.send_signal(number)
    _out, said = scanning.communicate(timeout=60)
    assert scanning.returncode != EXIT_OK
    assert "Traceback" not in said
    wait_until(lambda: all(map(has_ended, processes)), 60, "the end of the processes")


def test_a_process_that_is_killed_is_an_error(waiting):
    scanning, processes = waiting
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    _out, said = scanning.communicate(timeout=60)
    assert scanning.returncode == MatcherError.exit_code
    assert "the process that read it ended before its end" in said
    assert "Traceback" not in said
