"""Can a condition ever hold, and can it ever fail?"""

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.engine.compiler import is_address, is_payload, leaf_predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    Leaf,
    Like,
    Matches,
    Not,
    Nulls,
    Operand,
    Or,
    Recent,
)
from matcher.engine.gate import possible_types
from matcher.engine.literals import required_literals
from matcher.engine.rule import Rule
from matcher.engine.values import address, number_of
from matcher.engine.verdict import condition, operands
from matcher.events.catalogue import Catalogue
from matcher.events.schema import EMPTY_EVENT
from matcher.rulebook.lints.field_uses import sources_of
from matcher.rulebook.lints.finding import Finding


def truths(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Branches that never hold, a rule that always holds, and a rule without a required literal."""
    if truth(rule.expression) is True:
        yield Finding("always-true", "every event matches", "say in WHERE what is looked for")
    if rule.language == "sigma" and not sources_of(rule):
        return  # the rule never holds for its log source: another lint reports that
    for found in impossible(rule.expression, catalogue):
        message = f"this can never hold: {shown(found.branch)}"
        yield Finding("never-true", message, "take it out, or mend what contradicts itself")
    needed = required_literals(rule.expression)
    if needed.anything:
        yield Finding(
            "no-literal",
            f"every event of its log sources is parsed and tested: {needed.because}",
            "add a condition that names a text: an event's name, an operation, an event source",
        )


def truth(expression: Expression) -> bool | None:
    """Whether an expression holds for every event (True), for no event (False), or for
    some (None).
    """
    match expression:
        case Always(holds):
            return holds
        case Recent():
            return True
        case Not(item):
            inner = truth(item)
            return None if inner is None else not inner
        case And(items):
            parts = [truth(item) for item in items]
            if False in parts or _contradict(items):
                return False
            return None if None in parts else True
        case Or(items):
            parts = [truth(item) for item in items]
            if True in parts or _opposed(items):
                return True
            return None if None in parts else False
        case _:
            return _leaf_truth(expression)


def _leaf_truth(leaf: Leaf) -> bool | None:
    match leaf:
        case Compare(nulls=Nulls.AQL, left=left, right=right) if _null(left) or _null(right):
            return False
        case Among(_, values, Nulls.AQL) if all(value in (None, "") for value in values):
            return False
        case Like(item, nulls=Nulls.AQL) | Matches(item, nulls=Nulls.AQL) if _null(item):
            return False
        case Like(_, "", nulls=Nulls.AQL):
            return False
        case Like(item, pattern) if is_payload(item) and not pattern.strip("%"):
            return True
        case _ if (seen := operands(leaf)) and all(map(_fixed, seen)):
            return leaf_predicate(leaf)(EMPTY_EVENT)
        case _:
            return None


def _fixed(item: Operand) -> bool:
    """Whether the operand has the same value for every event."""
    match item:
        case Field(found):
            return found.fixed
        case Constant():
            return True
        case Call(_, arguments):
            return all(map(_fixed, arguments))
        case _:
            return False


def _null(item: object) -> bool:
    return isinstance(item, Constant) and item.value in (None, "")


def _contradict(items: tuple[Expression, ...]) -> bool:
    """Whether two of these conditions require one operand to be two different texts.

    Only operands with a single value count: a name in Sigma may lead to several values, and the
    payload is read in two spellings.
    """
    wanted: dict[Operand, frozenset[str]] = {}
    for item in items:
        match item:
            case Among(operand, values, Nulls.AQL):
                options = values
            case Compare(Comparison.EQUAL, operand, Constant(value), Nulls.AQL):
                options = (value,)
            case _:
                continue
        if is_payload(operand):
            continue
        texts = [text for text in options if isinstance(text, str) and number_of(text) is None]
        if len(texts) < len(options):
            continue  # numbers are compared by value, not by spelling
        found = frozenset(map(_as_address if is_address(operand) else _of_any_case, texts))
        if not found & wanted.get(operand, found):
            return True
        wanted[operand] = found & wanted.get(operand, found)
    return _opposed(items)


def _as_address(text: str) -> str:
    """A key for an address that is the same for all its spellings."""
    return str(address(text) or text)


def _of_any_case(text: str) -> str:
    """A key for a truth value, which equals its word in any case."""
    return text.lower() if text.lower() in ("true", "false") else text


def _opposed(items: tuple[Expression, ...]) -> bool:
    """Whether one of these conditions is the negation of another."""
    negated = {item.item for item in items if isinstance(item, Not)}
    return any(item in negated for item in items)


@dataclass(frozen=True, slots=True)
class Impossible:
    """A branch that never holds together with the conditions ``beside`` it."""

    branch: Expression
    beside: tuple[Expression, ...]


def impossible(
    expression: Expression, catalogue: Catalogue, beside: tuple[Expression, ...] = ()
) -> Iterator[Impossible]:
    """The largest branches that never hold. The conditions ``beside`` are joined to the expression
    by AND.
    """
    whole = And((expression, *beside))
    if truth(whole) is False or not possible_types(whole, catalogue.log_source_types):
        if not _about_type(expression):
            yield Impossible(expression, beside)
        return
    match expression:
        case Or(items):
            for item in items:
                yield from impossible(item, catalogue, beside)
        case And(items):
            for index, item in enumerate(items):
                if isinstance(item, Or):
                    others = (*beside, *items[:index], *items[index + 1 :])
                    yield from impossible(item, catalogue, others)


def _about_type(expression: Expression) -> bool:
    """Whether the expression is a single condition on the log source type, which has lints of its
    own.
    """
    match expression:
        case And() | Or() | Not():
            return False
        case _:
            return condition(expression).lower().startswith(("logsourcetypename(", "devicetype "))


def shown(expression: Expression) -> str:
    """An expression as AQL, shortened."""
    match expression:
        case And(items):
            return " AND ".join(f"({shown(i)})" if isinstance(i, Or) else shown(i) for i in items)
        case Or(items):
            return " OR ".join(map(shown, items))
        case Not(item):
            return f"NOT ({shown(item)})"
        case _:
            return condition(expression)
