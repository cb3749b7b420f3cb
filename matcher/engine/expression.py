"""The one tree that every rule language compiles to.

Operands give values (text, numbers, NULL), expressions give true or false, never unknown: a
comparison with NULL is false and its NOT is true, which each comparing node knows by its
``nulls`` rule. Nodes are plain frozen data: what they mean stands in
:mod:`matcher.engine.compiler`, what bytes they need in :mod:`matcher.engine.literals`.
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
    """Missing and JSON null. The operand is every value that a name leads to: a test holds if it
    holds for one of them, or for a member of one (:mod:`matcher.engine.members`).
    """


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a language, with its implementation: a pure one, of the arguments' values."""

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
    """The comparing operators, by the sign they are written with."""

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
    """``operand LIKE pattern``: the whole text; ``%`` is any run (newlines too), ``_`` one sign.

    Behind the sign ``escape``, where there is one, ``%``, ``_`` and itself are plain.
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
    """The operand's name is there, whatever it holds."""

    operand: Operand
    nulls: Nulls = Nulls.SIGMA


@dataclass(frozen=True, slots=True)
class Recent:
    """``LAST n``: the event's start time is the reference, or at most ``milliseconds`` before.

    On a stream and over rules the reference is the event's own start time, so it holds.
    ``written`` is the text of the clause.
    """

    milliseconds: int
    written: str


@dataclass(frozen=True, slots=True)
class Always:
    """Holds, or does not, for every event."""

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
