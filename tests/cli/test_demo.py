"""``matcher demo``: the bundled events, the user's own, and more than the broker can hold."""

import json
import re
import signal
import urllib.request

import pytest

from matcher.cli.demo_events import bundled_events
from matcher.errors import EXIT_OK, EXIT_USAGE
from tests.cli.program import run, start

QUIET = {
    "eventVersion": "1.11",
    "eventName": "DescribeInstances",
    "eventSource": "ec2.amazonaws.com",
    "awsRegion": "eu-central-1",
    "eventTime": "2026-03-14T09:02:41Z",
    "userIdentity": {"type": "IAMUser", "userName": "alice"},
    "requestParameters": {"padding": "x" * 800},
}
LOUD = QUIET | {"eventName": "RunInstances"}


def number(text: str, row: str) -> int:
    """What the summary says in this row."""
    found = re.search(rf"│\s+{re.escape(row)}\s+│\s+([\d,]+)\s+│", text)
    assert found, f"{row} is not in {text}"
    return int(found[1].replace(",", ""))


def test_the_bundled_events(tmp_path):
    picture = tmp_path / "demo.svg"
    done = run("demo", "--svg", picture)
    text = done.stdout.decode()
    assert done.returncode == EXIT_OK, done.stderr
    assert done.stderr == b""
    assert number(text, "records replayed") == number(text, "records read") == 74
    assert number(text, "events") == 79
    assert number(text, "alerts") == number(text, "events matched") == 28
    assert number(text, "rejected, to the dead-letter topic") == 8
    assert number(text, "skipped, no audit events") == 1
    rows = [line for line in text.splitlines() if line.startswith("2026-")]
    assert len(rows) == 28
    times = [row[:19] for row in rows]
    assert times == sorted(times)
    assert sum("StopLogging" in row for row in rows) == 1
    svg = picture.read_text()
    assert svg.startswith("<svg")
    assert "StopLogging" in svg
    assert "url(" not in svg.replace("url(#", "")


def test_demo_and_scan_call_the_same_an_alert_and_show_the_same_rows():
    demo = run("demo", MATCHER_RULES__PATHS="rules")
    scan = run("scan", *bundled_events(), MATCHER_RULES__PATHS="rules")
    rows = [
        sorted(line for line in done.stdout.decode().splitlines() if line.startswith("2026-"))
        for done in (demo, scan)
    ]
    assert rows[0] == rows[1]
    assert number(demo.stdout.decode(), "alerts") == len(rows[0])
    assert number(demo.stdout.decode(), "high") == 28
    assert f"37 matched, {len(rows[0])} alerts (28 high, " in scan.stderr.decode()


def test_the_users_own_files(tmp_path):
    (tmp_path / "own.jsonl").write_text(f"{json.dumps(LOUD)}\n{json.dumps(QUIET)}\n")
    done = run("demo", tmp_path)
    text = done.stdout.decode()
    assert done.returncode == EXIT_OK, done.stderr
    assert number(text, "events") == 2
    assert number(text, "alerts") == 1


def test_settings_for_a_real_kafka_do_not_disturb(tmp_path):
    (tmp_path / "own.jsonl").write_text(f"{json.dumps(LOUD)}\n")
    done = run(
        "demo",
        tmp_path,
        MATCHER_KAFKA__SECURITY__PROTOCOL="SASL_SSL",
        MATCHER_KAFKA__SECURITY__USERNAME="u",
        MATCHER_KAFKA__SECURITY__PASSWORD="p",  # noqa: S106 - none
        MATCHER_OUTPUT__ALERT_SEVERITY="critical",
    )
    assert done.returncode == EXIT_OK, done.stderr
    assert number(done.stdout.decode(), "alerts") == 1


def test_a_path_that_is_not_there_is_one_message():
    done = run("demo", "gone")
    assert done.returncode == EXIT_USAGE
    assert done.stderr == b"matcher: there is no such file or directory: gone\n"


def test_keep_runs_until_the_signal():
    with start("demo", "--keep") as demo:
        address = ""
        for line in demo.stdout:
            if found := re.match(r"Still running: (\S+)/metrics", line):
                address = found[1]
                break
        with urllib.request.urlopen(f"{address}/readyz") as answer:  # noqa: S310 - ours
            assert answer.status == 200
        demo.send_signal(signal.SIGTERM)
        _out, said = demo.communicate(timeout=100)
    assert demo.returncode == EXIT_OK, said


@pytest.mark.timeout(180)
def test_what_the_broker_cannot_hold_is_paced(tmp_path):
    """50 MB through a broker that keeps 5 MB a partition, with alerts larger than their events."""
    file = tmp_path / "many.jsonl"
    events = alerts = size = 0
    with file.open("w") as out:
        while size < 50_000_000:
            loud = events % 20 == 0
            text = json.dumps((LOUD if loud else QUIET) | {"eventID": f"e-{events}"})
            out.write(text + "\n")
            size += len(text)
            events += 1
            alerts += loud
    done = run("demo", file, timeout=170)
    text = done.stdout.decode()
    assert done.returncode == EXIT_OK, done.stderr
    assert number(text, "records replayed") == number(text, "records read") == events
    assert number(text, "events") == events
    assert number(text, "alerts") == number(text, "events matched") == alerts
