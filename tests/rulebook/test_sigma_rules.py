"""Sigma files as rules: correlations, several documents, ids, levels, tags, tests, YAML."""

from uuid import UUID

import pytest

from matcher.engine.rule import Attack, Severity
from matcher.rulebook import load_rules, run_tests
from tests.languages.sigma.detecting import HEAD, SOURCE
from tests.rulebook.sigma_book import CATALOGUE, ID, OTHER, filtering, fired, rule


@pytest.fixture
def load(tmp_path):
    def loaded(*texts: str):
        for index, text in enumerate(texts):
            (tmp_path / f"{index}.yml").write_text(text, "utf-8")
        return load_rules([tmp_path], CATALOGUE)

    return loaded


CORRELATION = """\
title: C
id: cccccccc-cccc-4ccc-8ccc-cccccccccccc
correlation:
  type: event_count
  rules: [{id}]
  group-by: [userIdentity.arn]
  timespan: 5m
  condition: {{gte: 5}}
"""


def test_a_correlation_is_read_and_reported(load):
    book = load(CORRELATION.format(id=ID), rule())
    assert [rule.id for rule in book.rules] == [ID]
    assert [(note.rule_id, note.text) for note in book.unevaluated] == [
        ("cccccccc-cccc-4ccc-8ccc-cccccccccccc", "correlation: read, not yet evaluated")
    ]
    assert (book.errors, fired(book, {"a": "x"})) == ((), [ID])


def test_a_correlation_that_is_wrong_is_refused(load):
    (error,) = load(CORRELATION.format(id=ID).replace("event_count", "counting"), rule()).errors
    assert "'counting' is no valid Sigma correlation type" in error.message
    assert "(rule cccccccc-" in error.message


def test_several_documents_in_a_file(load):
    book = load(
        "---\n"
        + "---\n".join([rule(), filtering("any", "not selection"), rule("c: z", id=OTHER), ""])
    )
    assert [found.id for found in book.rules] == [ID, OTHER]
    assert fired(book, {"a": "x", "c": "z"}) == [ID, OTHER]
    assert fired(book, {"a": "x", "c": "z", "b": "y"}) == []
    assert book.rules[1].source.startswith("title: T\nid: 2222"), "its own lines alone"
    assert "c: z" in book.rules[1].source
    assert "a: x" not in book.rules[1].source


def test_a_bad_document_does_not_stop_the_others_of_its_file(load):
    book = load("---\n".join([rule("a|foo: x"), rule(id=OTHER), "just text\n"]))
    assert [found.id for found in book.rules] == [OTHER]
    assert [(error.code, error.line) for error in book.errors] == [
        ("sigma", 7),
        ("wrong-value", 19),
    ]


def test_an_id_is_there_once(load):
    book = load(rule(), rule("a: z"))
    assert [found.file[-5:] for found in book.rules] == ["0.yml"]
    ((code, line),) = [(error.code, error.line) for error in book.errors]
    assert (code, line) == ("duplicate-id", 2)
    assert ID in book.errors[0].message


def test_a_rule_without_id_and_level(load):
    text = rule().replace(f"id: {ID}\n", "").replace("level: low\n", "")
    (found,) = load(text).rules
    assert UUID(found.id).version == 5
    assert load(text + "status: test\n").rules[0].id == found.id, "made of the title alone"
    assert found.severity is Severity.MEDIUM
    assert found.notes == (
        "the rule has no id: one is made of its title",
        "the rule has no level: medium is taken",
    )


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("informational", Severity.INFORMATIONAL),
        ("low", Severity.LOW),
        ("medium", Severity.MEDIUM),
        ("high", Severity.HIGH),
        ("critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
    ],
)
def test_a_level_is_a_severity(load, level, severity):
    assert load(rule().replace("level: low", f"level: {level}")).rules[0].severity is severity


@pytest.mark.parametrize(
    ("rest", "version"),
    [
        ("date: 2024-01-02\nmodified: 2024-05-06\n", "2024-05-06"),
        ("date: 2024-01-02\n", "2024-01-02"),
        ("date: 2024/1/2\n", "2024-01-02"),
    ],
)
def test_a_version_is_the_last_change(load, rest, version):
    assert load(rule(rest=rest)).rules[0].version == version


def test_without_a_date_the_version_is_a_digest_of_the_rule_and_its_filters(load):
    plain = load(rule()).rules[0].version
    assert len(plain) == 12
    assert load(rule("a: z")).rules[0].version != plain
    assert load(rule(), filtering("any", "not selection")).rules[0].version != plain


def test_tags_are_attack_where_they_are_known_and_kept_where_not(load):
    tags = "[attack.discovery, attack.t1059.009, attack.T1087, attack.TA0043, attack.stealth, \
attack.defense-evasion, attack.defense_evasion, cve.2024-1, made.up.tag, nodot, attack.g0001]"
    (found,) = load(rule(rest=f"tags: {tags}\n")).rules
    assert found.attack == Attack(("TA0007", "TA0043", "TA0005"), ("T1059.009", "T1087"))
    assert {"attack.stealth", "made.up.tag", "nodot"} <= set(found.metadata["tags"])


def test_columns_are_the_fields(load):
    (found,) = load(rule(rest="fields: [userIdentity.arn, a, a]\n")).rules
    assert [column.alias for column in found.columns] == ["userIdentity.arn", "a"]


def test_what_a_rule_says_is_kept(load):
    rest = "description: D\nauthor: me\nreferences: [https://example.com]\nstatus: test\n\
falsepositives: [none]\nlicense: MIT\nrelated: [{id: ID, type: derived}]\n".replace("ID", OTHER)
    (found,) = load(rule(rest=rest)).rules
    assert found.references == ("https://example.com",)
    assert found.metadata["description"] == "D"
    assert found.metadata["status"] == "test"
    assert found.metadata["logsource"] == {"product": "aws", "service": "cloudtrail"}


def test_a_log_source_that_is_not_ours_is_said(load):
    source = "logsource: {product: windows, category: process_creation}"
    book = load(rule(source=source))
    (found,) = book.rules
    assert found.notes == (
        "no log source here is windows/process_creation: the rule never matches",
    )
    assert fired(book, {"a": "x"}) == []


def test_tests_inside_a_rule(load):
    rest = """\
tests:
  - {name: it is x, match: true, event: {eventSource: made.amazonaws.com, a: x}}
  - {name: it is not, match: false, event: {eventSource: made.amazonaws.com, a: z}}
  - {name: it is wrong, match: true, event: {eventSource: made.amazonaws.com, a: z}}
"""
    book = load(rule(rest=rest))
    assert [bool(result.detail) for result in run_tests(book, CATALOGUE)] == [False, False, True]


def test_words_that_yaml_takes_for_others_stay_texts(load):
    where = "country: NO\naccount: 012345678901\non: yes\nday: 2024-05-01\ntime: 12:30"
    book = load(rule(where))
    document = {"country": "no", "account": "012345678901", "on": "YES", "day": "2024-05-01"}
    assert fired(book, {**document, "time": "12:30"}) == [ID]
    assert fired(book, {**document, "time": "750"}) == []


def test_a_key_that_reads_as_a_number_is_a_name(load):
    book = load(rule("5: x\n'null': z"))
    assert fired(book, {"5": "x", "null": "z"}) == [ID]


def test_values_that_yaml_shares(load):
    text = HEAD + SOURCE + "detection:\n  one: {a: &names [x, z]}\n  two: {b: *names}\n"
    book = load(text + "  three: {<<: {c: x}, d: x}\n  condition: all of them\n")
    assert fired(book, {"a": "x", "b": "z", "c": "x", "d": "x"}) == [ID]
    assert fired(book, {"a": "x", "b": "z", "d": "x"}) == []
