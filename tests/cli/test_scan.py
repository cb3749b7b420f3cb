"""``matcher scan`` as a user calls it."""

import contextlib
import gzip
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.cli.main import main
from matcher.errors import EXIT_ALERTS_FOUND, EXIT_CONFIG, EXIT_OK, EXIT_RULES, EXIT_USAGE
from tests.cli.program import EVENTS, ROOT, VERBATIM, run, start

CREATE = {
    "eventVersion": "1.11",
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "awsRegion": "us-east-1",
    "eventTime": "2026-03-14T09:02:41Z",
    "eventID": "6b1b4d3f-0000-4000-8000-000000000001",
    "userIdentity": {"type": "IAMUser", "userName": "mallory"},
}
LIST = CREATE | {"eventName": "ListUsers"}


def line(*events: object) -> str:
    document = {"Records": list(events)} if len(events) != 1 else events[0]
    return json.dumps(document) + "\n"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("MATCHER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MATCHER_RULES__PATHS", str(VERBATIM))
    monkeypatch.chdir(ROOT)


@pytest.fixture
def scan(tmp_path, capsysbinary):
    """Scan with jsonl output: exit code, alerts, summary, rejects."""

    def call(*arguments):
        summary, rejects = tmp_path / "summary.json", tmp_path / "rejects.jsonl"
        files = ["--summary", str(summary), "--rejects", str(rejects)]
        code = main(["scan", *map(str, arguments), "--output", "jsonl", *files])
        alerts = [json.loads(row) for row in capsysbinary.readouterr().out.splitlines()]
        found = [json.loads(row) for row in rejects.read_text().splitlines()]
        return code, alerts, json.loads(summary.read_text()), found

    return call


def test_alerts_say_file_line_and_index(scan, tmp_path):
    file = tmp_path / "e.jsonl"
    file.write_text(line(LIST) + "\n" + line(CREATE) + line(LIST, CREATE, LIST, CREATE))
    code, alerts, summary, rejects = scan(file)
    assert code == EXIT_OK
    assert [alert["origin"] for alert in alerts] == [
        {"file": str(file), "line": 3, "index": 0},
        {"file": str(file), "line": 4, "index": 1},
        {"file": str(file), "line": 4, "index": 3},
    ]
    assert rejects == []
    assert summary == {
        "records": 3,
        "events": 6,
        "matched": 3,
        "alerts": 3,
        "events_by_log_source": {"Amazon AWS CloudTrail": 6},
        "alerts_by_rule": {"cloud-api-t1059-009": 3},
        "rejects": {},
        "skipped": {},
    }


def test_starttime_is_the_events_own_time(scan, tmp_path):
    file = tmp_path / "e.json"
    file.write_text(line(CREATE))
    _code, (alert,), _summary, _rejects = scan(file)
    assert alert["event"]["starttime"] == alert["event"]["devicetime"] == 1773478961000


def test_a_pretty_printed_document_is_one_record(scan, tmp_path):
    file = tmp_path / "e.json"
    file.write_text(json.dumps({"Records": [LIST, CREATE]}, indent=2))
    _code, (alert,), summary, _rejects = scan(file)
    assert alert["origin"] == {"file": str(file), "line": 1, "index": 1}
    assert summary["records"] == 1


def test_rejects_have_reason_file_line_index_and_detail(scan, tmp_path):
    file = tmp_path / "e.jsonl"
    file.write_text(
        line(CREATE) + "not json\n" + line(CREATE, 7, CREATE) + '{"Records":[{"a":1},{"b"'
    )
    _code, alerts, summary, rejects = scan(file)
    assert len(alerts) == 3
    assert [(row["reason"], row["line"], row["index"]) for row in rejects] == [
        ("not_json", 2, 0),
        ("not_an_object", 3, 1),
        ("truncated", 4, 1),
    ]
    assert all(row["file"] == str(file) and row["detail"] for row in rejects)
    assert summary["rejects"] == {"not_an_object": 1, "not_json": 1, "truncated": 1}


def test_what_is_skipped_is_counted(scan, tmp_path):
    file = tmp_path / "e.jsonl"
    control = {"messageType": "CONTROL_MESSAGE", "owner": "x", "logEvents": []}
    file.write_text(line(LIST) + line(control))
    assert scan(file)[2]["skipped"] == {"control_message": 1}


@pytest.mark.parametrize("document", [False, True])
def test_a_cut_gzip_keeps_what_was_whole_and_is_one_reject(scan, tmp_path, document):
    events = [CREATE | {"eventID": f"e-{n}", "noise": os.urandom(60).hex()} for n in range(400)]
    text = json.dumps({"Records": events}) if document else "".join(map(line, events))
    squeezed = gzip.compress(text.encode())
    file = tmp_path / "e.json.gz"
    file.write_bytes(squeezed[: len(squeezed) // 2])
    code, alerts, summary, rejects = scan(file)
    assert code == EXIT_OK
    assert 50 < len(alerts) < 350
    assert [row["reason"] for row in rejects] == ["bad_gzip"]
    assert summary["rejects"] == {"bad_gzip": 1}


def test_an_empty_file_is_a_reject(scan, tmp_path):
    file = tmp_path / "e.json"
    file.write_bytes(b"")
    assert scan(file)[3][0]["reason"] == "empty"


def test_several_files_add_up(scan, tmp_path):
    (tmp_path / "a.json").write_text(line(CREATE))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((line(CREATE) + line(LIST)).encode()))
    (tmp_path / "readme.txt").write_text("not read")
    _code, alerts, summary, _rejects = scan(tmp_path)
    assert [Path(alert["origin"]["file"]).name for alert in alerts] == [
        "a.json",
        "b.jsonl.gz",
    ]
    assert summary["events"] == 3


def test_fail_on_alert(scan, tmp_path):
    file = tmp_path / "e.json"
    file.write_text(line(CREATE))
    assert scan(file, "--fail-on-alert")[0] == EXIT_ALERTS_FOUND
    file.write_text(line(LIST))
    assert scan(file, "--fail-on-alert")[0] == EXIT_OK


def test_the_profile_is_used(scan, tmp_path):
    file = tmp_path / "e.json"
    file.write_text(line(LIST))
    default = scan(file)[2]["events_by_log_source"]
    assert main(["scan", str(file), "--profile", "nonsense"]) == EXIT_CONFIG
    assert scan(file, "--profile", "qradar-stock")[2]["events_by_log_source"].keys() != {}
    assert default == {"Amazon AWS CloudTrail": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone.json"], EXIT_USAGE, "there is no such file or directory: gone.json"),
        (["pyproject.toml", "--rules", "gone"], EXIT_USAGE, "no such rule file or directory: gone"),
        (["pyproject.toml", "--summary", "/gone/s.json"], EXIT_USAGE, "/gone/s.json"),
        (["pyproject.toml", "--rejects", "/gone/r"], EXIT_USAGE, "/gone/r: cannot be written"),
        (["pyproject.toml", "--set", "nonsense"], EXIT_USAGE, "--set nonsense: write it as"),
        (["pyproject.toml", "--set", "http.prot=1"], EXIT_CONFIG, "did you mean port?"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_message_and_an_exit_code(capsys, arguments, code, said):
    assert main(["scan", *arguments]) == code
    seen = capsys.readouterr().err
    assert said in seen
    assert "Traceback" not in seen


def test_a_rule_that_does_not_compile_stops_the_scan(capsys, tmp_path):
    rule = tmp_path / "bad.yml"
    text = VERBATIM.read_text()
    rule.write_text(text.replace("QIDNAME(qid) IN", "QIDNAME(qid) INN"))
    assert main(["scan", str(EVENTS), "--rules", str(rule)]) == EXIT_RULES
    said = capsys.readouterr().err
    assert f"{rule}:" in said
    assert "^" in said


def test_standard_input_and_a_table():
    done = run("scan", "-", given=(line(LIST) + line(CREATE)).encode())
    assert done.returncode == EXIT_OK
    heading, row = done.stdout.decode().splitlines()
    assert heading.startswith("time (UTC)")
    assert "CreateUser" in row
    assert "2 records, 2 events: 1 matched, 1 alert," in done.stderr.decode()
    squeezed = run("scan", "-", "--output", "jsonl", given=gzip.compress(line(CREATE).encode()))
    assert json.loads(squeezed.stdout)["origin"] == {"file": "-", "line": 1, "index": 0}


def test_the_table_of_files_is_in_the_order_of_time(tmp_path):
    for name, minute in (("a", 3), ("b", 1), ("c", 2)):
        event = CREATE | {"eventTime": f"2026-03-14T09:0{minute}:00Z"}
        (tmp_path / f"{name}.json").write_text(json.dumps(event))
    done = run("scan", tmp_path)
    assert [row[:19] for row in done.stdout.decode().splitlines()[1:]] == [
        f"2026-03-14 09:0{minute}:00" for minute in (1, 2, 3)
    ]


@pytest.mark.parametrize(("output", "has_bar"), [("table", True), ("jsonl", False)])
def test_on_a_terminal_the_bar_is_shown_where_no_row_runs_into_it(tmp_path, output, has_bar):
    file = tmp_path / "e.json"
    file.write_text(line(CREATE))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "matcher", "scan", "--rules", VERBATIM, file]
    command += ["--output", output]
    environment = os.environ | {"TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as scanning:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal is an error
            while some := os.read(ours, 65536):
                said += some
    os.close(ours)
    assert scanning.returncode == EXIT_OK
    assert (b"scanning" in said) is has_bar
    assert said.rindex(b"CreateUser") > said.rfind(b"scanning")


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    file = tmp_path / "e.jsonl"
    file.write_text(line(CREATE) * 2000)
    with start("scan", file, "--output", "jsonl") as scanning:
        assert scanning.stdout.readline().startswith('{"schema"')
        scanning.stdout.close()
        said = scanning.stderr.read()
    assert "Traceback" not in said
    assert scanning.returncode == 1


def test_the_bundled_events_are_what_they_are_said_to_be(scan):
    _code, alerts, summary, rejects = scan(EVENTS)
    assert summary["records"] == 74
    assert summary["matched"] == len(alerts) == 28
    assert set(summary["events_by_log_source"]) == {
        "Amazon AWS CloudTrail",
        "Azure Activity Log",
        "Azure Audit Log",
        "Azure Sign-in Log",
        "Unknown",
    }
    assert {row["reason"] for row in rejects} == {"empty", "not_an_object", "not_json", "truncated"}
    assert summary["skipped"] == {"control_message": 1}
    assert {alert["event"]["sourceip"] for alert in alerts} == {
        "203.0.113.77",
        "2001:db8:77::5",
        "192.0.2.40",
        None,
    }
