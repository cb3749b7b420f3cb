"""How large an expression is with all its repetitions.

An alias, the item of a BETWEEN and the subject of a CASE are repeated at each use, so a short text
can become a very large expression.
"""

from collections.abc import Iterable, Iterator, Sequence

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

MAX_PARTS = 100_000
"""How many conditions and values an expression may have; each list of IN counts as one."""

MAX_HEIGHT = 150
"""How deep conditions and values may be nested."""

Part = Expression | Operand


def extent(roots: Iterable[Part]) -> tuple[int, int]:
    """The number of parts that these expressions have together, and the height of the highest.

    The time is linear in the text: a part that is used in several places is measured once.
    """
    measures: dict[int, tuple[int, int]] = {}
    parts, height = 0, 0
    for root in roots:
        size, high = _measure(root, measures)
        parts, height = parts + size, max(height, high)
    return parts, height


def _measure(root: Part, measures: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Measure every part below ``root``, without recursion, as the height may be large."""
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


def conditions_within(roots: Iterable[Part]) -> Iterator[Expression]:
    """The conditions of every CASE inside these expressions and operands, each once."""
    waiting = list(roots)
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        waiting += inner_parts(part)
        if isinstance(part, Case):
            yield from (condition for condition, _ in part.branches)


def inner_parts(part: Part) -> Sequence[Part]:
    """The direct parts of an expression or operand."""
    match part:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case Compare(_, left, right):
            return left, right
        case Among(item) | Like(item) | Matches(item) | InNetwork(item) | IsNull(item):
            return (item,)
        case Exists(item):
            return (item,)
        case Call(_, arguments):
            return arguments
        case Case(branches, otherwise):
            return (*(one for branch in branches for one in branch), otherwise)
        case Recent() | Always() | Field() | Constant():
            return ()
