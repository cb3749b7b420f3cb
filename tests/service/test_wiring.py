from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from matcher.config import AqlSettings, InputSettings, RuleSettings, Settings, load_settings
from matcher.errors import ConfigError
from matcher.languages.aql import DEFAULT_POLICY
from matcher.pipeline.lean import LeanPipeline
from matcher.service.wiring import (
    accounted,
    build_pipeline,
    load_catalogue,
    load_policy,
    load_rulebook,
)

RULE = """\
id: r
title: R
version: 1
severity: low
query: |
  SELECT DATEFORMAT(starttime, 'HH') AS Hour FROM events
  WHERE REFERENCESETCONTAINS('Admins', username)
tests:
  - name: one
    event: {eventSource: iam.amazonaws.com, eventName: A, userIdentity: {userName: alice}}
    match: true
"""


def test_the_default_is_the_default_policy():
    assert load_policy(Settings()) == DEFAULT_POLICY
    assert load_policy(Settings()).zone is UTC


def test_settings_become_the_policy(tmp_path):
    (tmp_path / "Admins.txt").write_text("\ufeffalice\n\n bob \r\nÉlodie", "utf-8")
    (tmp_path / "notes.md").write_text("no set")
    aql = AqlSettings(
        nulls="three-valued", matches="full", time_zone="Europe/Berlin", reference_sets=tmp_path
    )
    policy = load_policy(Settings(aql=aql))
    assert (policy.nulls, policy.matches) == ("three-valued", "full")
    assert policy.zone == ZoneInfo("Europe/Berlin")
    assert policy.reference_sets == {"Admins": {"alice", "bob", "Élodie"}}


def test_a_set_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "Bad.txt").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"Bad\.txt.*no UTF-8"):
        load_policy(Settings(aql=AqlSettings(reference_sets=tmp_path)))


def test_rules_ask_the_sets_that_are_configured(tmp_path):
    rules, sets = tmp_path / "rules", tmp_path / "sets"
    rules.mkdir()
    sets.mkdir()
    (rules / "r.yml").write_text(RULE)
    settings = Settings(rules=RuleSettings(paths=(rules,)), aql=AqlSettings(reference_sets=sets))
    (error,) = load_rulebook(settings, load_catalogue(settings)).errors
    assert (error.code, error.line) == ("unknown-reference-set", 7)
    (sets / "Admins.txt").write_text("alice")
    book = load_rulebook(settings, load_catalogue(settings))
    assert (len(book.rules), book.errors) == (1, ())


def test_a_setting_that_a_rule_rests_on_is_in_the_digest(tmp_path):
    rules, sets = tmp_path / "rules", tmp_path / "sets"
    rules.mkdir()
    sets.mkdir()
    (rules / "r.yml").write_text(RULE)
    (sets / "Admins.txt").write_text("alice")

    def digest(**aql) -> str:
        settings = Settings(
            rules=RuleSettings(paths=(rules,)), aql=AqlSettings(reference_sets=sets, **aql)
        )
        return build_pipeline(settings, pytest.fail).ruleset.digest

    before = digest()
    (sets / "Unused.txt").write_text("carol")
    assert digest(matches="full", nulls="three-valued") == before  # the rule asks neither
    assert digest(time_zone="Europe/Berlin") != before
    (sets / "Admins.txt").write_text("alice\nbob")
    assert digest() != before


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../etc/passwd", "/etc/passwd", "Europe"])
def test_what_is_no_time_zone(name):
    with pytest.raises(ConfigError, match=r"aql\.time_zone.*Europe/Berlin"):
        load_settings(options={"aql.time_zone": ("--set", name)})


def test_a_directory_of_sets_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"aql\.reference_sets.*no directory"):
        load_settings(options={"aql.reference_sets": ("--set", str(tmp_path / "none"))})


def test_lean_accounting_is_refused_where_a_rule_looks_at_every_event(tmp_path):
    lean = InputSettings(accounting="lean")
    (tmp_path / "r.yml").write_text(RULE.replace("id: r", "id: every-event"))
    sets = AqlSettings(reference_sets=tmp_path)
    (tmp_path / "Admins.txt").write_text("a")
    rules = RuleSettings(paths=(tmp_path / "r.yml",))
    pipeline = build_pipeline(Settings(rules=rules, aql=sets), pytest.fail)
    assert accounted(Settings(), pipeline) is pipeline
    with pytest.raises(ConfigError, match=r"^input\.accounting: lean") as refused:
        accounted(Settings(input=lean), pipeline)
    (_, line) = str(refused.value).splitlines()
    assert line.startswith("  every-event: ")
    assert len(line) > len("  every-event: ")


def test_lean_accounting_opens_what_a_rule_could_match(tmp_path):
    query = "SELECT * FROM events WHERE UTF8(payload) ILIKE '%CreateUser%'"
    text = RULE[: RULE.index("query:")] + f"query: {query}\n" + RULE[RULE.index("tests:") :]
    (tmp_path / "r.yml").write_text(text.replace("eventName: A", "eventName: CreateUser"))
    rules = RuleSettings(paths=(tmp_path / "r.yml",))
    pipeline = build_pipeline(Settings(rules=rules), pytest.fail)
    assert isinstance(
        accounted(Settings(input=InputSettings(accounting="lean")), pipeline), LeanPipeline
    )
