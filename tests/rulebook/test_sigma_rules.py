"""Sigma files as rules: filters, correlations, several documents, ids, levels, tags, tests."""

import json
from uuid import UUID

import pytest

from matcher.engine.rule import Attack, Severity
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.rulebook import load_rules, run_tests
from tests.languages.sigma.detecting import HEAD, SOURCE, rule_text, selection

CATALOGUE = Catalogue.load()
ID = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
FILTER = "title: F\nid: ffffffff-ffff-4fff-8fff-ffffffffffff\n"


@pytest.fixture
def load(tmp_path):
    def loaded(*texts: str):
        for index, text in enumerate(texts):
            (tmp_path / f"{index}.yml").write_text(text, "utf-8")
        return load_rules([tmp_path], CATALOGUE)

    return loaded


def rule(where: str = "a: x", rest: str = "", **changes: str) -> str:
    text = rule_text(selection(where), rest)
    for before, after in changes.items():
        text = text.replace({"id": ID, "source": SOURCE.strip()}[before], after)
    return text


def filtering(rules: str, condition: str, selections: str = "selection: {b: y}", source=SOURCE):
    body = f"filter:\n  rules: {rules}\n  {selections}\n  condition: {condition}\n"
    return FILTER + source + body


def fired(book, document: dict) -> list[str]:
    raw = json.dumps({"eventSource": "made.amazonaws.com", **document}).encode()
    (found,) = unwrap(raw).events
    event = normalize(found, 1_700_000_000_000, CATALOGUE)
    rules = RuleSet(book.rules, CATALOGUE.log_source_types)
    naive = rules.match_naive(event)
    assert tuple(match.rule.id for match in rules.match(event)) == naive
    return list(naive)


def test_an_exclusion_is_a_filter_that_says_not(load):
    book = load(filtering("any", "not selection"), rule())
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "x", "b": "y"}) == []
    assert fired(book, {"b": "z"}) == []
    assert book.rules[0].notes == ("filters applied: 1",)
    assert (book.errors, book.unevaluated) == ((), ())


def test_a_filter_that_does_not_say_not_is_one_more_need(load):
    book = load(filtering("any", "selection"), rule())
    assert fired(book, {"a": "x"}) == []
    assert fired(book, {"a": "x", "b": "y"}) == [ID]


@pytest.mark.parametrize("rules", [f"[{ID}]", ID, "[shown]", "shown", f"[nobody, {ID}]"])
def test_a_filter_for_rules_by_id_or_name(load, rules):
    book = load(filtering(rules, "not selection"), rule(rest="name: shown\n"), rule(id=OTHER))
    assert fired(book, {"a": "x"}) == [ID, OTHER]
    assert fired(book, {"a": "x", "b": "y"}) == [OTHER]


@pytest.mark.parametrize("rules", ["[]", "ANY"])
def test_other_spellings_of_any(load, rules):
    assert fired(load(filtering(rules, "not selection"), rule()), {"a": "x", "b": "y"}) == []


def test_several_filters_and_every_condition_of_a_rule(load):
    conditions = "one: {a: x}\ntwo: {a: z}\ncondition: [one, two]"
    book = load(
        filtering("any", "not selection"),
        filtering("any", "not 1 of them", "_own: {c: y}\n  other: {d: y}"),
        rule_text(conditions),
    )
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "z", "c": "y"}) == [ID], "a name with an underscore is not of them"
    for broken in ({"b": "y"}, {"d": "y"}):
        assert fired(book, {"a": "x", **broken}) == fired(book, {"a": "z", **broken}) == []
    assert book.rules[0].notes == ("filters applied: 2",)


@pytest.mark.parametrize("name", ["selection", "_own", "2nd", "with-dash", "nothing", "of_it"])
def test_names_in_a_filter_are_its_own(load, name):
    book = load(filtering("any", f"not {name}", f"{name}: {{b: y}}"), rule())
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "x", "b": "y"}) == []


@pytest.mark.parametrize(
    ("source", "applied"),
    [
        (SOURCE, True),
        ("logsource: {product: aws}\n", True),
        ("logsource: {service: cloudtrail}\n", True),
        ("logsource: {product: azure, service: signinlogs}\n", False),
        ("logsource: {product: aws, service: cloudtrail, category: other}\n", False),
    ],
)
def test_a_filter_is_for_its_log_source(load, source, applied):
    book = load(filtering("any", "not selection", source=source), rule())
    assert fired(book, {"a": "x", "b": "y"}) == ([] if applied else [ID])
    told = [(note.rule_id[:4], note.text) for note in book.unevaluated]
    assert told == ([] if applied else [("ffff", "filter: no rule here is filtered by it")])


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (filtering("any", "not selectoin"), "condition", 7),
        (filtering("any", "not selection", "selection: {'b|re': '(?<=a)'}"), "bad-pattern", 6),
        (filtering("any", "not s", "s: {'b|expand': '%q%'}"), "unknown-placeholder", 6),
        (filtering("any", "not selection", "selection: {'b|foo': y}"), "sigma", 6),
        (filtering("[0]", "not selection"), "wrong-value", 5),
        (filtering("{a: b}", "not selection"), "sigma", 5),
        (filtering("any", "[selection]"), "sigma", 7),
        (filtering("any", "not selection").replace("  rules: any\n", ""), "sigma", 5),
        (FILTER + SOURCE + "filter: nothing\n", "sigma", 4),
        (FILTER + "filter: {rules: any, s: {a: b}, condition: s}\n", "sigma", 3),
    ],
)  # fmt: skip
def test_a_filter_that_is_wrong_is_refused_where_it_stands_and_filters_nothing(
    load, text, code, line
):
    book = load(text, rule())
    assert [(error.code, error.line) for error in book.errors[:1]] == [(code, line)]
    assert "(rule ffffffff-ffff-4fff-8fff-ffffffffffff)" in book.errors[0].message
    assert book.errors[0].path.endswith("0.yml")
    assert fired(book, {"a": "x", "b": "y"}) == [ID]


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
