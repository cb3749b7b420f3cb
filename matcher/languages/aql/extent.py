"""How large an expression is once it is unfolded: an alias, the item of a BETWEEN and the subject
of a CASE stand in it as often as they are asked, so a short text may say a very large thing.
"""

from collections.abc import Iterable, Sequence

from matcher.engine.expression import (
    Among,
    And,
    Call,
    Case,
    Compare,
    Expression,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Operand,
    Or,
)

MAX_PARTS = 100_000
"""How many conditions and values an expression may have; each list of IN counts as one."""

MAX_HEIGHT = 150
"""How deep conditions and values may stand in each other."""

Part = Expression | Operand


def extent(roots: Iterable[Part]) -> tuple[int, int]:
    """How many parts these expressions have together, and how high the highest is.

    In time that grows with the text: what stands in several places is looked at once.
    """
    measures: dict[int, tuple[int, int]] = {}
    parts, height = 0, 0
    for root in roots:
        size, high = _measure(root, measures)
        parts, height = parts + size, max(height, high)
    return parts, height


def _measure(root: Part, measures: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Without recursion: the height is what is not known to be small."""
    waiting = [root]
    while waiting:
        part = waiting[-1]
        inner = inner_parts(part)
        unknown = [one for one in inner if id(one) not in measures]
        if unknown:
            waiting += unknown
            continue
        found = [measures[id(one)] for one in inner]
        size = 1 + sum(size for size, _ in found)
        measures[id(part)] = size, 1 + max((height for _, height in found), default=0)
        waiting.pop()
    return measures[id(root)]


def inner_parts(part: Part) -> Sequence[Part]:
    """What stands directly in an expression or operand."""
    match part:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case Compare(_, left, right):
            return left, right
        case Among(item) | Like(item) | Matches(item) | InNetwork(item) | IsNull(item):
            return (item,)
        case Call(_, arguments):
            return arguments
        case Case(branches, otherwise):
            return (*(one for branch in branches for one in branch), otherwise)
        case _:
            return ()
