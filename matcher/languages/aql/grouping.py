"""A statement with aggregates → what is kept of each group, and columns over finished groups.

An aggregate is compiled to a field that reads a slot of the finished group. Any other value in a
column, HAVING or ORDER BY is taken from the group's first event, as on IBM's page of the aggregate
functions: a column that is not in GROUP BY is "returned as FIRST_sourceip".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from matcher.engine.compiler import is_payload
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Case,
    Compare,
    Comparison,
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
from matcher.errors import Location
from matcher.events.schema import Event, Kind, Property
from matcher.languages.aql.aggregates import AGGREGATES, Aggregate
from matcher.languages.aql.extent import Part, inner_parts


@dataclass(frozen=True, slots=True)
class Written:
    """An aggregate as it is written, and its place."""

    text: str
    at: Location


class Slots:
    """The aggregates of one statement, in the order in which they are found."""

    def __init__(self) -> None:
        self.aggregates: list[Aggregate] = []
        self._fields: dict[tuple[str, Field | Constant], Field] = {}
        self._written: dict[str, Written] = {}

    def __bool__(self) -> bool:
        return bool(self.aggregates)

    def of_text(self, function: str, operand: Operand, written: Written) -> Field:
        """The field for an aggregate in the text."""
        field = self._kept(function, operand, written.text)
        self._written[field.property.name] = written
        return field

    def within(self, root: Part) -> Written | None:
        """An aggregate inside an expression or operand; None where there is no aggregate."""
        for part in _parts(root):
            if isinstance(part, Field) and part.property.name in self._written:
                return self._written[part.property.name]
        return None

    def operand_of_group(self, operand: Operand) -> Operand:
        """The operand, changed so that it applies to a finished group."""
        if isinstance(operand, Constant):
            return operand
        if self.within(operand) is None:
            written = operand.written if isinstance(operand, Field) else ""
            return self._kept("FIRST", operand, written)
        match operand:
            case Call(function, arguments):
                return Call(function, tuple(map(self.operand_of_group, arguments)))
            case Case(branches, otherwise):
                return Case(
                    tuple(
                        (self.condition_of_group(test), self.operand_of_group(value))
                        for test, value in branches
                    ),
                    self.operand_of_group(otherwise),
                )
            case _:
                return operand

    def condition_of_group(self, expression: Expression) -> Expression:
        """The condition, changed so that it applies to a finished group."""
        match expression:
            case And(items):
                return And(tuple(map(self.condition_of_group, items)))
            case Or(items):
                return Or(tuple(map(self.condition_of_group, items)))
            case Not(item):
                return Not(self.condition_of_group(item))
            case Always():
                return expression
            case Compare(_, left, right):
                if is_payload(left) or is_payload(right):
                    return self._of_first(expression)
                left, right = self.operand_of_group(left), self.operand_of_group(right)
                return replace(expression, left=left, right=right)
            case Among(item) | Like(item) | Matches(item) if is_payload(item):
                return self._of_first(expression)
            case Among() | InNetwork() | IsNull() | Like() | Matches():
                return replace(expression, operand=self.operand_of_group(expression.operand))
            case Exists() | Recent():
                raise AssertionError(expression)

    def _of_first(self, leaf: Expression) -> Expression:
        """A condition on the payload, as the group's first event decides it. The group has no
        payload of its own, and the payload's text alone would not be enough.
        """
        held = Case(((leaf, Constant(1)),), Constant(0))
        return Compare(Comparison.EQUAL, self._kept("FIRST", held, ""), Constant(1))

    def _kept(self, function: str, operand: Operand, written: str) -> Field:
        """The field for an aggregate; an aggregate that is used several times is computed once."""
        if not isinstance(operand, (Field, Constant)):
            return self._new(function, operand, written)
        place = function, operand
        if place not in self._fields:
            self._fields[place] = self._new(function, operand, written)
        return self._fields[place]

    def _new(self, function: str, operand: Operand, written: str) -> Field:
        slot = f"slot {len(self.aggregates)}"
        self.aggregates.append(Aggregate(function, operand, slot))
        kind = AGGREGATES[function].kind or _kind(operand)
        return Field(Property(slot, kind, _reader(slot)), written)


def _kind(operand: Operand) -> Kind:
    """The kind, in the group, of a value that is taken from an event: a group has no payload."""
    kind = operand.property.kind if isinstance(operand, Field) else Kind.TEXT
    return Kind.TEXT if kind is Kind.PAYLOAD else kind


def _reader(slot: str) -> Callable[[Event], object]:
    return lambda group: group.properties[slot]


def _parts(root: Part) -> Iterator[Part]:
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += inner_parts(part)
