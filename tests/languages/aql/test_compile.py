from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from matcher.engine.reasons import written
from matcher.errors import RuleError, RuleErrors, RuleSemanticError, UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from tests.languages.aql.rendering import rendered

CASES = Path(__file__).parents[2] / "cases" / "aql"
RULE = Path(__file__).parents[3] / "rules" / "cloud-api-t1059-009.yml"
CATALOGUE = Catalogue.load()
NOON = 1_770_000_000_000


def table(name: str) -> list:
    return yaml.safe_load((CASES / name).read_text("utf-8"))


@pytest.mark.parametrize(("text", "expected"), table("expressions.yml"))
def test_a_text_compiles_to_its_expression(text, expected):
    assert rendered(compile_query(text, CATALOGUE).expression) == expected


@pytest.mark.parametrize("case", table("errors.yml"), ids=lambda case: case["text"][:60])
def test_a_text_is_refused_with_code_place_and_words(case):
    with pytest.raises(RuleError) as caught:
        compile_query(case["text"], CATALOGUE, dialect=case.get("dialect", "compat"))
    error = caught.value
    assert not isinstance(error, RuleErrors), error
    assert (error.code, [error.line, error.column]) == (case["code"], case["at"])
    assert case.get("says", "") in str(error)


@pytest.mark.parametrize("case", table("query-errors.yml"), ids=lambda case: case["text"])
def test_a_query_over_files_is_refused_with_code_place_and_words(case):
    with pytest.raises(RuleError) as caught:
        compile_query(case["text"], CATALOGUE, dialect=case.get("dialect", "compat"), now=NOON)
    error = caught.value
    assert not isinstance(error, RuleErrors), error
    assert (error.code, [error.line, error.column]) == (case["code"], case["at"])
    assert case.get("says", "") in str(error)


@pytest.mark.parametrize(
    "case", [c for c in table("errors.yml") if "dialect" in c], ids=lambda case: case["code"]
)
def test_compat_takes_what_only_strict_refuses(case):
    compile_query(case["text"], CATALOGUE, dialect="compat")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT QIDNAME(qid) AS 'Name' FROM events WHERE \"Name\" ILIKE 'x'",
        "SELECT qid FROM events ORDER BY qid DESC LIMIT 5 LAST 2 HOURS",
        "LOGSOURCETYPENAME(devicetype) = 'a' AND STR(sourceip) LIKE '10.%'",
        "username = 'a -- b' AND \"Error Code\" != 'x;'",
    ],
)
def test_strict_takes_what_is_documented(text):
    compile_query(text, CATALOGUE, dialect="strict")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT sourceip, AVG(magnitude) FROM events GROUP BY sourceip",
        "SELECT sourceip, COUNT(*) FROM events GROUP BY sourceip, destinationip",
        "SELECT username, sourceip, COUNT(*) FROM events GROUP BY username LAST 5 minutes",
        "SELECT username, DISTINCTCOUNT(sourceip) AS CountSrcIP FROM events GROUP BY username",
        "SELECT sourceip, MAX(magnitude) AS MAG FROM events GROUP BY sourceip HAVING MAG > 5",
        "SELECT sourceip, STDEV(magnitude) FROM events GROUP BY sourceip",
        (
            "SELECT username AS 'Who', UniqueCount(sourceip) AS Hosts, SUM(eventcount) / (60 * 60) "
            "AS 'EPS' FROM events GROUP BY \"Who\" HAVING Hosts > 1 OR NOT EPS < 5 "
            "ORDER BY \"EPS\" DESC LIMIT 3 START '2026-01-25 01:30' STOP '2026-01-25 03:30'"
        ),
    ],
)
def test_strict_takes_the_groups_that_are_documented(text):
    assert compile_query(text, CATALOGUE, dialect="strict", now=NOON).grouping is not None


def test_an_aggregate_that_is_asked_several_times_is_kept_once():
    text = (
        "SELECT username, UNIQUECOUNT(qid) AS u, COUNT(*) FROM events GROUP BY username "
        "HAVING UNIQUECOUNT(qid) > 1 AND COUNT(*) > 1 ORDER BY UNIQUECOUNT(qid), username"
    )
    grouping = compile_query(text, CATALOGUE, now=NOON).grouping
    assert [one.function for one in grouping.aggregates] == ["UNIQUECOUNT", "COUNT", "FIRST"]


def test_every_fault_of_a_text_is_reported_in_its_order():
    with pytest.raises(RuleErrors) as caught:
        compile_query(
            "SELECT nope, COUNT(*), qid\nFROM flows\n"
            "WHERE nada = 1 AND (TEXT SEARCH 'x' OR NOT nix = 2)\nGROUP BY qid\nORDER BY nil",
            CATALOGUE,
        )
    assert [(error.code, error.line) for error in caught.value.errors] == [
        ("unknown-property", 1),
        ("aggregate", 1),
        ("flows", 2),
        ("unknown-property", 3),
        ("text-search", 3),
        ("unknown-property", 3),
        ("group-by", 4),
        ("unknown-property", 5),
    ]


def test_kinds_of_errors():
    with pytest.raises(UnsupportedRule):
        compile_query("SELECT COUNT(*) FROM events", CATALOGUE)
    with pytest.raises(RuleSemanticError):
        compile_query("nope = 1", CATALOGUE)


def test_an_error_shows_the_line_and_a_caret():
    with pytest.raises(RuleError) as caught:
        compile_query("qid = 1\n  AND usernam = 'x'", CATALOGUE)
    assert str(caught.value).split("\n") == [
        '2:7: unknown property "usernam"',
        "      AND usernam = 'x'",
        "          ^^^^^^^",
        '  hint: did you mean "username"?',
    ]


def test_columns_keep_their_order_and_names():
    query = compile_query(
        "SELECT username, QIDNAME( qid ) AS 'Event ''Name''', sourceip AS \"From\", *, "
        'LOWER(\n username ), "Error Code", ( region ) FROM events',
        CATALOGUE,
    )
    assert [(column.alias, written(column.operand)) for column in query.columns] == [
        ("username", "username"),
        ("Event 'Name'", "QIDNAME(qid)"),
        ("From", "sourceip"),
        ("LOWER( username )", "LOWER(username)"),
        ("Error Code", "Error Code"),
        ("region", "region"),
    ]


def test_order_and_limit_are_kept_and_noted():
    query = compile_query(
        "SELECT qid AS q FROM events ORDER BY q DESC, starttime ASC COLLATE 'de', severity "
        "LIMIT 5 LAST 2 HOURS",
        CATALOGUE,
    )
    assert [(written(o.operand), o.descending) for o in query.order_by] == [
        ("qid", True),
        ("starttime", False),
        ("severity", False),
    ]
    assert query.limit == 5
    assert query.window is not None
    assert query.window.milliseconds == 7_200_000
    assert [note.split()[0] for note in query.notes] == ["ORDER", "COLLATE", "LIMIT", "the"]


def test_the_published_query_compiles_to_its_tree():
    text = yaml.safe_load(RULE.read_text("utf-8"))["query"]
    digest = "f6d71fbdbae78e1bababc59da82c17cb5dd080e200810b8bb6c63e52f63310bb"
    assert sha256(text.encode()).hexdigest() == digest
    query = compile_query(text, CATALOGUE)
    assert rendered(query.expression) == (
        "(and (last 86400000) "
        "(or (ilike LOGSOURCETYPENAME(logsourceid) '%cloudtrail%') "
        "(ilike LOGSOURCETYPENAME(logsourceid) '%azure activity%') "
        "(ilike LOGSOURCETYPENAME(logsourceid) '%azure audit%')) "
        "(or (in QIDNAME(qid) 'CreateUser' 'AttachUserPolicy' 'CreateAccessKey' 'CreateRole' "
        "'AssumeRole' 'GetSessionToken' 'PutBucketPolicy' 'DeleteBucketPolicy' "
        "'CreateFunction' 'UpdateFunctionCode' 'RunInstances' 'CreateKeyPair' "
        "'StopLogging' 'DeleteTrail' 'PutEventSelectors' "
        "'DisableGuardDuty' 'DeleteDetector' 'CreateGroup' 'AddMemberToGroup') "
        "(ilike UTF8(payload) '%roleDefinitions/write%') "
        "(ilike UTF8(payload) '%roleAssignments/write%') "
        "(ilike UTF8(payload) '%virtualMachines/write%')))"
    )
    assert [(column.alias, written(column.operand)) for column in query.columns] == [
        ("Event Time", "DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm:ss')"),
        ("Event Action", "QIDNAME(qid)"),
        ("Identity", "username"),
        ("Source IP", "sourceip"),
        ("Category", "CATEGORYNAME(category)"),
        ("Log Source", "LOGSOURCENAME(logsourceid)"),
        ("Error Code", "deviceCustomString1"),
        ("AWS Region", "deviceCustomString2"),
        ("Raw Event", "UTF8(payload)"),
    ]
    assert (query.limit, len(query.order_by), query.order_by[0].descending) == (500, 1, True)


def test_strict_says_all_that_the_published_query_departs_in():
    text = yaml.safe_load(RULE.read_text("utf-8"))["query"]
    with pytest.raises(RuleErrors) as caught:
        compile_query(text, CATALOGUE, dialect="strict")
    assert [(error.code, error.line) for error in caught.value.errors] == [
        ("strict-property", 8),
        ("strict-property", 9),
        ("strict-last-in-where", 12),
        ("strict-logsourcetypename", 14),
        ("strict-logsourcetypename", 15),
        ("strict-logsourcetypename", 16),
    ]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("username = NULL", "write IS NULL"),
        ("NOT username != null", "write IS NULL or IS NOT NULL"),
        ("username IN ('a', NULL)", "NULL in a list equals nothing (line 1)"),
        ("qid = 1\nAND username NOT IN (null, 'a')", "(line 2): write … OR … IS NULL"),
        ("isunparsed = 'true'", "isunparsed is always false here"),
        ("INCIDR('10.0.0.0/8', destinationIP)", "destinationip is always NULL here"),
        ("SELECT SUM(eventcount) FROM events", "eventcount is always 1 here"),
        (
            "SELECT qid, COUNT(*) AS 'N' FROM events GROUP BY qid HAVING 'N' > 5",
            'double quotes, "N"',
        ),
    ],
)
def test_what_is_not_as_it_reads_is_noted(text, note):
    (found,) = compile_query(text, CATALOGUE, now=NOON).notes
    assert note in found


def test_a_query_over_files_is_not_told_what_concerns_a_rule():
    text = "SELECT *, qid FROM events ORDER BY qid LIMIT 5"
    assert compile_query(text, CATALOGUE, now=NOON).notes == ()
    assert len(compile_query(text, CATALOGUE).notes) == 4
