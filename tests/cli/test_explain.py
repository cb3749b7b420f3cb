"""``matcher explain``."""

import json
from pathlib import Path

import pytest

from matcher.cli.main import main
from matcher.errors import EXIT_OK, EXIT_RULES, EXIT_USAGE
from tests.cli.program import VERBATIM

CREATE = {
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "awsRegion": "us-east-1",
    "eventTime": "2026-03-14T09:02:41Z",
}
LIST = CREATE | {"eventName": "ListUsers"}
SIGN_IN = {"category": "SignInLogs", "operationName": "Sign-in activity", "time": "2026-03-14"}


@pytest.fixture
def events(tmp_path):
    file = tmp_path / "e.jsonl"
    rows = (CREATE, {"Records": [LIST, 7, CREATE]}, SIGN_IN)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def explained(capsys, *arguments: str) -> list[dict]:
    assert main(["explain", *arguments, "--format", "json"]) == EXIT_OK
    return json.loads(capsys.readouterr().out)["events"]


def test_every_event_of_a_file_is_explained(capsys, events):
    rows = explained(capsys, str(VERBATIM), events)
    assert sorted((row["line"], row["index"], row["matches"]) for row in rows) == [
        (1, 0, True),
        (2, 0, False),
        (2, 1, False),
        (2, 2, True),
        (3, 0, False),
    ]
    (rejected,) = [row for row in rows if "rejected" in row]
    assert (rejected["line"], rejected["index"]) == (2, 1)


def test_which_branch_held_and_what_the_others_saw(capsys, events):
    (row,) = explained(capsys, str(VERBATIM), events, "--line", "1")
    last, types, names = row["verdict"]["parts"]
    assert (last["condition"], last["holds"]) == ("LAST 1 DAYS", True)
    assert [part["holds"] for part in types["parts"]] == [True, False, False]
    assert [part["holds"] for part in names["parts"]] == [True, False, False, False]
    assert names["parts"][0]["seen"] == {"QIDNAME(qid)": "CreateUser"}
    assert names["parts"][1]["seen"] == {"UTF8(payload)": {"$ref": "payload"}}


def test_one_event_of_an_envelope_for_a_person(capsys, events):
    assert main(["explain", str(VERBATIM), events, "--line", "2", "--index", "0"]) == EXIT_OK
    out = " ".join(capsys.readouterr().out.split())
    assert "cloud-api-t1059-009 does not match" in out
    assert "line 2, index 0 ListUsers, Amazon AWS CloudTrail - AND + LAST 1 DAYS + OR" in out
    assert "QIDNAME(qid) is 'ListUsers'" in out
    assert "UTF8(payload) is the event" in out


def test_only_events_that_match(capsys, events):
    rows = explained(capsys, str(VERBATIM), events, "--matching")
    assert [(row["line"], row["index"], row["matches"]) for row in rows] == [
        (1, 0, True),
        (2, 2, True),
    ]
    assert main(["explain", str(VERBATIM), events, "--matching"]) == EXIT_OK
    out = capsys.readouterr().out
    assert out.endswith("cloud-api-t1059-009 matches 2 of 5 events\n")
    assert "does not match" not in out
    assert main(["explain", str(VERBATIM), events, "--matching", "--line", "3"]) == EXIT_OK
    assert capsys.readouterr().out == "cloud-api-t1059-009 matches 0 of 1 event\n"


def test_a_log_source_that_the_rule_is_not_for(capsys, events):
    assert main(["explain", str(VERBATIM), events, "--line", "3"]) == EXIT_OK
    out = " ".join(capsys.readouterr().out.split())
    assert "the rule can match no event of this log source type" in out


def test_a_rule_by_its_id(capsys, events):
    rows = explained(capsys, "cloud-api-t1059-009", events, "--line", "1", "--rules", str(VERBATIM))
    assert [row["matches"] for row in rows] == [True]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["cloud-api-t1059-00", "EVENTS"], EXIT_USAGE, "did you mean cloud-api-t1059-009?"),
        (["gone.yml", "EVENTS"], EXIT_USAGE, "gone.yml"),
        ([str(VERBATIM), "gone.json"], EXIT_USAGE, "gone.json"),
        ([str(VERBATIM), "EVENTS", "--line", "9"], EXIT_USAGE, "there is no such event"),
        (["BAD", "EVENTS"], EXIT_RULES, "bad.yml"),
    ],
)
def test_a_wrong_call_is_one_message(capsys, events, arguments, code, said):
    bad = events.replace("e.jsonl", "bad.yml")
    Path(bad).write_text("id: [")
    words = {"EVENTS": events, "BAD": bad}
    command = ["explain", *(words.get(word, word) for word in arguments)]
    assert main([*command, "--set", f"rules.paths={VERBATIM}"]) == code
    assert said in capsys.readouterr().err
