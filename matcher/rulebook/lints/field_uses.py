"""The fields that a Sigma rule asks for, and whether its log source's records have them."""

from collections.abc import Iterator

from matcher.engine.expression import Call, Field, Operand
from matcher.engine.rule import Rule
from matcher.engine.verdict import operands
from matcher.events.schema import Kind
from matcher.languages.sigma import FieldUse, field_uses
from matcher.languages.sigma.fields import KEYWORDS
from matcher.languages.sigma.log_sources import SigmaLogSource, log_sources
from matcher.rulebook.lints.walking import placed


def uses_of(rule: Rule) -> tuple[FieldUse, ...]:
    """What is known of each field in a rule's detection, in the detection's order.

    Empty for a rule that is not Sigma, and for a log source that is not known here.
    """
    sources = sources_of(rule)
    if not sources:
        return ()
    names = (
        field.written
        for place in placed(rule.expression)
        for operand in operands(place.leaf)
        for field in _fields(operand)
        if field.property.kind is Kind.VALUES and field is not KEYWORDS
    )
    return field_uses(sources, dict.fromkeys(names))


def sources_of(rule: Rule) -> tuple[SigmaLogSource, ...]:
    """The log sources that a Sigma rule is about; empty if the rule is not Sigma or names another
    log source.
    """
    if rule.language != "sigma":
        return ()
    named = rule.metadata.get("logsource") or {}
    return log_sources(
        product=named.get("product"), service=named.get("service"), category=named.get("category")
    )


def _fields(operand: Operand) -> Iterator[Field]:
    if isinstance(operand, Field):
        yield operand
    elif isinstance(operand, Call):
        for argument in operand.arguments:
            yield from _fields(argument)
