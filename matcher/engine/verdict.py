"""How a rule decided one event: every condition, whether it held, and the value it saw."""

from dataclasses import dataclass
from typing import Any

from matcher.engine.compiler import leaf_predicate, operand, predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Compare,
    Constant,
    Exists,
    Expression,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Not,
    Nulls,
    Operand,
    Or,
    Recent,
)
from matcher.engine.members import values
from matcher.engine.reasons import written
from matcher.events.schema import Event


@dataclass(frozen=True, slots=True)
class Verdict:
    """One node of a rule and its outcome.

    ``text`` is the condition, or AND, OR, NOT. ``seen`` are the values of the operands, by the name
    that the rule writes; a node with ``parts`` has no values of its own.
    """

    text: str
    holds: bool
    seen: tuple[tuple[str, Any], ...] = ()
    parts: tuple["Verdict", ...] = ()


def judge(expression: Expression, event: Event) -> Verdict:
    """The outcome of every node; nothing is short-circuited."""
    holds = predicate(expression)(event)
    match expression:
        case And(items):
            return Verdict("AND", holds, parts=tuple(judge(item, event) for item in items))
        case Or(items):
            return Verdict("OR", holds, parts=tuple(judge(item, event) for item in items))
        case Not(item):
            return Verdict("NOT", holds, parts=(judge(item, event),))
        case _:
            seen = tuple(
                (written(item), _value(item, expression, event)) for item in operands(expression)
            )
            return Verdict(condition(expression), leaf_predicate(expression)(event), seen)


def _value(item: Operand, leaf: Leaf, event: Event) -> Any:
    """The value that a leaf sees for an operand; for Sigma, every value of the operand's names."""
    if not isinstance(item, Call) or getattr(leaf, "nulls", None) is not Nulls.SIGMA:
        return operand(item)(event)
    found = values(item)(event)
    return found[0] if len(found) == 1 else list(found) or None


def operands(leaf: Leaf) -> tuple[Operand, ...]:
    """The operands of a leaf without its constants."""
    match leaf:
        case Compare(_, left, right):
            return _varying(left, right)
        case (
            Among(item) | Like(item) | Matches(item) | InNetwork(item) | IsNull(item) | Exists(item)
        ):
            return _varying(item)
        case Recent() | Always():
            return ()


def _varying(*items: Operand) -> tuple[Operand, ...]:
    return tuple(item for item in items if not isinstance(item, Constant))


def condition(leaf: Leaf) -> str:
    """A leaf as AQL would write it. AQL has no notation for Sigma's case-insensitive IN."""
    match leaf:
        case Compare(operator, left, right):
            return f"{written(left)} {operator.value} {written(right)}"
        case Among(item, values, _, caseless):
            any_case = " in any case" if caseless else ""
            listed = ", ".join(written(Constant(value)) for value in values)
            return f"{written(item)} IN ({listed}){any_case}"
        case Like(item, pattern, caseless):
            return f"{written(item)} {'ILIKE' if caseless else 'LIKE'} '{pattern}'"
        case Matches(item, pattern, caseless):
            return f"{written(item)} {'IMATCHES' if caseless else 'MATCHES'} '{pattern}'"
        case InNetwork(item, network):
            return f"INCIDR('{network}', {written(item)})"
        case IsNull(item):
            return f"{written(item)} IS NULL"
        case Exists(item):
            return f"{written(item)} EXISTS"
        case Recent(_, clause):
            return clause
        case Always(holds):
            return "TRUE" if holds else "FALSE"
