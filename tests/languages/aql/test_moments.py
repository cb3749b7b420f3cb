from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from matcher.engine.compiler import operand, predicate
from matcher.errors import RuleError
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import AqlPolicy, compile_query
from matcher.languages.aql.dateformat import date_format
from matcher.languages.aql.moments import milliseconds_ago, moment
from tests.factories import make_event

CATALOGUE = Catalogue.load()
NOON = 1_772_366_400_000  # 2026-03-01 12:00 UTC
MINUTE, HOUR = 60_000, 3_600_000
BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")


def asked(clause: str, policy: AqlPolicy | None = None):
    """Whether an event of a moment is in the period of a query asked at noon."""
    text = f"SELECT qid FROM events {clause}"  # noqa: S608 - AQL
    query = compile_query(text, CATALOGUE, policy=policy or AqlPolicy(), now=NOON)
    holds = predicate(query.expression, NOON)
    return lambda time: holds(make_event(starttime=time))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00",
        "2026-03-01 12:00Z",
        "2026-03-01 12:00z",
        "2026-03-01 12:00:00",
        "2026/03/01 12:00:00",
        "2026/03/01-12:00:00",
        "2026:03:01-12:00:00",
    ],
)
def test_the_documented_forms(text):
    assert moment(text, UTC) == NOON
    assert moment(text, BERLIN) == (NOON if text[-1] in "Zz" else NOON - HOUR)


@pytest.mark.parametrize(
    "text", ["", "now", "2026-03-01", "2026-13-01 12:00", "2026-03-01 24:01", "2026/03:01 12:00:00"]
)
def test_what_is_no_moment(text):
    assert moment(text, UTC) is None


@pytest.mark.parametrize(
    ("text", "ago"),
    [("now", 0), ("1 hour ago", HOUR), ("5 Minutes Ago", 5 * MINUTE), ("1 year ago", None)],
)
def test_relative_times(text, ago):
    assert milliseconds_ago(text) == ago


@pytest.mark.parametrize(
    ("clause", "first", "last"),
    [
        ("START '2026-03-01 10:51:20' STOP '2026-03-01 11:00:20'", -69 * MINUTE, -59 * MINUTE - 1),
        ("START '2026-03-01 10:51' STOP '2026-03-01 11:00'", -69 * MINUTE, -60 * MINUTE - 1),
        ("START '2026-03-01 10:51'", -69 * MINUTE, -1),
        (f"START {NOON - HOUR} STOP {NOON}", -HOUR, -1),
        ("START PARSEDATETIME('1 hour ago')", -HOUR, -1),
        ("START PARSEDATETIME('1 hour ago') STOP NOW() - 60000", -HOUR, None),
        ("LAST 2 HOURS", -2 * HOUR, None),
    ],
)
def test_start_and_stop_are_whole_minutes(clause, first, last):
    if "NOW() -" in clause:
        with pytest.raises(RuleError, match="no time"):
            asked(clause)
        return
    inside = asked(clause)
    assert [inside(NOON + first - 1), inside(NOON + first)] == [False, True]
    if last is not None:
        assert [inside(NOON + last), inside(NOON + last + 1)] == [True, False]


def test_times_are_the_consoles():
    inside = asked("START '2026-03-01 12:00' STOP '2026-03-01 12:01'", AqlPolicy(zone=BERLIN))
    assert [inside(NOON - HOUR), inside(NOON)] == [True, False]
    text = "SELECT DATEFORMAT(starttime, 'HH:mm Z') AS t FROM events"
    (column,) = compile_query(text, CATALOGUE, policy=AqlPolicy(zone=BERLIN)).columns
    assert operand(column.operand)(make_event(starttime=NOON)) == "13:00 +0100"


def test_a_query_counts_from_the_moment_it_is_asked_and_a_rule_from_its_event():
    for now, expected in ((NOON, NOON - HOUR), (None, 7 * HOUR)):
        text = "SELECT PARSEDATETIME('1 hour ago') AS t FROM events"
        (column,) = compile_query(text, CATALOGUE, now=now).columns
        assert operand(column.operand)(make_event(starttime=8 * HOUR)) == expected


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("START '2026-03-01 12:00' STOP '2026-03-01 11:00'", "wrong-period"),
        ("START '1 March'", "wrong-time"),
        ("START 1.5", "wrong-time"),
        ("START username", "wrong-time"),
        ("START '2026-03-01 12:00' LAST 1 HOURS", "repeated-clause"),
    ],
)
def test_what_is_no_period(clause, code):
    with pytest.raises(RuleError) as caught:
        asked(clause)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("zone", "pattern", "expected"),
    [
        (BERLIN, "yyyy-MM-dd HH:mm z Z X XX XXX", "2026-03-01 13:00 CET +0100 +01 +0100 +01:00"),
        (KATHMANDU, "HH:mm Z X XXX", "17:45 +0545 +05 +05:45"),
        (UTC, "z zzzz Z X", "UTC Coordinated Universal Time +0000 Z"),
    ],
)
def test_a_pattern_in_a_zone(zone, pattern, expected):
    assert date_format(NOON, pattern, zone) == expected
