"""A rule: what it looks for, and what it reports."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from matcher.engine.expression import Expression, Operand


class Severity(IntEnum):
    """How bad a match is; ordered, so that "at least high" is a comparison."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def label(self) -> str:
        """The word used in rules, settings, alerts and metrics."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a match reports: an alias and the operand behind it."""

    alias: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Attack:
    """MITRE ATT&CK ids of a rule."""

    tactics: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. ``file`` is where it came from; ``notes`` are what a reader must know
    of how it is evaluated ("ORDER BY has no meaning on a stream"), one line each. ``source`` is
    the text of the rule as it was given, and ``settings`` are those that its meaning rests on
    besides, each with its value: the digest of a rule set is made of both.
    """

    id: str
    title: str
    version: str
    severity: Severity
    expression: Expression
    columns: tuple[Column, ...] = ()
    confidence: str = "medium"
    attack: Attack = Attack()
    references: tuple[str, ...] = ()
    language: str = "aql"
    file: str = ""
    source: str = ""
    settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
