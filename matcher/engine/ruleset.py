"""The immutable set of rules that run together.

An event passes steps, each more expensive than the step before. The prefilter names the rules whose
literals stand in the event's bytes. If these rules are many, a second search drops the rules whose
further literals do not stand there. The gate drops the rules of other log source types. Only then
is the event normalized and each remaining rule evaluated. :meth:`RuleSet.match_naive` skips all but
the last step and must always give the same matches.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from matcher.engine.compiler import predicate
from matcher.engine.gate import possible_types
from matcher.engine.literals import RequiredLiterals, requirements
from matcher.engine.prefilter import Prefilter
from matcher.engine.reasons import Explanation, Reason
from matcher.engine.rule import Rule
from matcher.events.schema import Event, LogSourceType

FEW = 4
"""Evaluating so many rules is faster than searching an event for their further literals."""


class Match(msgspec.Struct, frozen=True):
    """A rule that an event matched, and the reasons."""

    rule: Rule
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a rule is found: the literals that it requires, and the log source types it can match.

    An event is searched for ``further`` literals only where the ``required`` literals of more than
    FEW rules stand in it.
    """

    rule: Rule
    required: RequiredLiterals
    further: RequiredLiterals
    types: frozenset[LogSourceType]


class RuleSet:
    """Rules, compiled. ``rules`` are in the order of their ids; ids are unique."""

    def __init__(self, rules: Iterable[Rule], log_source_types: Iterable[LogSourceType]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.id))
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError(f"two rules have one id, among {ids}")
        self.digest = _digest(self.rules)
        types = tuple(log_source_types)
        self.plans = tuple(
            Plan(rule, *requirements(rule.expression), possible_types(rule.expression, types))
            for rule in self.rules
        )
        self._predicates = [predicate(rule.expression) for rule in self.rules]
        self._explanations: dict[int, Explanation] = {}
        self._prefilter = Prefilter([plan.required for plan in self.plans])
        self._further = Prefilter([plan.further for plan in self.plans])
        self._gates = {one.id: self._gate(one) for one in types}

    def _gate(self, source_type: LogSourceType) -> int:
        return sum(1 << index for index, plan in enumerate(self.plans) if source_type in plan.types)

    def candidates(self, raw: bytes) -> int:
        """The rules whose literals stand in an event's bytes, as bits; see :meth:`narrow`."""
        return self._confirmed(self._prefilter.candidates(raw), raw)

    def candidates_of(self, events: Sequence[bytes]) -> dict[int, int]:
        """The :meth:`candidates` of many events, by the event's index. An event that no rule could
        match is left out.
        """
        found = self._prefilter.candidates_of(events)
        confirmed = {index: self._confirmed(rules, events[index]) for index, rules in found.items()}
        return {index: rules for index, rules in confirmed.items() if rules}

    def _confirmed(self, rules: int, raw: bytes) -> int:
        """The rules, without those whose further literals do not stand in the event; all the rules,
        if the search for those literals would not pay.
        """
        if (rules & ~self._further.always).bit_count() <= FEW:
            return rules
        return rules & self._further.candidates(raw)

    def narrow(self, candidates: int, source_type: LogSourceType) -> int:
        """The candidates that an event of this log source type could match."""
        return candidates & self._gates.get(source_type.id, candidates)

    @staticmethod
    def indexes(rules: int) -> Iterator[int]:
        """The indexes into ``rules`` that the bits of a set of rules stand for, ascending."""
        while rules:
            lowest = rules & -rules
            yield lowest.bit_length() - 1
            rules ^= lowest

    def matches(self, event: Event, index: int) -> bool:
        """Whether the rule at this index matches."""
        return self._predicates[index](event)

    def explain(self, event: Event, index: int) -> Match:
        """The match of the rule at this index, with its reasons; the rule is known to match."""
        rule, explanation = self.rules[index], self._explanations.get(index)
        if explanation is None:  # most of many rules never match
            explanation = self._explanations[index] = Explanation(rule.expression)
        return Match(rule, explanation.reasons(event))

    def match(self, event: Event) -> tuple[Match, ...]:
        """Every rule that the event matches, in the order of ``rules``."""
        candidates = self.narrow(self.candidates(event.payload.raw), event.log_source_type)
        return tuple(
            self.explain(event, index)
            for index in self.indexes(candidates)
            if self.matches(event, index)
        )

    def match_naive(self, event: Event) -> tuple[str, ...]:
        """The ids of the rules that the event matches, found without prefilter and gate: the
        oracle.

        Each expression is compiled anew and evaluated on the event; nothing else is done.
        """
        return tuple(rule.id for rule in self.rules if predicate(rule.expression)(event))


def _digest(rules: Iterable[Rule]) -> str:
    """SHA-256 over the texts of the rules and the settings that their meaning rests on, whatever
    files the rules stand in.
    """
    lines = [
        [rule.id, rule.version, rule.severity.label, rule.source, *rule.settings] for rule in rules
    ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()
