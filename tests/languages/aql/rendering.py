"""An expression as one line, for tables of expectations."""

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Expression,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    Recent,
)
from matcher.engine.reasons import written


def rendered(expression: Expression) -> str:  # noqa: C901 - one case a node
    match expression:
        case And(items):
            return f"(and {' '.join(map(rendered, items))})"
        case Or(items):
            return f"(or {' '.join(map(rendered, items))})"
        case Not(item):
            return f"(not {rendered(item)})"
        case Compare(operator, left, right):
            return f"({operator.value} {written(left)} {written(right)})"
        case Among(item, values):
            return f"(in {written(item)} {' '.join(map(repr, values))})"
        case Like(item, pattern, caseless):
            return f"({'ilike' if caseless else 'like'} {written(item)} {pattern!r})"
        case Matches(item, pattern, caseless):
            return f"({'imatches' if caseless else 'matches'} {written(item)} {pattern!r})"
        case InNetwork(item, network):
            return f"(incidr {network} {written(item)})"
        case IsNull(item):
            return f"(null {written(item)})"
        case Recent(milliseconds):
            return f"(last {milliseconds})"
        case Always(holds):
            return f"({str(holds).lower()})"
