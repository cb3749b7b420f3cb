"""How much evaluating a part of a rule costs, compared with another part.

Evaluation has no side effects, so the parts of an AND or an OR may be evaluated in any order: the
cheap ones first.
"""

from typing import assert_never

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
    Like,
    Matches,
    Not,
    Operand,
    Or,
    Recent,
)
from matcher.events.schema import Kind


def cost(expression: Expression) -> int:
    """0 if the test reads nothing, 1 for a field, 2 for a function or a regular expression, 3 for
    the payload. The cost of an AND or an OR is the cost of its most expensive part.
    """
    match expression:
        case And(items) | Or(items):
            return max(map(cost, items), default=0)
        case Not(item):
            return cost(item)
        case Always() | Recent():
            return 0
        case Compare(_, left, right):
            return max(_cost_of(left), _cost_of(right))
        case Matches(item):
            return max(2, _cost_of(item))
        case Among(item) | Like(item) | InNetwork(item) | IsNull(item) | Exists(item):
            return _cost_of(item)
        case _:
            assert_never(expression)


def _cost_of(item: Operand) -> int:
    match item:
        case Constant():
            return 0
        case Field():
            return 3 if item.property.kind is Kind.PAYLOAD else 1
        case Call(_, arguments):
            return max([2, *map(_cost_of, arguments)])
        case Case():
            return 2
        case _:
            assert_never(item)
