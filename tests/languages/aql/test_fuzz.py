"""Whatever the text: a diagnostic with its place, or an expression that prints, reads back, runs.

``MATCHER_FUZZ_SECONDS`` says for how long; a failure says which ``MATCHER_FUZZ_SEED`` makes its
text the first of the next run.
"""

import json
import os
import secrets
import time
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from matcher.alerts.document import encode
from matcher.engine.compiler import operand, predicate
from matcher.engine.expression import Always, Or
from matcher.engine.gate import possible_types
from matcher.engine.literals import required_literals
from matcher.engine.reasons import Explanation
from matcher.engine.verdict import judge
from matcher.errors import Location, RuleError, RuleErrors
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.aql import AqlPolicy, Query, compile_query
from matcher.languages.aql.aggregates import Groups
from matcher.languages.aql.extent import extent
from matcher.languages.aql.parser import MAX_CHARACTERS
from matcher.languages.aql.text import aql_text
from tests.languages.aql.mutations import Texts, written_texts

SECONDS = float(os.environ.get("MATCHER_FUZZ_SECONDS") or 3)
AT_LEAST = 200
"""So many texts are read however slow the machine is: few of them are rules."""

SURELY_READ_BACK = 25
"""An expression of this height prints nested less deeply than a query may be."""

CATALOGUE = Catalogue.load()
NOON = 1_770_000_000_000
ALICE = {
    "eventVersion": "1.08",
    "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "111122223333"},
    "eventTime": "2026-01-31T12:00:00Z",
    "eventSource": "signin.amazonaws.com",
    "eventName": "ConsoleLogin",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "ab%",
    "errorCode": "AccessDenied",
    "responseElements": {"a": [1, None, "it's é"]},
}
EVENTS = [
    normalize(raw, NOON, CATALOGUE)
    for document in ({}, ALICE)
    for raw in unwrap(json.dumps(document, ensure_ascii=False).encode()).events
]
SETS = {"Admins": frozenset({"alice", "bob"}), "Empty": frozenset()}
POLICIES = (
    AqlPolicy(reference_sets=SETS),
    AqlPolicy("three-valued", "full", ZoneInfo("Europe/Berlin"), SETS),
)


@dataclass
class Count:
    texts: int = 0
    compiled: int = 0


@pytest.mark.timeout(SECONDS + 120)
def test_texts_that_nobody_would_write():
    texts = Texts(written_texts())
    seed = int(os.environ.get("MATCHER_FUZZ_SEED") or secrets.randbelow(2**40))
    count, end = Count(), time.monotonic() + SECONDS
    while count.texts < AT_LEAST or time.monotonic() < end:
        text = texts.text(seed)
        try:
            count.compiled += _compiles_or_is_refused(text, seed)
        except BaseException as error:
            error.add_note(f"MATCHER_FUZZ_SEED={seed} makes this text first:\n{text!r}")
            raise
        count.texts += 1
        seed += 1
    print(count)  # noqa: T201 - pytest -s shows it
    assert count.compiled > count.texts / 20


def _compiles_or_is_refused(text: str, seed: int) -> bool:
    policy, now = POLICIES[seed % 2], (None, NOON)[seed // 2 % 2]
    dialect = ("compat", "compat", "strict")[seed // 4 % 3]
    compiled = _compiled(text, dialect=dialect, policy=policy, now=now)
    if isinstance(compiled, RuleError):
        for one in compiled.errors if isinstance(compiled, RuleErrors) else [compiled]:
            assert one.code
            assert _inside(one.location, text), one
        assert str(compiled)
        return False
    _reads_back(compiled, policy)
    for event in EVENTS:
        _decides(compiled, event, now)
    _answers(compiled)
    return True


def _compiled(text: str, **how) -> Query | RuleError:
    try:
        return compile_query(text, CATALOGUE, **how)
    except RuleError as error:
        return error


def _inside(place: Location | None, text: str) -> bool:
    assert place is not None
    lines = text.split("\n")
    return (
        1 <= place.line <= len(lines)
        and 1 <= place.column <= len(lines[place.line - 1]) + 1
        and place.length >= 1
    )


def _reads_back(query: Query, policy: AqlPolicy) -> None:
    text = aql_text(query.expression)
    _, height = extent([query.expression])
    again = _compiled(text, policy=AqlPolicy(zone=policy.zone))
    if isinstance(again, RuleError):
        errors = again.errors if isinstance(again, RuleErrors) else [again]
        if all(error.code == "not-a-number" for error in errors):
            return  # a reference set may hold texts beside a number, and a list may not
        assert again.code in ("too-deep", "too-long"), again
        assert height > SURELY_READ_BACK or len(text) > MAX_CHARACTERS, again
        return
    assert again.expression == query.expression, text


def _answers(query: Query) -> None:
    """Every column has a value that can be written, of each event or of each group."""
    rows = EVENTS
    if query.grouping is not None:
        groups = Groups(query.grouping)
        for event in EVENTS:
            groups.add(event)
        rows = list(groups.finished())
        if query.grouping.having is not None:
            assert {predicate(query.grouping.having)(row) for row in rows} <= {True, False}
    for row in rows:
        for item in (*query.columns, *query.order_by):
            assert encode({"column": operand(item.operand)(row)})


def _decides(query: Query, event, now: int | None) -> None:
    expression = query.expression
    holds = predicate(expression, now)(event)
    assert holds in (True, False)
    live = predicate(expression)(event)
    assert judge(expression, event).holds is live
    every_leaf = Explanation(Or((expression, Always(holds=True))))
    assert encode({"why": [r.value for r in every_leaf.reasons(event)]})
    if live:
        assert event.log_source_type in possible_types(expression, CATALOGUE.log_source_types)
        needed = required_literals(expression).literals
        raw = event.payload.raw.lower()
        assert needed is None or any(one.encode() in raw for one in needed)
