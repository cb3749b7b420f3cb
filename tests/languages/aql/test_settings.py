"""A compiled text names the settings that its meaning rests on."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from matcher.events.catalogue import Catalogue
from matcher.languages.aql import AqlPolicy, compile_query

CASES = Path(__file__).parents[2] / "cases" / "aql"
CATALOGUE = Catalogue.load()
SETS = {"Admins": frozenset({"alice", "bob"}), "Empty": frozenset()}
OTHER = {"Admins": frozenset({"alice"}), "Empty": frozenset({"carol"})}
TEXTS = [
    *(row[0] for row in yaml.safe_load((CASES / "expressions.yml").read_text("utf-8"))),
    "REFERENCESETCONTAINS('Admins', username)",
    "NOT REFERENCESETCONTAINS('Empty', username)",
    "CASE WHEN NOT qid = 1 THEN 1 ELSE 2 END = 1",
    "starttime > PARSEDATETIME('2026-01-31 08:00:00')",
    "starttime > PARSEDATETIME('2 hours ago')",
    "SELECT DATEFORMAT(starttime, 'HH') AS Hour FROM events WHERE qid = 1",
    "SELECT CASE WHEN username MATCHES 'a' THEN 1 ELSE 2 END AS c FROM events",
]


def policy(**changes) -> AqlPolicy:
    return AqlPolicy(**{"reference_sets": SETS, **changes})


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        (policy(nulls="three-valued"), "aql.nulls"),
        (policy(matches="full"), "aql.matches"),
        (policy(zone=ZoneInfo("Asia/Tokyo")), "aql.time_zone"),
        (policy(reference_sets=OTHER), "aql.reference_sets"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_settings_differ_where_the_meaning_does(changed, setting):
    differing = 0
    for text in TEXTS:
        before = compile_query(text, CATALOGUE, policy=policy())
        after = compile_query(text, CATALOGUE, policy=changed)
        meaning = (before.expression, before.columns) != (after.expression, after.columns)
        assert (before.settings != after.settings) is meaning, text
        assert all(one.startswith("aql.") for one in before.settings)
        assert all(one.startswith(setting) for one in {*before.settings} ^ {*after.settings}), text
        differing += meaning
    assert differing


def test_settings_are_said_with_their_values():
    text = (
        "SELECT DATEFORMAT(starttime, 'HH') AS h FROM events "
        "WHERE NOT username MATCHES 'a' AND qid = 1"
    )
    assert compile_query(text, CATALOGUE).settings == (
        "aql.matches = find",
        "aql.nulls = two-valued",
        "aql.time_zone = UTC",
    )
