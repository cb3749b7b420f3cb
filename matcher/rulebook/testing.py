"""Runs the tests that stand inside rule files."""

from collections import defaultdict
from dataclasses import dataclass

from matcher.engine.compiler import operand
from matcher.engine.rule import Rule
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.events.schema import Event
from matcher.rulebook.format import RuleTest
from matcher.rulebook.loading import Rulebook


@dataclass(frozen=True, slots=True)
class TestResult:
    """The result of one test.

    ``detail`` says what was expected and what was seen; "" if the test passed. ``decided`` are the
    events that the rule decided otherwise than the test expects: every event of the record if a
    match is missing, or the events that matched if no match is expected; empty if the record cannot
    be read.
    """

    __test__ = False  # pytest would take a class with such a name for a test class

    test: RuleTest
    detail: str
    rule: Rule
    decided: tuple[Event, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the rule did what the test expects."""
        return not self.detail


def run_tests(rulebook: Rulebook, catalogue: Catalogue) -> tuple[TestResult, ...]:
    """The result of every test, in the order of rules and tests.

    Each event takes the same way as on a stream: it is unwrapped, normalized with its own time as
    start time (0 if it has none), and matched through prefilter and gate.
    """
    tests = defaultdict(list)
    for test in rulebook.tests:
        tests[test.rule_id].append(test)
    return tuple(
        _result(rule, RuleSet([rule], catalogue.log_source_types), test, catalogue)
        for rule in rulebook.rules
        for test in tests[rule.id]
    )


def _result(rule: Rule, ruleset: RuleSet, test: RuleTest, catalogue: Catalogue) -> TestResult:
    events = _events(test, catalogue)
    if isinstance(events, str):
        return TestResult(test, events, rule)
    matched = tuple(event for event in events if ruleset.match(event))
    if test.match and not matched:
        return TestResult(test, "no match, and one is expected", rule, tuple(events))
    if matched and not test.match:
        return TestResult(test, "a match, and none is expected", rule, matched)
    differences = "; ".join(_differences(rule, matched[0], test)) if matched else ""
    return TestResult(test, differences, rule, matched[:1] if differences else ())


def _events(test: RuleTest, catalogue: Catalogue) -> list[Event] | str:
    """The events of the test's record, or an error message."""
    unwrapped = unwrap(test.record)
    if unwrapped.rejects:
        return f"the record is rejected: {unwrapped.rejects[0].detail}"
    events = []
    for raw in unwrapped.events:
        event = normalize(raw, None, catalogue)
        if isinstance(event, Reject):
            return f"the event is rejected: {event.detail}"
        events.append(event)
    if not events:
        return "the record holds no event"
    if test.single and len(events) > 1:
        return f"the record holds {len(events)} events: write record: instead of event:"
    return events


def _differences(rule: Rule, event: Event, test: RuleTest) -> list[str]:
    """The columns whose values differ from those that the test expects."""
    seen = {column.alias: operand(column.operand)(event) for column in rule.columns}
    return [
        f"column '{alias}' is {seen[alias]!r}, and {expected!r} is expected"
        for alias, expected in test.columns.items()
        if (type(seen[alias]), seen[alias]) != (type(expected), expected)
    ]
