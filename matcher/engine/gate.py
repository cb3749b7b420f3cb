"""Which log source types a rule can match, and what remains to be tested for one type."""

from collections.abc import Iterable

from matcher.engine.compiler import leaf_predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Case,
    Compare,
    Constant,
    Exists,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Not,
    Operand,
    Or,
    Recent,
)
from matcher.events.schema import EMPTY_EVENT, Event, LogSourceType

_TYPE_PROPERTIES = frozenset({"logsourcetypename", "devicetype"})


def possible_types(
    expression: Expression, types: Iterable[LogSourceType]
) -> frozenset[LogSourceType]:
    """The log source types whose events the expression could match, as far as the type alone
    decides.
    """
    return frozenset(one for one in types if _decide(expression, _specimen(one)) is not False)


def specialized(expression: Expression, source_type: LogSourceType) -> Expression:
    """The expression as it applies to events of one log source type: conditions that the type alone
    decides are replaced by their outcome, and simplified away.
    """
    return simplified(_for(expression, _specimen(source_type)))


def simplified(expression: Expression) -> Expression:
    """The expression without parts that are always true or always false, unless that is all there
    is.

    An AND inside an AND, and an OR inside an OR, become one.
    """
    match expression:
        case And(items):
            return _joined(And, items, neutral=True)
        case Or(items):
            return _joined(Or, items, neutral=False)
        case Not(item):
            inner = simplified(item)
            if isinstance(inner, Always):
                return Always(not inner.holds)
            return inner.item if isinstance(inner, Not) else Not(inner)
        case _:
            return expression


def _joined(
    node: type[And] | type[Or], items: tuple[Expression, ...], *, neutral: bool
) -> Expression:
    kept: list[Expression] = []
    for item in map(simplified, items):
        if isinstance(item, Always):
            if item.holds is not neutral:
                return item
        elif isinstance(item, node):
            kept += item.items
        else:
            kept.append(item)
    if not kept:
        return Always(neutral)
    return kept[0] if len(kept) == 1 else node(tuple(kept))


def _for(expression: Expression, specimen: Event) -> Expression:
    match expression:
        case And(items):
            return And(tuple(_for(item, specimen) for item in items))
        case Or(items):
            return Or(tuple(_for(item, specimen) for item in items))
        case Not(item):
            return Not(_for(item, specimen))
        case _:
            known = _decide(expression, specimen)
            return expression if known is None else Always(known)


def _decide(expression: Expression, specimen: Event) -> bool | None:
    """True or False where the log source type alone decides, None where it does not."""
    match expression:
        case And(items):
            known = [_decide(item, specimen) for item in items]
            return False if False in known else None if None in known else True
        case Or(items):
            known = [_decide(item, specimen) for item in items]
            return True if True in known else None if None in known else False
        case Not(item):
            inner = _decide(item, specimen)
            return None if inner is None else not inner
        case _:
            return leaf_predicate(expression)(specimen) if _by_type(expression) else None


def _by_type(leaf: Leaf) -> bool:
    match leaf:
        case Always():
            return True
        case Recent():
            return False
        case Compare(_, left, right):
            return _reads_type(left) and _reads_type(right)
        case Among(item) | Like(item) | Matches(item) | InNetwork(item):
            return _reads_type(item)
        case IsNull(item) | Exists(item):
            return _reads_type(item)


def _reads_type(item: Operand) -> bool:
    match item:
        case Constant():
            return True
        case Field(found):
            return found.name in _TYPE_PROPERTIES
        case Call(_, arguments):
            return bool(arguments) and all(_reads_type(argument) for argument in arguments)
        case Case():
            return False


def _specimen(source_type: LogSourceType) -> Event:
    """An event of which nothing but the log source type is ever read."""
    return EMPTY_EVENT.replaced(log_source_type=source_type)
