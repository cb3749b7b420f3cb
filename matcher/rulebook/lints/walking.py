"""The leaves of a rule, each with the conditions that must hold beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.engine.expression import (
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    Leaf,
    Like,
    Not,
    Or,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A leaf and its surroundings.

    ``beside`` are all the conditions that AND joins at that place, the leaf among them; the tuple
    is the same object for all of them. ``negated``: a NOT stands above the leaf.
    """

    leaf: Leaf
    beside: tuple[Expression, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TextTest:
    """A field that is compared with texts. ``operator``: ``=``, ``LIKE`` or ``ILIKE``; in Sigma
    each may be ``caseless``, and patterns have an ``escape`` character.
    """

    field: Field
    operator: str
    texts: tuple[str, ...]
    caseless: bool = False
    escape: str = ""

    @property
    def name(self) -> str:
        """The property's name, in lower case."""
        return self.field.property.name.lower()


def placed(
    expression: Expression, beside: tuple[Expression, ...] = (), *, negated: bool = False
) -> Iterator[Placed]:
    """Every leaf, in the order of the rule."""
    match expression:
        case And(items):
            joined = (*beside, *items)
            for item in items:
                yield from placed(item, joined, negated=negated)
        case Or(items):
            for item in items:
                yield from placed(item, beside, negated=negated)
        case Not(item):
            yield from placed(item, beside, negated=not negated)
        case _:
            yield Placed(expression, beside, negated)


def text_test(leaf: Expression) -> TextTest | None:
    """The comparison of a field with texts that the leaf makes; None for any other leaf."""
    match leaf:
        case Among(Field() as field, values, _, caseless):
            options = tuple(value for value in values if isinstance(value, str))
            return TextTest(field, "=", options, caseless)
        case Compare(Comparison.EQUAL, Field() as field, Constant(str() as text)):
            return TextTest(field, "=", (text,))
        case Compare(Comparison.EQUAL, Constant(str() as text), Field() as field):
            return TextTest(field, "=", (text,))
        case Like(Field() as field, pattern, caseless, _, escape):
            operator = "ILIKE" if caseless else "LIKE"
            return TextTest(field, operator, (pattern,), caseless, escape)
        case _:
            return None
