"""The expression tree that every rule language compiles to.

Operands give values (text, numbers, NULL). Expressions give true or false, never unknown: a
comparison with NULL is false, and NOT of that comparison is true. Each comparing node knows from
its ``nulls`` rule which values count as NULL.

Nodes are plain frozen data. Each thing that is done with a tree is one function over all nodes, in
a module of its own: :mod:`matcher.engine.compiler` evaluates, :mod:`matcher.engine.cost` says which
part to evaluate first, :mod:`matcher.engine.literals` says which bytes an event must hold,
:mod:`matcher.engine.gate` decides by log source type, :mod:`matcher.engine.reasons` and
:mod:`matcher.engine.verdict` explain, and each language writes a tree as its own text. These
functions name every node, so mypy names each function that a new node must be added to. A default
stands only where it is right for any node: ``literals`` then requires nothing, and a conversion to
another language refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from matcher.events.schema import Property

Scalar = str | int | float | bool | None


class Nulls(Enum):
    """Which values a language takes for NULL."""

    AQL = "aql"
    """Missing, JSON null and the empty text (docs/reference/aql.md, "NULL")."""
    SIGMA = "sigma"
    """Missing and JSON null. An operand stands for every value that a name leads to: a test holds
    if it holds for one of these values, or for one member of a list among them
    (:mod:`matcher.engine.members`).
    """


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a rule language and its implementation: a pure function of the arguments'
    values.
    """

    name: str
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Field:
    """The value that an event has under a property. ``written`` is how the rule names it."""

    property: Property
    written: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the rule."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to operands."""

    function: Function
    arguments: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first branch whose condition holds, else ``otherwise``."""

    branches: tuple[tuple["Expression", "Operand"], ...]
    otherwise: "Operand"


Operand = Field | Constant | Call | Case


class Comparison(Enum):
    """The comparison operators, by the sign that a rule writes."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; text by code point and case-sensitively, numbers by value."""

    operator: Comparison
    left: Operand
    right: Operand
    nulls: Nulls = Nulls.AQL


@dataclass(frozen=True, slots=True)
class Among:
    """``operand IN (…)``: equal to one of the values."""

    operand: Operand
    values: tuple[Scalar, ...]
    nulls: Nulls = Nulls.AQL
    caseless: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """``operand LIKE pattern``, compared with the whole text.

    ``%`` stands for any run of characters, also across newlines, ``_`` for one character. After the
    character ``escape``, where there is one, ``%``, ``_`` and the escape itself are ordinary
    characters.
    """

    operand: Operand
    pattern: str
    caseless: bool
    nulls: Nulls = Nulls.AQL
    escape: str = ""


@dataclass(frozen=True, slots=True)
class Matches:
    """``operand MATCHES pattern``: the regular expression is found in the text."""

    operand: Operand
    pattern: str
    caseless: bool
    nulls: Nulls = Nulls.AQL


@dataclass(frozen=True, slots=True)
class InNetwork:
    """The operand is an address inside the network."""

    operand: Operand
    network: IPv4Network | IPv6Network
    nulls: Nulls = Nulls.AQL


@dataclass(frozen=True, slots=True)
class IsNull:
    """The operand is NULL."""

    operand: Operand
    nulls: Nulls = Nulls.AQL


@dataclass(frozen=True, slots=True)
class Exists:
    """The event has a value under the operand's name, whatever the value is."""

    operand: Operand
    nulls: Nulls = Nulls.SIGMA


@dataclass(frozen=True, slots=True)
class Recent:
    """``LAST n``: the event's start time is at most ``milliseconds`` before the reference time.

    In the service the reference time is the event's own start time, so the condition always holds.
    ``written`` is the text of the clause.
    """

    milliseconds: int
    written: str


@dataclass(frozen=True, slots=True)
class Always:
    """The same answer for every event: always true, or always false."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where the item does not."""

    item: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """Holds where every item does."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where at least one item does."""

    items: tuple["Expression", ...]


Leaf = Compare | Among | Like | Matches | InNetwork | IsNull | Exists | Recent | Always
Expression = And | Or | Not | Leaf


def leaves(expression: Expression) -> tuple[Leaf, ...]:
    """The leaves, in the order in which the rule writes them."""
    match expression:
        case And(items) | Or(items):
            return tuple(leaf for item in items for leaf in leaves(item))
        case Not(item):
            return leaves(item)
        case _:
            return (expression,)
