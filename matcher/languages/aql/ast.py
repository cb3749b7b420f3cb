"""The syntax tree of an AQL text; no name in it has been looked up yet."""

from dataclasses import dataclass
from typing import Literal

from matcher.errors import Location


@dataclass(frozen=True, slots=True)
class Name:
    """A column, property or alias; ``quoted`` where it stands in double quotes."""

    at: Location
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text in single quotes; in ``value`` each doubled quote is a single one."""

    at: Location
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal or hexadecimal number."""

    at: Location
    value: int | float


@dataclass(frozen=True, slots=True)
class Null:
    """The word NULL as a value."""

    at: Location


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """``name(arguments)``; ``star`` for ``COUNT(*)``, ``distinct`` for ``COUNT(DISTINCT x)``."""

    at: Location
    name: str
    arguments: tuple["Node", ...]
    star: bool
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Operators of one rank, from left to right: ``first op item op item``."""

    at: Location
    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Negative:
    """``- item``."""

    at: Location
    item: "Node"


@dataclass(frozen=True, slots=True)
class Choice:
    """``CASE [subject] WHEN … THEN … ELSE … END``, and ``IF … THEN … ELSE …`` with one branch."""

    at: Location
    word: str
    subject: "Node | None"
    branches: tuple[tuple["Node", "Node"], ...]
    otherwise: "Node | None"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``; the operator is one of ``= != < <= > >=``."""

    at: Location
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Between:
    """``item [NOT] BETWEEN low AND high``."""

    at: Location
    item: "Node"
    low: "Node"
    high: "Node"
    negated: bool


@dataclass(frozen=True, slots=True)
class Among:
    """``item [NOT] IN (members)``."""

    at: Location
    item: "Node"
    members: tuple["Node", ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """``item [NOT] LIKE pattern`` or ILIKE."""

    at: Location
    item: "Node"
    pattern: "Node"
    caseless: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """``item [NOT] MATCHES pattern`` or IMATCHES."""

    at: Location
    item: "Node"
    pattern: "Node"
    caseless: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    """``item IS [NOT] NULL``."""

    at: Location
    item: "Node"
    negated: bool


@dataclass(frozen=True, slots=True)
class TextSearch:
    """``TEXT SEARCH 'query'``."""

    at: Location
    query: str


@dataclass(frozen=True, slots=True)
class Last:
    """``LAST amount unit``; the unit as written."""

    at: Location
    amount: int | float
    unit: str


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT item``."""

    at: Location
    item: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """``item AND item …``."""

    at: Location
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """``item OR item …``."""

    at: Location
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One item of the SELECT list. ``value`` is None for ``*``, ``alias`` is None if there is none.
    ``quote`` is the sign around the alias, or ``""``.
    """

    at: Location
    value: "Node | None"
    alias: str | None
    quote: str
    written: str


@dataclass(frozen=True, slots=True)
class GroupBy:
    """``GROUP BY items``."""

    at: Location
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Having:
    """``HAVING condition``."""

    at: Location
    condition: "Node"


@dataclass(frozen=True, slots=True)
class Ordering:
    """One item of ORDER BY."""

    at: Location
    item: "Node"
    descending: bool
    collation: str | None


@dataclass(frozen=True, slots=True)
class OrderBy:
    """``ORDER BY items``."""

    at: Location
    items: tuple[Ordering, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """``LIMIT rows``."""

    at: Location
    rows: int | float


@dataclass(frozen=True, slots=True)
class StartStop:
    """``START start [STOP stop]``."""

    at: Location
    start: "Node"
    stop: "Node | None"


@dataclass(frozen=True, slots=True)
class Parameters:
    """``PARAMETERS name=value, …``."""

    at: Location
    names: tuple[str, ...]


Clause = GroupBy | Having | OrderBy | Limit | Last | StartStop | Parameters


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT statement. ``clauses`` are those after WHERE, in the order in which they are
    written. ``distinct`` is the place of the word DISTINCT.
    """

    at: Location
    distinct: Location | None
    columns: tuple[Column, ...]
    source: "Name | Select"
    into: Name | None
    where: "Node | None"
    clauses: tuple[Clause, ...]


Value = Name | Text | Number | Null | FunctionCall | Arithmetic | Negative | Choice
Condition = (
    Comparison | Between | Among | Like | Matches | IsNull | TextSearch | Last | Not | And | Or
)
Node = Value | Condition | Select


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole text: a statement, or the bare filter of a rule test. ``comments`` and ``semicolon``
    are their places; documented AQL has neither.
    """

    root: Select | Node
    kind: Literal["statement", "filter"]
    comments: tuple[Location, ...]
    semicolon: Location | None
