"""``scan --query`` and ``check --query`` as a user calls them."""

import csv
import io
import json
import os

import pytest
import yaml

from matcher.cli.main import main
from matcher.errors import EXIT_ALERTS_FOUND, EXIT_OK, EXIT_RULES, EXIT_USAGE
from tests.cli.program import ROOT, run

DIAGNOSTIC = ["code", "message", "file", "line", "column", "hint"]


def event(name: str, minute: int, user: str | None = "mallory", **more: object) -> dict:
    return {
        "eventVersion": "1.11",
        "eventName": name,
        "eventSource": "iam.amazonaws.com",
        "awsRegion": "us-east-1",
        "eventTime": f"2026-03-14T09:{minute:02}:30Z",
        "eventID": f"6b1b4d3f-0000-4000-8000-0000000000{minute:02}",
        "userIdentity": {"type": "IAMUser", **({"userName": user} if user else {})},
        **more,
    }


EVENTS = [
    event("CreateUser", 1, sourceIPAddress="10.0.0.1"),
    event("ListUsers", 2, "alice", sourceIPAddress="9.0.0.2"),
    event("CreateUser", 3, None, sourceIPAddress="2001:db8::7"),
    event("DeleteUser", 4, 'bob "b"\n=1,é'),
    event("CreateUser", 5, "alice", sourceIPAddress="10.0.0.1"),
]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("MATCHER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(ROOT)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(e) + "\n" for e in EVENTS) + "{broken\n", "utf-8")
    return str(path)


@pytest.fixture
def ask(file, capsysbinary):
    """The rows of a query's answer, as lists of values."""

    def call(query: str, *options: str) -> list[list]:
        code = main(["scan", "--query", query, file, "--output", "jsonl", *options])
        out = capsysbinary.readouterr()
        assert code == EXIT_OK, out.err
        return [list(json.loads(line).values()) for line in out.out.splitlines()]

    return call


def minutes(rows: list[list]) -> list[int]:
    return [row[0] // 60_000 % 60 for row in rows]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("", [1, 3, 5]),
        ("LIMIT 2", [1, 3]),
        ("LIMIT 0", []),
        ("ORDER BY starttime DESC", [5, 3, 1]),
        ("ORDER BY starttime DESC LIMIT 1", [5]),
        ("ORDER BY username", [3, 5, 1]),
        ("ORDER BY username DESC", [1, 5, 3]),
        ("ORDER BY QIDNAME(qid), t DESC", [5, 3, 1]),
        ("ORDER BY region", [1, 3, 5]),
        ("ORDER BY region DESC LIMIT 2", [1, 3]),
        ("LAST 57 MINUTES", [3, 5]),
        ("START '2026-03-14 09:01' STOP '2026-03-14 09:03'", [1]),
        ("START '2026-03-14 09:01:59' STOP '2026-03-14 09:03:01'", [1, 3]),
        ("START '2026-03-14 09:03'", [3, 5]),
        ("START PARSEDATETIME('57 minutes ago') STOP PARSEDATETIME('now')", [3, 5]),
    ],
)
def test_a_query_is_sorted_cut_and_bounded_in_time(ask, tail, expected):
    query = f"SELECT starttime AS t FROM events WHERE QIDNAME(qid) = 'CreateUser' {tail}"  # noqa: S608 - AQL
    assert minutes(ask(query, "--now", "2026-03-14T10:00:00Z")) == expected


def test_many_rows_are_cut_while_they_come(ask, monkeypatch):
    monkeypatch.setattr("matcher.cli.answer._KEPT_BEFORE_CUTTING", 1)
    query = "SELECT starttime FROM events ORDER BY starttime DESC LIMIT 1"
    assert minutes(ask(query)) == [5]


def test_a_relative_time_counts_from_the_clock_unless_now_is_given(ask):
    query = "SELECT starttime FROM events LAST 1 HOURS"
    assert ask(query) == []
    assert minutes(ask(query, "--now", "2026-03-14T10:03:00")) == [3, 4, 5]


def test_the_console_has_a_time_zone(ask):
    query = "SELECT DATEFORMAT(starttime, 'HH') AS h FROM events START '2026-03-14 10:05'"
    assert ask(query, "--set", "aql.time_zone=Europe/Berlin") == [["10"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT COUNT(*) FROM events", [[5]]),
        ("SELECT COUNT(username), UNIQUECOUNT(username) FROM events", [[4, 3]]),
        (
            "SELECT username, COUNT(*) AS n FROM events GROUP BY username ORDER BY n DESC LIMIT 2",
            [["alice", 2], ["mallory", 1]],
        ),
        (
            "SELECT QIDNAME(qid) AS what, COUNT(*) FROM events GROUP BY what HAVING COUNT(*) > 1",
            [["CreateUser", 3]],
        ),
        (
            (
                "SELECT FIRST(username), LAST(username), QIDNAME(qid) FROM events GROUP BY qid "
                "HAVING LAST(username) = 'alice' ORDER BY COUNT(*)"
            ),
            [["alice", "alice", "ListUsers"], ["mallory", "alice", "CreateUser"]],
        ),
        (
            (
                "SELECT username FROM events WHERE QIDNAME(qid) = 'CreateUser' "
                "GROUP BY username ORDER BY username DESC"
            ),
            [["mallory"], ["alice"], [None]],
        ),
        ("SELECT IF SUM(eventcount) > 4 THEN 'many' ELSE 'few' FROM events", [["many"]]),
        ("SELECT SUM(eventcount) * 2 + AVG(magnitude - magnitude) FROM events", [[10]]),
        ("SELECT MIN(sourceip), MAX(sourceip) FROM events", [["9.0.0.2", "2001:db8::7"]]),
        (
            "SELECT DISTINCT sourceip FROM events ORDER BY sourceip DESC",
            [["2001:db8::7"], ["10.0.0.1"], ["9.0.0.2"], [None]],
        ),
        ("SELECT DISTINCT QIDNAME(qid) FROM events LIMIT 2", [["CreateUser"], ["ListUsers"]]),
        ("SELECT COUNT(*), MAX(username), SUM(qid) FROM events WHERE qid < 0", [[0, None, None]]),
        ("SELECT qid, COUNT(*) FROM events WHERE qid < 0 GROUP BY qid", []),
        ("SELECT COUNT(*) FROM events WHERE qid < 0 HAVING username IS NOT NULL", []),
        ("SELECT COUNT(*) FROM events WHERE qid < 0 HAVING NOT qid = 1", [[0]]),
        (
            "SELECT COUNT(*) FROM events GROUP BY DATEFORMAT(starttime, 'mm') LAST 57 MINUTES",
            [[1], [1], [1]],
        ),
    ],
)
def test_events_are_grouped_and_counted(ask, query, expected):
    assert ask(query, "--now", "2026-03-14T10:00:00Z") == expected


def test_columns_of_groups_are_named_as_qradar_names_them(file, capsysbinary):
    query = (
        'SELECT username, sourceip, COUNT(*), COUNT(sourceip), MAX("Event ID"), region AS r, '
        "MAX(LOWER(username)) FROM events GROUP BY USERNAME"
    )
    assert main(["scan", "--query", query, file, "--output", "csv"]) == EXIT_OK
    heading = capsysbinary.readouterr().out.splitlines()[0].decode()
    assert heading == (
        "username,FIRST_sourceip,COUNT,COUNT_sourceip,MAX_Event ID,r,MAX(LOWER(username))"
    )


def test_a_column_without_an_alias_is_sorted_by_its_name(ask):
    query = "SELECT username, COUNT(*) FROM events GROUP BY username HAVING COUNT > 1"
    assert ask(query) == [["alice", 2]]


def test_json_lines_hold_the_aliases_in_order(file, capsysbinary):
    query = "SELECT username AS 'Who', QIDNAME(qid) AS \"What\", severity * 2 FROM events LIMIT 1"
    assert main(["scan", "--query", query, file, "--output", "jsonl"]) == EXIT_OK
    out = capsysbinary.readouterr()
    assert json.loads(out.out) == {"Who": "mallory", "What": "CreateUser", "severity * 2": 6}
    assert list(json.loads(out.out)) == ["Who", "What", "severity * 2"]
    assert b"1 file, " in out.err


def test_what_is_not_as_it_reads_is_said_beside_the_answer(file, capsys):
    query = "SELECT username FROM events WHERE username IN ('alice', NULL)"
    assert main(["scan", "--query", query, file, "--output", "jsonl"]) == EXIT_OK
    out = capsys.readouterr()
    assert out.out.count("alice") == 2
    assert "note: NULL in a list equals nothing" in out.err


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1+2", "'-1+2"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\N{REPLACEMENT CHARACTER}=1"),
        ("a\x1b[31mred\x9b0m", "a\ufffd[31mred\ufffd0m"),
        ("a-b=c", "a-b=c"),
    ],
)  # fmt: skip
def test_csv_holds_nothing_that_a_terminal_or_a_spreadsheet_obeys(
    tmp_path, capsysbinary, text, cell
):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"eventName": "A", "eventSource": "x", "userAgent": text}))
    query = 'SELECT "User Agent", -severity FROM events'
    assert main(["scan", "--query", query, str(file), "--output", "csv"]) == EXIT_OK
    out = capsysbinary.readouterr().out.decode()
    rows = list(csv.reader(io.StringIO(out, newline="")))
    assert rows[1] == [cell, "-1"], "a number stays a number"


def test_csv_keeps_every_value_apart(file, capsysbinary):
    query = "SELECT username AS 'a,b', region, payload FROM events WHERE NOT username = 'alice'"
    assert main(["scan", "--query", query, file, "--output", "csv"]) == EXIT_OK
    out = capsysbinary.readouterr()
    rows = list(csv.reader(io.StringIO(out.out.decode(), newline="")))
    assert rows[0] == ["a,b", "region", "payload"]
    assert [row[0] for row in rows[1:]] == ["mallory", "", 'bob "b"\n=1,é']
    assert [json.loads(row[2])["eventName"] for row in rows[1:]] == [
        "CreateUser",
        "CreateUser",
        "DeleteUser",
    ]
    assert b"5 events: 3 rows, 1 rejected" in out.err


def test_a_table_shows_no_control_characters(file, capsys):
    query = "SELECT username AS Who FROM events WHERE QIDNAME(qid) = 'DeleteUser'"
    assert main(["scan", "--query", query, file]) == EXIT_OK
    heading, row = capsys.readouterr().out.splitlines()
    assert (heading.strip(), row.strip()) == ("Who", 'bob "b"\ufffd=1,é')


def test_a_star_and_a_filter_show_the_usual_fields(file, capsysbinary):
    for query in ("username = 'mallory'", "SELECT *, qid AS q FROM events LIMIT 1"):
        assert main(["scan", "--query", query, file, "--output", "jsonl"]) == EXIT_OK
        row = json.loads(capsysbinary.readouterr().out)
        assert (row["username"], row["qidname"]) == ("mallory", "CreateUser")
        assert ("q" in row) is ("*" in query)


def test_a_query_comes_from_a_file_or_from_standard_input(file, tmp_path):
    text = b"\xef\xbb\xbfSELECT username FROM events LIMIT 1"
    (tmp_path / "q.aql").write_bytes(text)
    options = ("--output", "csv")
    from_file = run("scan", "--query", f"@{tmp_path}/q.aql", file, *options)
    from_stdin = run("scan", "--query", "-", file, *options, given=text)
    assert from_file.stdout == from_stdin.stdout == b"username\r\nmallory\r\n"
    assert from_file.returncode == from_stdin.returncode == EXIT_OK


def test_the_published_query_is_answered(capsysbinary):
    rule = yaml.safe_load((ROOT / "rules" / "cloud-api-t1059-009.yml").read_text())
    text = rule["query"].replace("LAST 1 DAYS", "LAST 9000 DAYS")
    events = str(ROOT / "matcher" / "cli" / "demo_events")
    assert main(["scan", "--query", text, events, "--output", "jsonl"]) == EXIT_OK
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert len(rows) > 1
    assert rows == sorted(rows, key=lambda row: row["Event Time"], reverse=True)


def test_rows_may_end_in_an_exit_code(file):
    assert main(["scan", "--query", "qid > 0", file, "--fail-on-alert"]) == EXIT_ALERTS_FOUND
    assert main(["scan", "--query", "qid < 0", file, "--fail-on-alert"]) == EXIT_OK


@pytest.mark.parametrize(
    "options",
    [
        ("--query", "qid = 1", "--rejects", "x"),
        ("--query", "qid = 1", "--now", "soon"),
        ("--query", "@/nowhere/q.aql"),
        ("--output", "csv"),
        ("--now", "2026-01-01"),
    ],
)
def test_options_that_do_not_fit(file, options, capsys):
    assert main(["scan", file, *options]) == EXIT_USAGE
    assert capsys.readouterr().err


def test_a_refused_query_ends_the_scan(file, capsys):
    assert main(["scan", "--query", "nope = 1 AND nada = 2", file]) == EXIT_RULES
    assert capsys.readouterr().err.count("unknown property") == 2


def checked(capsys, *arguments: str) -> tuple[int, dict]:
    code = main(["check", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_check_says_that_a_statement_can_be_used(capsys):
    query = "SELECT qid FROM events WHERE QIDNAME(qid) = 'A' START '2026-01-01 00:00'"
    code, found = checked(capsys, "--query", query)
    assert (code, found["status"], found["diagnostics"]) == (EXIT_OK, "ok", [])
    assert found["canonical"].startswith("QIDNAME(qid) = 'A' AND starttime >= ")
    assert main(["check", "--query", query]) == EXIT_OK
    assert capsys.readouterr().out.startswith("ok")


def test_check_says_how_groups_are_made(capsys):
    query = "SELECT username, COUNT(*) FROM events WHERE severity > 3 GROUP BY username"
    code, found = checked(capsys, "--query", query)
    assert (code, found["status"], found["canonical"]) == (EXIT_OK, "ok", "severity > 3")


def test_check_reports_every_fault_in_a_file(capsys, tmp_path):
    file = tmp_path / "q.aql"
    file.write_text("usrname = 'a'\nAND nope = 2")
    for argument in (str(file), f"@{file}"):
        code, found = checked(capsys, "--query", argument)
        assert (code, found["status"]) == (EXIT_RULES, "refused")
        first, second = found["diagnostics"]
        assert list(first) == DIAGNOSTIC
        assert (first["code"], first["file"]) == ("unknown-property", str(file))
        assert "username" in first["hint"]
        assert (second["line"], second["column"]) == (2, 5)
    assert main(["check", "--query", str(file)]) == EXIT_RULES
    assert f"{file}:2:5: unknown property" in capsys.readouterr().out


def test_check_knows_both_dialects(capsys):
    query = "LAST 1 DAYS AND qid = 1"
    assert checked(capsys, "--query", query)[0] == EXIT_OK
    code, found = checked(capsys, "--query", query, "--dialect", "strict")
    assert code == EXIT_RULES
    assert [d["code"] for d in found["diagnostics"]] == ["strict-last-in-where"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (b"qid = 1\nAND \xff", "encoding", (2, 5)),
        (b"x" * 1_000_000, "too-long", (1, 200_001)),
        (b"(" * 10_000, "too-deep", None),
        (b"", "empty", (1, 1)),
        (b"username MATCHES '(a)\\1'", "bad-pattern", (1, 18)),
    ],
)
def test_bad_input_is_a_diagnostic(text, code, place):
    done = run("check", "--query", "-", "--format", "json", given=text)
    assert done.returncode == EXIT_RULES, done.stderr
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert (found["code"], found["file"]) == (code, "<stdin>")
    assert place is None or (found["line"], found["column"]) == place


def test_a_long_text_is_no_file_name(capsys):
    assert checked(capsys, "--query", "qid = 1 OR " * 1000 + "qid = 1")[0] == EXIT_OK
    assert checked(capsys, "--query", "qid = 1\0")[0] == EXIT_RULES


def test_rules_have_diagnostics_too(capsys, tmp_path):
    rule = 'id: r\ntitle: R\nversion: "1"\nseverity: low\nquery: |\n  nope = 1\n'
    (tmp_path / "r.yml").write_text(rule)
    code, found = checked(capsys, str(tmp_path))
    assert code == EXIT_RULES
    (diagnostic,) = found["diagnostics"]
    assert list(diagnostic) == DIAGNOSTIC
    assert (diagnostic["file"], diagnostic["line"]) == (str(tmp_path / "r.yml"), 6)


DOUBTED = [
    ("CATEGORYNAME(category) = 'Foo'", "value-unknown"),
    ("\"AWS Region\" = 'eu-centrl-1'", "value-unknown"),
    ("username LIKE 'mall*'", "like-star"),
    ("INCIDR('10.1.2.3/8', sourceip)", "network-host-bits"),
    ("devicetype = 347 AND QIDNAME(qid) = 'createuser'", "aws-name-unknown"),
    ("username = 'a' AND username = 'b'", "never-true"),
]


@pytest.mark.parametrize(("where", "code"), DOUBTED)
def test_a_query_draws_the_warnings_of_a_rule(capsys, file, where, code):
    query = "SELECT username, COUNT(*) FROM events WHERE … GROUP BY username".replace("…", where)
    ended, found = checked(capsys, "--query", query)
    assert (ended, found["status"]) == (EXIT_OK, "ok")
    (lint,) = [one for one in found["lints"] if one["code"] == code]
    assert list(lint) == ["code", "message", "hint", "line", "column"]
    assert checked(capsys, "--query", query, "--strict-lints")[0] == EXIT_RULES
    assert main(["check", "--query", query]) == EXIT_OK
    assert f"warning: {code}: " in capsys.readouterr().out
    assert main(["scan", "--query", query, file, "--output", "jsonl"]) == EXIT_OK
    assert f"warning: {code}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM events",
        "SELECT username, COUNT(*) FROM events GROUP BY username LAST 3 DAYS",
        "username != 'a'",
    ],
)
def test_a_query_may_read_every_event(capsys, query):
    assert checked(capsys, "--query", query, "--strict-lints")[1]["lints"] == []


def test_what_a_qradar_would_refuse_is_said_by_check_alone(capsys, file):
    query = "username = 'a' -- she"
    assert [one["code"] for one in checked(capsys, "--query", query)[1]["lints"]] == [
        "strict-comment"
    ]
    assert main(["scan", "--query", query, file, "--output", "jsonl"]) == EXIT_OK
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("starttime > '2024-01-01 00:00:00'", "PARSEDATETIME('2024-01-01 00:00:00')"),
        ("qid = 'CreateUser'", "QIDNAME(qid)"),
        ("NOT sourceip IN ('10.0.0.0/8')", "INCIDR('10.0.0.0/8', sourceip)"),
    ],
)
def test_a_query_of_wrong_types_is_refused(capsys, file, query, says):
    assert main(["scan", "--query", query, file]) == EXIT_RULES
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT sourceip, COUNT(*) FROM events GROUP BY sourceip",
            [["::ffff:10.1.2.3", 2], ["2001:DB8::7", 3], [None, 1]],
        ),
        ("SELECT UNIQUECOUNT(sourceip), DISTINCTCOUNT(sourceip) FROM events", [[2, 2]]),
        ("SELECT DISTINCT sourceip FROM events", [["::ffff:10.1.2.3"], ["2001:DB8::7"], [None]]),
        ("SELECT UNIQUECOUNT(sourceIPAddress) FROM events", [[5]]),
    ],
)
def test_two_spellings_of_one_address_are_one_address(tmp_path, capsysbinary, query, expected):
    """The first spelling is shown. A property that is a text stays one."""
    addresses = ["::ffff:10.1.2.3", "2001:DB8::7", "10.1.2.3", "2001:db8::7", "2001:db8:0:0::7"]
    events = [event("A", at, sourceIPAddress=one) for at, one in enumerate(addresses)]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in [*events, event("A", 9)]), "utf-8")
    assert main(["scan", "--query", query, str(file), "--output", "jsonl"]) == EXIT_OK
    lines = capsysbinary.readouterr().out.splitlines()
    assert [list(json.loads(line).values()) for line in lines] == expected
