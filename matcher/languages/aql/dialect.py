"""The differences between *compat*, which accepts AQL as people write it, and documented AQL.

*strict* accepts only what IBM documents, and makes an error of each departure. Source:
docs/reference/aql.md.
"""

from dataclasses import dataclass
from typing import Literal

from matcher.errors import RuleError, RuleSemanticError, RuleSyntaxError

DialectName = Literal["compat", "strict"]


@dataclass(frozen=True, slots=True)
class Departure:
    """Something that compat accepts and documented AQL does not have. ``{…}`` in a text is filled
    in.
    """

    code: str
    message: str
    hint: str
    kind: type[RuleError]


LAST_IN_WHERE = Departure(
    "strict-last-in-where",
    "LAST is no condition: it stands behind the query, after LIMIT",
    "take it out of WHERE and write it at the end",
    RuleSyntaxError,
)
CLAUSE_ORDER = Departure(
    "strict-clause-order",
    "{clause} stands after {before}; AQL has it before",
    "the order is GROUP BY, HAVING, ORDER BY, LIMIT, LAST or START, PARAMETERS",
    RuleSyntaxError,
)
SINGULAR_UNIT = Departure(
    "strict-unit",
    "the unit '{unit}' is not documented",
    "write MINUTES, HOURS or DAYS",
    RuleSyntaxError,
)
COMMENT = Departure(
    "strict-comment",
    "AQL documents no comments",
    "take the comment out",
    RuleSyntaxError,
)
SEMICOLON = Departure(
    "strict-semicolon",
    "AQL documents no ';' at the end",
    "take it out",
    RuleSyntaxError,
)
TYPE_OF_LOG_SOURCE = Departure(
    "strict-logsourcetypename",
    "LOGSOURCETYPENAME takes devicetype; QRadar looks up the log source's id as if it were a type",
    "write LOGSOURCETYPENAME(devicetype)",
    RuleSemanticError,
)
FOREIGN_PROPERTY = Departure(
    "strict-property",
    'unknown property "{name}": QRadar does not have it; here it stands for "{property}"',
    'write "{property}"',
    RuleSemanticError,
)
LIKE_ON_ADDRESS = Departure(
    "strict-like-address",
    "{operator} takes a text, and {name} is an address",
    "write STR({name}) {operator} …",
    RuleSemanticError,
)
ENUMERATION = Departure(
    "strict-enumeration",
    "{operator} ENUMERATION(…) is not documented",
    "join several {operator} by OR",
    RuleSyntaxError,
)
DISTINCT = Departure(
    "strict-distinct",
    "SELECT DISTINCT is not documented",
    "write GROUP BY with the same columns",
    RuleSyntaxError,
)

DEPARTURES = (
    LAST_IN_WHERE,
    CLAUSE_ORDER,
    SINGULAR_UNIT,
    COMMENT,
    SEMICOLON,
    TYPE_OF_LOG_SOURCE,
    FOREIGN_PROPERTY,
    LIKE_ON_ADDRESS,
    ENUMERATION,
)
"""The departures that a rule may have. DISTINCT is missing, as it needs many events."""
