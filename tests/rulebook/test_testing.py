import pytest

from matcher.events.catalogue import Catalogue
from matcher.rulebook import load_rules, run_tests

CATALOGUE = Catalogue.load()
RULE = """
id: a
title: T
version: 1
severity: low
query: |
  SELECT username AS Who, severity AS Sev, DATEFORMAT(starttime, 'HH:mm') AS At
  FROM events WHERE QIDNAME(qid) = 'StopLogging'
x-event: &event
  eventName: StopLogging
  eventSource: cloudtrail.amazonaws.com
  awsRegion: eu-west-1
  eventTime: 2026-03-01T12:34:56Z
  userIdentity: {type: IAMUser, userName: alice}
tests:
  - name: the test
"""


def detail_of(tmp_path, test: str) -> str:
    lines = "\n".join(f"    {line}" for line in test.splitlines())
    (tmp_path / "a.yml").write_text(RULE + lines)
    book = load_rules([tmp_path], CATALOGUE)
    assert book.errors == ()
    (result,) = run_tests(book, CATALOGUE)
    assert result.test.name == "the test"
    assert result.test.rule_id == "a"
    assert result.test.line == RULE.count("\n")
    assert result.passed is (result.detail == "")
    return result.detail


@pytest.mark.parametrize(
    "test",
    [
        "match: true\nevent: *event",
        "match: false\nevent: {<<: *event, eventName: StartLogging}",
        "match: true\nevent: *event\ncolumns: {Who: alice, At: '12:34'}",
        'match: true\nevent: \'{"eventName":"StopLogging","eventSource":"x.amazonaws.com"}\'',
        "match: true\nrecord: {Records: [{<<: *event, eventName: X}, *event]}",
        "match: false\nrecord: {Records: [{<<: *event, eventName: X}]}",
    ],
)
def test_a_test_that_passes(tmp_path, test):
    assert detail_of(tmp_path, test) == ""


@pytest.mark.parametrize(
    ("test", "detail"),
    [
        ("match: true\nevent: {<<: *event, eventName: X}", "no match, and one is expected"),
        ("match: false\nevent: *event", "a match, and none is expected"),
        ("match: true\nevent: '{'", "rejected"),
        ("match: true\nevent: {Records: [*event, *event]}", "holds 2 events"),
        ("match: true\nrecord: {Records: []}", "holds no event"),
        (
            "match: true\nevent: *event\ncolumns: {Who: bob, At: '12:34', Sev: '1'}",
            "column 'Who' is 'alice', and 'bob' is expected; column 'Sev' is ",
        ),
    ],
)
def test_a_test_that_fails_says_why(tmp_path, test, detail):
    assert detail in detail_of(tmp_path, test)


def test_a_rule_that_looks_for_the_impossible_fails_its_positive_test(tmp_path):
    """Tests run the rule itself: with another query the same tests no longer pass."""
    (tmp_path / "a.yml").write_text(
        RULE.replace("= 'StopLogging'", "= 'stoplogging'") + "    match: true\n    event: *event\n"
    )
    (result,) = run_tests(load_rules([tmp_path], CATALOGUE), CATALOGUE)
    assert not result.passed
