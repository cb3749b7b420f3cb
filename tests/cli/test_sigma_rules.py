"""Sigma rules on the command line, beside AQL and by themselves."""

import json

import pytest

from matcher.cli.main import main
from matcher.errors import EXIT_OK, EXIT_RULES, EXIT_USAGE
from tests.cli.program import VERBATIM

CREATED = {
    "eventVersion": "1.11",
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "awsRegion": "us-east-1",
    "eventID": "6b1b4d3f-0000-4000-8000-000000000001",
    "userIdentity": {"type": "IAMUser", "userName": "mallory"},
}
RULE = """\
title: A user was made
id: 0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a1111
level: high
date: 2026-01-31
tags: [attack.persistence, attack.t1136.003]
fields: [userIdentity.userName, eventName]
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventSource: iam.amazonaws.com
        eventName|startswith: create
    condition: selection
"""
BROKEN = RULE.replace("startswith", "starswith").replace("1111", "2222")
CORRELATION = """\
title: Many users
id: 0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a3333
correlation:
    type: event_count
    rules: [0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a1111]
    group-by: [userIdentity.userName]
    timespan: 5m
    condition: {gte: 5}
"""


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "made.yml").write_text(RULE)
    return folder


@pytest.fixture
def events(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(CREATED) + "\n" + json.dumps(CREATED | {"eventName": "x"}) + "\n")
    return file


def alerts(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_sigma_and_aql_run_side_by_side(rules, events, capsys):
    arguments = ["scan", "--rules", str(rules), "--rules", str(VERBATIM), "--output", "jsonl"]
    assert main([*arguments, str(events)]) == EXIT_OK
    found = alerts(capsys)
    assert [alert["rule"]["id"] for alert in found] == [
        "0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a1111",
        "cloud-api-t1059-009",
    ]
    rule = found[0]["rule"]
    assert (rule["version"], rule["severity"]) == ("2026-01-31", "high")
    assert rule["attack"] == {"tactics": ["TA0003"], "techniques": ["T1136.003"]}
    assert found[0]["columns"] == {"userIdentity.userName": "mallory", "eventName": "CreateUser"}
    why = [(leaf["field"], leaf["operator"], leaf["value"]) for leaf in found[0]["why"]]
    assert why == [
        ("devicetype", "IN", 347),
        ("eventSource", "IN", "iam.amazonaws.com"),
        ("eventName", "ILIKE", "create%"),
    ]


def test_a_rule_that_is_refused_stops_a_scan_unless_it_is_told_to_go_on(rules, events, capsys):
    (rules / "broken.yml").write_text(BROKEN)
    arguments = ["scan", "--rules", str(rules), "--output", "jsonl", str(events)]
    assert main(arguments) == EXIT_RULES
    said = capsys.readouterr().err
    assert "broken.yml:11:9" in said
    assert "did you mean 'startswith'?" in said
    assert main([*arguments, "--set", "rules.refused=skip"]) == EXIT_OK
    captured = capsys.readouterr()
    assert "warning: refused, and left out" in captured.err
    assert len(captured.out.splitlines()) == 1


def test_a_correlation_is_said_to_be_read_and_not_evaluated(rules, events, capsys):
    (rules / "many.yml").write_text(CORRELATION)
    assert main(["scan", "--rules", str(rules), "--output", "jsonl", str(events)]) == EXIT_OK
    captured = capsys.readouterr()
    assert "many.yml: 0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a3333: correlation: read, not" in captured.err
    assert len(captured.out.splitlines()) == 1


def test_what_a_placeholder_stands_for_is_in_the_digest_of_the_rule_set(tmp_path, events, capsys):
    rules, lists = tmp_path / "expanding", tmp_path / "lists"
    rules.mkdir()
    lists.mkdir()
    (rules / "r.yml").write_text(RULE.replace("startswith: create", "expand: '%names%'"))
    arguments = ["scan", "--rules", str(rules), "--output", "jsonl", str(events)]
    arguments += ["--set", f"sigma.placeholders={lists}"]
    digests = set()
    for names in ("CreateUser\n", "CreateUser\nother\n"):
        (lists / "names.txt").write_text(names)
        assert main(arguments) == EXIT_OK
        (alert,) = alerts(capsys)
        digests.add(alert["ruleset"])
    assert len(digests) == 2


def test_sigma_rules_without_tests_are_counted_and_not_named(rules, capsys):
    assert main(["test", str(rules)]) == EXIT_OK
    captured = capsys.readouterr()
    assert captured.out == "0 tests, 0 failed\n"
    assert captured.err == "1 Sigma rule without tests inside\n"


def test_explain_says_that_sigma_leaves_case_aside(rules, events, capsys):
    assert main(["explain", str(rules / "made.yml"), str(events), "--line", "1"]) == EXIT_OK
    out = capsys.readouterr().out
    assert "eventSource IN ('iam.amazonaws.com') in any case   eventSource is" in out


def test_what_goes_on_in_the_next_line_stands_under_its_condition(rules, events, capsys):
    names = ", ".join(f"Create{number:030}" for number in range(9))
    text = RULE.replace("eventName|startswith: create", f"eventName: [{names}]")
    (rules / "made.yml").write_text(text)
    assert main(["explain", str(rules / "made.yml"), str(events), "--line", "1"]) == EXIT_OK
    long = capsys.readouterr().out.split("- eventName")[1].splitlines()
    assert len(long) > 2
    assert all(line.startswith(" " * 6) for line in long[1:])


def test_rules_with_warnings_are_shown_last_and_no_path_is_cut(rules, capsys):
    deep = rules / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / "quiet.yml").write_text(RULE.replace("1111", "4444"))
    warned = RULE.replace("eventName|startswith: create", "nowhere: x")
    (rules / "made.yml").write_text(warned)
    assert main(["check", str(rules)]) == EXIT_OK
    out = capsys.readouterr().out
    assert out.index("4444  A user") < out.index("1111  A user")
    assert "…" not in out
    assert out.endswith(
        "2 rules can run, 0 files refused; 1 warning (docs/lints.md; in full with --details)\n"
    )


def test_explain_wants_one_rule(rules, events, capsys):
    several = rules / "several.yml"
    several.write_text(f"{RULE}---\n{RULE.replace('1111', '5555')}")
    (rules / "many.yml").write_text(CORRELATION)
    for path, said in (
        (several, "holds 2 rules: name one, with --rules"),
        (rules / "many.yml", "holds no rule that runs"),
        (rules, "is a directory: name a rule's id"),
    ):
        assert main(["explain", str(path), str(events), "--rules", str(several)]) == EXIT_USAGE
        assert said in capsys.readouterr().err


def test_explain_finds_a_rule_beside_refused_ones(rules, events, capsys):
    (rules / "broken.yml").write_text(BROKEN)
    arguments = ["explain", "0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a1111", str(events), "--line", "1"]
    assert main([*arguments, "--rules", str(rules)]) == EXIT_OK
    assert "matches" in capsys.readouterr().out


def test_a_scan_without_any_rule_says_so(rules, events, capsys):
    (rules / "made.yml").write_text(CORRELATION)
    assert main(["scan", "--rules", str(rules), str(events)]) == EXIT_OK
    assert "warning: no rule is loaded: nothing can match" in capsys.readouterr().err
