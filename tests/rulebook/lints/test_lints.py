"""Each lint over a rule that gives cause, and over the nearest one that does not."""

from pathlib import Path

import pytest
import yaml

from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.rulebook import load_rules
from matcher.rulebook.lints import CODES, lint_query, lint_rules

ROOT = Path(__file__).parents[3]
CATALOGUE = Catalogue.load()
RULE = """\
id: a
title: T
version: 1
severity: low
query: |
  {query}
tests:
  - {{name: yes, match: true, event: {{a: 1}}}}
  - {{name: no, match: false, event: {{a: 1}}}}
"""
AWS = "devicetype = 347 AND "
IAM = AWS + "\"Event Source\" = 'iam.amazonaws.com' AND "


def lints(tmp_path, query, catalogue=CATALOGUE):
    (tmp_path / "a.yml").write_text(RULE.format(query=query))
    book = load_rules([tmp_path], catalogue)
    assert book.errors == ()
    return lint_rules(book, catalogue)


def lints_of_query(query):
    compiled = compile_query(query, CATALOGUE, now=0)
    return [
        (lint.code, lint.line, lint.column)
        for lint in lint_query(compiled, query, CATALOGUE, now=0)
        if lint.code != "no-literal"
    ]


CASES = yaml.safe_load((ROOT / "tests" / "cases" / "lints.yml").read_text("utf-8"))


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['code']}-{number}" for number, case in enumerate(CASES)]
)
def test_a_lint(tmp_path, case):
    found = [lint for lint in lints(tmp_path, case["cause"]) if lint.code == case["code"]]
    assert len(found) == 1
    assert case["says"] in f"{found[0].message}; {found[0].hint}"
    assert case["code"] not in {lint.code for lint in lints(tmp_path, case["none"])}


@pytest.mark.parametrize(
    "query",
    [
        "NOT QIDNAME(qid) = 'CreateUsr'",
        "devicetype = 413 AND QIDNAME(qid) = 'CreateUsr'",
        "devicetype = 445 AND QIDNAME(qid) = 'Add member to group'",
        "devicetype IN (347, 445) AND QIDNAME(qid) = 'Consent'",
        AWS + "QIDNAME(qid) = 'CreateDistribution2020_05_31'",
        AWS + "\"Event Source\" LIKE 'iam.%' AND QIDNAME(qid) IN ('CreateUser', 'CreateGroup')",
        AWS + "(\"Event Source\" LIKE 'ec2.%' OR \"Event Source\" = 'lightsail.amazonaws.com')"
        " AND QIDNAME(qid) = 'CreateKeyPair'",
        AWS + "QIDNAME(qid) LIKE 'CreateFunction20150331%'",
        AWS + "\"Event Source\" = 's3.amazonaws.com' AND QIDNAME(qid) = 'JobCreated'",
        AWS + "\"Event Source\" = 'sso-directory.amazonaws.com'"
        " AND QIDNAME(qid) IN ('CreateGroup', 'AddMemberToGroup')",
        AWS + "\"Event Source\" = 'cloudshell.amazonaws.com' AND QIDNAME(qid) = 'CreateSession'",
        AWS + "QIDNAME(qid) = 'AccountJoinedOrganization'",
        AWS + "\"Event Source\" = 'quitenew.amazonaws.com' AND QIDNAME(qid) = 'StartSomething'",
        AWS + "\"Event Source\" = 'quitenew.amazonaws.com' AND QIDNAME(qid) = 'CreateUser'",
        AWS + "\"Event Source\" LIKE '%quitenew%' AND QIDNAME(qid) = 'StopLogging'",
    ],
)
def test_no_word_about_a_name(tmp_path, query):
    assert [lint for lint in lints(tmp_path, query) if lint.code.startswith("aws-")] == []


@pytest.mark.parametrize(
    "query",
    [
        'UTF8(payload) = \'{"a":"b/c"}\' AND UTF8(payload) = \'{"a":"b\\/c"}\'',
        "\"Read Only\" = 'true' AND \"Read Only\" = 'TRUE'",
    ],
)
def test_no_word_of_what_can_be_two_texts_at_once(tmp_path, query):
    """The payload is compared with JSON's escapes and without, a truth value in any case."""
    assert "never-true" not in {lint.code for lint in lints(tmp_path, query)}


@pytest.mark.parametrize("number", ["1e999", "1.5", "9" * 400])
def test_a_number_that_no_category_can_have(tmp_path, number):
    found = lints(tmp_path, f"devicetype = 347 AND category = '{number}'")
    assert [lint.code for lint in found if lint.code == "value-unknown"]


def test_a_type_that_only_a_stock_console_has(tmp_path):
    query = "LOGSOURCETYPENAME(devicetype) ILIKE '%activity log' AND qid = 1"
    codes = {lint.code for lint in lints(tmp_path, query, Catalogue.load("qradar-stock"))}
    assert {"type-not-stock", "type-not-ours"} <= codes


def test_a_finding_says_where(tmp_path):
    (lint,) = lints(tmp_path, IAM + "QIDNAME(qid) IN ('GetUser', 'CreateUsr')")
    line = (tmp_path / "a.yml").read_text().splitlines()[lint.line - 1]
    assert line[lint.column - 1 :].startswith("'CreateUsr'")
    assert lint.file == str(tmp_path / "a.yml")


def test_tests_that_are_missing(tmp_path):
    text = RULE.format(query="username = 'root'").replace("match: false", "match: true")
    (tmp_path / "a.yml").write_text(text)
    (lint,) = lint_rules(load_rules([tmp_path], CATALOGUE), CATALOGUE)
    assert (lint.code, lint.line) == ("tests-missing", None)
    assert lint.message == "the rule lacks a test that it does not match"


def test_every_code_is_documented_once():
    text = (ROOT / "docs" / "lints.md").read_text("utf-8")
    headings = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(CODES)


def test_what_the_verbatim_rule_is_known_for():
    """docs/reference/aql.md, "The seed query and documented AQL"."""
    book = load_rules([ROOT / "rules" / "cloud-api-t1059-009.yml"], CATALOGUE)
    found = lint_rules(book, CATALOGUE)

    def said(code: str) -> list[str]:
        return [lint.message for lint in found if lint.code == code]

    assert len(said("strict-last-in-where")) == 1
    assert len(said("strict-logsourcetypename")) == 1
    assert "(3 places)" in said("strict-logsourcetypename")[0]
    assert [message.split('"')[1] for message in said("strict-property")] == [
        "deviceCustomString1",
        "deviceCustomString2",
    ]
    assert [message.split("'")[1] for message in said("type-not-stock")] == [
        "%azure activity%",
        "%azure audit%",
    ]
    assert said("type-not-ours") == []
    assert [message.split("'")[1] for message in said("aws-name-unknown")] == ["DisableGuardDuty"]
    assert [message.split()[2] for message in said("aws-name-dated")] == [
        "CreateFunction",
        "UpdateFunctionCode",
    ]
    assert [message.rpartition(":")[0].split()[-1] for message in said("aws-name-shared")] == [
        *("CreateUser", "CreateFunction", "CreateKeyPair", "DeleteDetector", "CreateGroup")
    ]
    assert {lint.code for lint in found} <= set(CODES)


def test_a_rule_of_many_unknown_names_is_told_of_each_and_of_some_with_the_nearest(tmp_path):
    names = ", ".join(f"'CreateUsr{number}'" for number in range(25))
    found = lints(tmp_path, IAM + f"QIDNAME(qid) IN ({names})")
    assert [lint.code for lint in found] == ["aws-name-unknown"] * 25
    assert sum("nearest" in lint.hint for lint in found) == 20


@pytest.mark.parametrize("clause", ["SELECT {} AS x FROM events WHERE {}", "{1} AND {0} = 1"])
@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("QIDNAME(qid) = 'CreateUsr'", "aws-name-unknown"),
        ("username LIKE 'mall*'", "like-star"),
        ("username = 'a' AND username = 'b'", "never-true"),
        ("username = 'a' OR 1 = 1", None),
    ],
)
def test_the_conditions_of_a_case_are_looked_at(tmp_path, clause, condition, code):
    case = f"CASE WHEN {condition} THEN 1 ELSE 0 END"
    found = {lint.code for lint in lints(tmp_path, clause.format(case, AWS + "username = 'c'"))}
    assert found - {"tests-missing", "no-literal"} == ({code} if code else set())


def test_having_is_looked_at_in_a_query():
    query = (
        "SELECT username, COUNT(*) AS n FROM events WHERE devicetype = 347"
        " GROUP BY username, QIDNAME(qid) HAVING QIDNAME(qid) = 'CreateUsr' AND n > 5"
    )
    assert lints_of_query(query) == [("aws-name-unknown", 1, 121)]
    assert lints_of_query(query.replace("CreateUsr", "ConsoleLogin")) == []
