"""NOT as in SQL, where a comparison with NULL is neither true nor false.

Expressions know only true and false. Three-valued logic is expressed in them: NOT is moved down to
the leaves (De Morgan's laws hold), and the NOT of a leaf also requires that its operands are not
NULL.
"""

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Exists,
    Expression,
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

NOTHING = Compare(Comparison.EQUAL, Constant(None), Constant(None))
"""A condition that never holds, and whose negation never holds either."""


def three_valued(expression: Expression) -> Expression:
    """An expression that holds exactly where this one is true in three-valued logic."""
    match expression:
        case And(items):
            return And(tuple(map(three_valued, items)))
        case Or(items):
            return Or(tuple(map(three_valued, items)))
        case Not(item):
            return _false(item)
        case _:
            return expression


def _false(expression: Expression) -> Expression:
    """An expression that holds where this one is false, and not merely unknown."""
    match expression:
        case And(items):
            return Or(tuple(map(_false, items)))
        case Or(items):
            return And(tuple(map(_false, items)))
        case Not(item):
            return three_valued(item)
        case _:
            return _false_leaf(expression)


def _false_leaf(leaf: Leaf) -> Expression:
    operands = _operands(leaf)
    if isinstance(leaf, Among) and any(value in (None, "") for value in leaf.values):
        return NOTHING
    if any(isinstance(item, Constant) and item.value in (None, "") for item in operands):
        return NOTHING
    known = tuple(Not(IsNull(item)) for item in operands if not isinstance(item, Constant))
    return And((*known, Not(leaf))) if known else Not(leaf)


def _operands(leaf: Leaf) -> tuple[Operand, ...]:
    """The operands that must not be NULL for the leaf to be false."""
    match leaf:
        case Compare(_, left, right):
            return left, right
        case Among(item) | Like(item) | Matches(item) | InNetwork(item):
            return (item,)
        case IsNull() | Exists() | Recent() | Always():
            return ()
