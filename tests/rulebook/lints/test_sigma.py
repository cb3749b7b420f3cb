"""The lints of Sigma rules."""

import json

import pytest

from matcher.cli.main import main
from matcher.engine.compiler import predicate
from matcher.errors import EXIT_OK
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.rulebook import load_rules
from matcher.rulebook.lints import lint_rules

CATALOGUE = Catalogue.load()
RULE = """\
title: T
id: 8f5c1c52-8c0f-4f0e-9d6e-2f5d5a8b7a01
status: test
level: low
logsource:
    product: {product}
    service: {service}
detection:
    selection:
{selection}
    condition: selection
"""
IAM = "        eventSource: iam.amazonaws.com\n"
LAMBDA = "        eventSource: lambda.amazonaws.com\n"


@pytest.fixture
def lints(tmp_path):
    def of(selection: str, product: str = "aws", service: str = "cloudtrail", more: str = ""):
        text = RULE.format(product=product, service=service, selection=selection)
        (tmp_path / "a.yml").write_text(text + more)
        book = load_rules([tmp_path], CATALOGUE)
        assert book.errors == ()
        return lint_rules(book, CATALOGUE)

    return of


def codes(found) -> list[str]:
    return [lint.code for lint in found]


@pytest.mark.parametrize(
    ("selection", "code", "says"),
    [
        (IAM + "        eventName: CreateUsr", "aws-name-unknown", "CreateUser"),
        (IAM + "        eventName|startswith: ZzCreate", "aws-name-unknown", "matches"),
        (IAM + "        eventName: StopLogging", "aws-name-elsewhere", "cloudtrail"),
        ("        eventName: CreateUser", "aws-name-shared", "eventSource: iam.amazonaws.com"),
        ("        eventName: createuser", "aws-name-shared", "15 services"),
        (
            LAMBDA + "        eventName: UpdateFunctionCode",
            "aws-name-dated",
            "eventName|startswith: 'UpdateFunctionCode20150331'",
        ),
        (IAM + "        userIdentity.usrName: x", "field-never-seen", "userIdentity.userName"),
        (IAM + "        errorCode: “AccessDenied”", "curly-quotes", "looked for: “AccessDenied”"),
        (IAM + "        errorCode|contains: [a, '*«b»*']", "curly-quotes", "straight quotes"),
        (IAM + "        sourceIPAddress: 10.0.0.0/8", "network-as-text", "|cidr: 10.0.0.0/8"),
        (IAM + "        awsRegion: eu-centrl-1", "value-unknown", "nearest is eu-central-1"),
        (IAM + "        awsRegion|cased: US-EAST-1", "value-case", "write 'us-east-1'"),
        (IAM + "        errorCode: [x, null]", "null-in-list", "the second with errorCode: null"),
    ],
)
def test_a_doubt(lints, selection, code, says):
    (found,) = lints(selection)
    assert found.code == code
    assert says in f"{found.message}; {found.hint}"


@pytest.mark.parametrize(
    "selection",
    [
        IAM + "        eventName: [CreateUser, createuser, CREATEUSER]",
        "        eventSource: IAM.amazonaws.com\n        eventName: CreateUser",
        "        eventSource|startswith: iam\n        eventName: CreateUser",
        "        eventSource: signin.amazonaws.com\n        eventName: ConsoleLogin",
        LAMBDA + "        eventName|startswith: UpdateFunctionCode2",
        IAM + "        requestParameters.neverHeardOf: x",
        IAM + "        awsRegion: US-EAST-1\n        userIdentity.type: root",
        IAM
        + "        sourceIPAddress|cidr: 10.0.0.0/8\n        requestParameters.cidrIp: 0.0.0.0/0",
    ],
)
def test_no_doubt(lints, selection):
    assert codes(lints(selection)) == []


def test_names_of_azure_are_none_of_aws(lints):
    assert codes(lints("        OperationName: Add user", "azure", "auditlogs")) == []


def test_a_log_source_that_is_not_read_here(lints):
    (said,) = lints("        Image: x.exe", "windows", "sysmon")
    assert said.code == "log-source-none"
    assert "windows" in said.message
    assert "aws/cloudtrail" in said.hint


def test_a_log_source_that_is_mistyped(lints):
    (said,) = lints(IAM, service="cloudtrial")
    assert said.hint == "did you mean aws/cloudtrail?"


def test_a_finding_says_where(lints, tmp_path):
    more = "---\n" + RULE.format(
        product="aws", service="cloudtrail", selection="        eventName: GetUser\n" + IAM
    ).replace("7a01", "7a02")
    found = lints(IAM + "        userIdentity.usrName: CreateUsr", more=more)
    (lint,) = [one for one in found if one.code == "field-never-seen"]
    line = (tmp_path / "a.yml").read_text().splitlines()[lint.line - 1]
    assert line[lint.column - 1 :].startswith("userIdentity.usrName")


def test_of_tests_nothing_is_said_where_there_are_none(lints):
    tests = "tests:\n    - {name: one, match: true, event: {eventName: GetUser}}\n"
    quiet = IAM + "        eventName: GetUser"
    assert codes(lints(quiet)) == []
    assert codes(lints(quiet, more=tests)) == ["tests-missing"]


CORRELATION = """\
title: Many
id: 0e95725d-7320-415d-80f7-004da920fc11
correlation:
    type: event_count
    rules: [8f5c1c52-8c0f-4f0e-9d6e-2f5d5a8b7a01]
    group-by: [userIdentity.arn]
    timespan: 5m
    condition: {gte: 5}
"""


def test_check_shows_fields_and_what_is_not_evaluated(tmp_path, capsys):
    selection = "        Status: Success\n        Nothing: x"
    text = RULE.format(product="azure", service="auditlogs", selection=selection)
    (tmp_path / "a.yml").write_text(text + "---\n" + CORRELATION)
    assert main(["check", str(tmp_path), "--format", "json"]) == EXIT_OK
    rule, idle = json.loads(capsys.readouterr().out)["rules"]
    assert rule["field_uses"] == [
        {"field": "Status", "how": "alias", "path": "properties.result", "nearest": ""},
        {"field": "Nothing", "how": "never seen", "path": "", "nearest": ""},
    ]
    assert (idle["status"], idle["notes"]) == (
        "not evaluated",
        ["correlation: read, not yet evaluated"],
    )
    assert main(["check", "--details", str(tmp_path)]) == EXIT_OK
    shown = capsys.readouterr().out
    assert "Status as properties.result" in shown
    assert "never seen" in shown
    assert "not evaluated 0e95725d" in shown


EVENT = {
    "eventVersion": "1.08",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
    "userIdentity": {"type": "IAMUser", "userName": "ann"},
}
TAG = "requestParameters.tags.key"
TAGS = {"requestParameters": {"tags": [{"key": "a"}, {"key": "b"}]}}


@pytest.mark.parametrize(
    ("detection", "event"),
    [
        ("{s: {errorMessage: ''}, condition: s}", {"errorMessage": ""}),
        ("{s: {errorMessage|cased: ''}, condition: s}", {"errorMessage": ""}),
        ("{s: {errorMessage|contains: ''}, condition: s}", {"errorMessage": ""}),
        ("{s: {errorMessage|neq: ''}, condition: s}", {}),
        ("{s: {errorMessage|re: '^$'}, condition: s}", {"errorMessage": ""}),
        ("{s: {errorMessage: ['', x]}, condition: s}", {"errorMessage": ""}),
        ("{a: {errorMessage: ''}, b: {errorMessage: null}, condition: 1 of them}", {}),
        ("{s: {errorMessage|exists: true, errorMessage: null}, condition: s}",
            {"errorMessage": None}),
        ("{a: {eventName: CREATEUSER}, b: {eventName: createuser}, condition: a and b}", {}),
        ("{s: {eventName: [CreateUser], eventName|endswith: User}, condition: s}", {}),
        (f"{{a: {{{TAG}: a}}, b: {{{TAG}: b}}, condition: a and b}}", TAGS),
        ("{s: {eventName: CreateUser}, f: {errorMessage: ''}, condition: s and not f}", {}),
    ],
)  # fmt: skip
def test_a_rule_that_fires_is_not_called_impossible(tmp_path, detection, event):
    """docs/lints.md, never-true: what it says to take out must never hold."""
    (tmp_path / "a.yml").write_text(
        "title: T\nid: 8f5c1c52-8c0f-4f0e-9d6e-2f5d5a8b7a01\nlevel: low\n"
        f"logsource: {{product: aws, service: cloudtrail}}\ndetection: {detection}\n"
    )
    book = load_rules([tmp_path], CATALOGUE)
    (raw,) = unwrap(json.dumps({**EVENT, **event}).encode()).events
    assert predicate(book.rules[0].expression)(normalize(raw, 0, CATALOGUE))
    assert "never-true" not in codes(lint_rules(book, CATALOGUE))
