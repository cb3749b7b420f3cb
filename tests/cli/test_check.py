"""``matcher check`` and ``matcher test``."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from matcher.cli.main import main
from matcher.errors import EXIT_OK, EXIT_RULES, EXIT_USAGE
from tests.cli.program import VERBATIM

GOOD = VERBATIM.read_text()
ALWAYS = """\
id: every-failure
title: Any refused call
version: "1"
severity: low
query: |
  SELECT username FROM events WHERE NOT username = 'nobody'
"""
FAILING = """\
id: wrong-test
title: A test that is wrong
version: "1"
severity: low
query: |
  SELECT qid FROM events WHERE QIDNAME(qid) = 'CreateUser'
tests:
  - name: lists are no creations
    event: {eventSource: iam.amazonaws.com, eventName: CreateUser, awsRegion: us-east-1}
    match: false
  - name: creations are
    event: {eventSource: iam.amazonaws.com, eventName: CreateUser, awsRegion: us-east-1}
    match: true
"""


@pytest.fixture
def rules(tmp_path):
    def write(**files: str):
        for name, text in files.items():
            (tmp_path / f"{name}.yml").write_text(text)
        return str(tmp_path)

    return write


def checked(capsys, *arguments: str) -> tuple[int, list[dict]]:
    code = main(["check", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)["rules"]


def test_an_accepted_rule(capsys, rules):
    code, (row,) = checked(capsys, rules(good=GOOD))
    assert code == EXIT_OK
    assert (row["id"], row["status"], row["language"]) == ("cloud-api-t1059-009", "ok", "aql")
    assert row["file"].endswith("good.yml")
    assert {"createuser", "roleassignments/write"} <= set(row["literals"])
    assert row["always_evaluated"] is None
    assert row["fields"] == ["LOGSOURCETYPENAME(logsourceid)", "QIDNAME(qid)", "UTF8(payload)"]
    assert len(row["log_source_types"]) == 3
    assert any("LIMIT 500" in note for note in row["notes"])


def test_a_rule_without_literals_says_why(capsys, rules):
    _code, (row,) = checked(capsys, rules(always=ALWAYS))
    assert row["literals"] is None
    assert row["always_evaluated"]


def test_warnings_stand_in_the_row_and_end_well_unless_asked_otherwise(capsys, rules):
    path = rules(good=GOOD)
    code, (row,) = checked(capsys, path)
    assert code == EXIT_OK
    first = row["lints"][0]
    assert first.keys() == {"code", "message", "hint", "line", "column"}
    assert (first["code"], first["line"]) == ("strict-property", 64)
    assert checked(capsys, path, "--strict-lints")[0] == EXIT_RULES


def test_warnings_in_the_table(capsys, rules):
    assert main(["check", rules(good=GOOD)]) == EXIT_OK
    out = capsys.readouterr().out
    assert "aws-name-unknown" in out
    assert "17 warnings (docs/lints.md; in full with --details)" in out


@pytest.mark.parametrize("query", [False, True])
def test_on_a_narrow_terminal_a_warning_is_one_line_unless_details_are_asked_for(
    capsys, rules, monkeypatch, query
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    about = ["--query", "QIDNAME(qid) = 'ConsoleLogn'"] if query else [rules(good=GOOD)]
    assert main(["check", *about]) == EXIT_OK
    lines = [re.sub("\x1b.*?m", "", line) for line in capsys.readouterr().out.splitlines()]
    warned = [line for line in lines if "aws-name-unknown: " in line]
    assert len(warned) == 1
    assert warned[0].endswith("…")
    assert max(map(len, lines)) <= 80
    assert main(["check", *about, "--details"]) == EXIT_OK
    whole = " ".join(re.sub("\x1b.*?m", "", capsys.readouterr().out).split())
    assert "the nearest name is" in whole
    assert "…" not in whole


def test_the_short_view_names_the_file_of_a_warning_and_leaves_the_rest_to_details(capsys, rules):
    path = rules(good=GOOD, always=ALWAYS)
    assert main(["check", path]) == EXIT_OK
    short = capsys.readouterr().out
    assert f"   file: {path}/good.yml\n   strict-property: 64:5: in a QRadar: " in short
    assert "   always evaluated: " in short
    assert "literals" not in short
    assert main(["check", path, "--details"]) == EXIT_OK
    assert "literals" in capsys.readouterr().out


def test_a_refused_rule_is_shown_beside_the_others(capsys, rules):
    code, rows = checked(capsys, rules(good=GOOD, bad=ALWAYS.replace("username =", "usrname =")))
    assert code == EXIT_RULES
    assert [row["status"] for row in rows] == ["ok", "refused"]
    (error,) = rows[1]["errors"]
    assert rows[1]["file"].endswith("bad.yml")
    assert error["line"] == 6
    assert "^" in error["text"]


def test_the_table_for_a_person(capsys, rules):
    code = main(["check", rules(good=GOOD, always=ALWAYS, bad="id: [")])
    out = capsys.readouterr().out
    assert code == EXIT_RULES
    assert "ok cloud-api-t1059-009" in out
    assert "always evaluated" in out
    assert "refused " in out
    assert "2 rules can run, 1 file refused" in out


def test_without_arguments_the_settings_rules_are_checked(capsys, monkeypatch, rules):
    monkeypatch.setenv("MATCHER_RULES__PATHS", rules(always=ALWAYS))
    assert checked(capsys)[1][0]["id"] == "every-failure"


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_path_that_is_not_there(capsys, command):
    assert main([command, "gone"]) == EXIT_USAGE
    assert "gone" in capsys.readouterr().err


def test_tests_that_pass(capsys, rules, tmp_path):
    report = tmp_path / "report.xml"
    assert main(["test", rules(good=GOOD, always=ALWAYS), "--junit", str(report)]) == EXIT_OK
    seen = capsys.readouterr()
    assert " 0 failed" in seen.out
    assert (
        "rule every-failure lacks a test that it matches and a test that it does not match"
        in seen.err
    )
    suite = ET.parse(report).getroot()  # noqa: S314 - we wrote it
    assert suite.get("failures") == "0"
    assert len(suite) == int(suite.get("tests") or 0) > 10


def test_tests_that_fail(capsys, rules, tmp_path):
    report = tmp_path / "report.xml"
    assert main(["test", rules(wrong=FAILING), "--junit", str(report)]) == EXIT_RULES
    out = capsys.readouterr().out
    assert "FAIL wrong-test: lists are no creations" in out
    assert "ok   wrong-test: creations are" in out
    assert "2 tests, 1 failed" in out
    failures = ET.parse(report).getroot().findall("testcase/failure")  # noqa: S314 - we wrote it
    assert [failure.get("message") for failure in failures] == ["a match, and none is expected"]


def test_a_test_that_fails_shows_what_each_condition_saw(capsys, rules):
    main(["test", rules(wrong=FAILING)])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = lines.index("FAIL wrong-test: lists are no creations")
    assert "a match, and none is expected" in lines[at + 1]
    assert lines[at + 2] == "CreateUser, Amazon AWS CloudTrail:"
    assert any(line.startswith("+ ") and "is 'CreateUser'" in line for line in lines[at + 3 :])


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_tests_that_pass_are_not_shown_where_that_is_asked_for(capsys, rules, option):
    assert main(["test", option, rules(good=GOOD, always=ALWAYS)]) == EXIT_OK
    seen = capsys.readouterr()
    assert len(seen.out.splitlines()) == 1
    assert " 0 failed" in seen.out
    assert seen.err == ""
    assert main(["test", option, rules(wrong=FAILING)]) == EXIT_RULES
    out = capsys.readouterr().out
    assert "FAIL wrong-test: lists are no creations" in out
    assert "creations are" not in out


def test_a_refused_rule_stops_the_tests(capsys, rules):
    assert main(["test", rules(bad="id: [")]) == EXIT_RULES
    assert "bad.yml" in capsys.readouterr().err


IDLE = """\
title: Many
id: 0e95725d-7320-415d-80f7-004da920fc11
correlation:
  {type: event_count, rules: [x], group-by: [a], timespan: 5m, condition: {gte: 5}}
"""
WITHOUT = """\
id: quiet
title: T
version: 1
severity: low
query: username = 'root'
{more}
tests:
  - {{name: yes, match: true, event: {{a: 1}}}}
  - {{name: no, match: false, event: {{a: 1}}}}
"""


@pytest.mark.parametrize(
    "text",
    [
        IDLE,
        WITHOUT.format(more="except: [{username: root}]"),
        WITHOUT.format(more="correlation: {count: 5}"),
    ],
)
def test_strict_lints_take_nothing_that_is_not_evaluated(capsys, rules, text):
    path = rules(quiet=WITHOUT.format(more=""), other=text.replace("quiet", "other"))
    code, rows = checked(capsys, path, "--strict-lints")
    assert code == EXIT_RULES
    assert ["not-evaluated"] in [[one["code"] for one in row["lints"]] for row in rows]
    assert main(["check", path]) == EXIT_OK
    assert "1 warning (docs/lints.md; " in capsys.readouterr().out


def test_strict_lints_take_what_draws_no_warning(capsys, rules):
    assert checked(capsys, rules(quiet=WITHOUT.format(more="")), "--strict-lints")[0] == EXIT_OK
