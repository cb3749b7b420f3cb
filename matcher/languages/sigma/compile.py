"""A Sigma rule that pySigma has parsed → the engine's expression."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sigma import conditions
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetections, SigmaRule

from matcher.engine.expression import Among, And, Expression, Field, Not, Nulls, Operand, Or, Scalar
from matcher.engine.rule import Column
from matcher.errors import RuleSemanticError, UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.languages.nearest import nearest
from matcher.languages.quotes import DOUBLE_QUOTES, SINGLE_QUOTES
from matcher.languages.sigma.fields import KEYWORDS, Fields
from matcher.languages.sigma.log_sources import log_sources
from matcher.languages.sigma.placeholders import NO_PLACEHOLDERS, Placeholders
from matcher.languages.sigma.values import NEVER, Comparisons

_QUOTES = frozenset(f"'\"{SINGLE_QUOTES}{DOUBLE_QUOTES}")
_WORDS = frozenset(("and", "or", "not", "1", "all", "any", "of", "them"))


@dataclass(frozen=True, slots=True)
class Detection:
    """A compiled rule. ``expression`` holds only for events of the rule's log source. ``columns``
    are the rule's ``fields``. ``notes`` are what a reader must know, one line each.
    """

    expression: Expression
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()


def compile_detection(
    rule: SigmaRule,
    catalogue: Catalogue,
    placeholders: Placeholders = NO_PLACEHOLDERS,
    filters: Iterable[SigmaDetections] = (),
) -> Detection:
    """Compile a rule that pySigma parsed without an error.

    The rule's condition AND the condition of each filter must hold; a filter's selections have
    names of their own. Raises UnsupportedRule and RuleSemanticError, without a place:
    :attr:`RuleError.source` is the field or the condition that the error is about.
    """
    source = rule.logsource
    sources = log_sources(product=source.product, service=source.service, category=source.category)
    fields = Fields(sources)
    compilation = _Compilation(fields, placeholders)
    wanted = all_of([compilation.detections(one) for one in (rule.detection, *filters)])
    columns = tuple(Column(name, fields.field(name)) for name in dict.fromkeys(rule.fields))
    if not sources:
        given = "/".join(filter(None, (source.product, source.category, source.service)))
        note = f"no log source here is {given}: the rule never matches"
        return Detection(And((NEVER, wanted)), columns, (note,))
    kinds = dict.fromkeys(kind for one in sources for kind in one.kinds)
    numbers = tuple(dict.fromkeys(catalogue.type_of(kind).id for kind in kinds))
    gate = Among(_devicetype(catalogue), numbers)
    joined = wanted.items if isinstance(wanted, And) else (wanted,)
    return Detection(And((gate, *joined)), columns)


def any_of(expressions: Iterable[Expression]) -> Expression:
    """The OR of the expressions: an OR inside is opened, and equalities of one field become one
    list.
    """
    items: list[Expression] = []
    equalities: dict[tuple[Operand, bool], tuple[int, dict[Scalar, None]]] = {}
    for item in _opened(expressions):
        if isinstance(item, Among) and item.nulls is Nulls.SIGMA:
            key = item.operand, item.caseless
            if key not in equalities:
                equalities[key] = len(items), {}
                items.append(item)
            equalities[key][1].update(dict.fromkeys(item.values))
        else:
            items.append(item)
    for (operand, caseless), (place, values) in equalities.items():
        items[place] = Among(operand, tuple(values), Nulls.SIGMA, caseless)
    return items[0] if len(items) == 1 else Or(tuple(items))


def _opened(expressions: Iterable[Expression]) -> Iterable[Expression]:
    for item in expressions:
        if isinstance(item, Or):
            yield from _opened(item.items)
        else:
            yield item


def all_of(expressions: Iterable[Expression]) -> Expression:
    """The AND of the expressions; an AND inside is opened."""
    items: list[Expression] = []
    for item in expressions:
        items += item.items if isinstance(item, And) else (item,)
    return items[0] if len(items) == 1 else And(tuple(items))


class _Compilation:
    def __init__(self, fields: Fields, placeholders: Placeholders) -> None:
        self._comparisons = Comparisons(fields.field, placeholders.values)

    def detections(self, detections: SigmaDetections) -> Expression:
        """The OR of the rule's conditions."""
        parsed = [_parsed(condition) for condition in detections.parsed_condition]
        return any_of(self.expression(node) for node in parsed)

    def expression(self, node: object) -> Expression:
        match node:
            case conditions.ConditionAND(args=args):
                return all_of([self.expression(arg) for arg in args])
            case conditions.ConditionOR(args=args):
                return any_of([self.expression(arg) for arg in args])
            case conditions.ConditionNOT(args=[arg]):
                return Not(self.expression(arg))
            case conditions.ConditionFieldEqualsValueExpression(field=name, value=value):
                try:
                    return any_of([self._comparisons.field(name, value)])
                except UnsupportedRule as error:
                    error.source = name
                    raise
            case conditions.ConditionValueExpression(value=value):
                return any_of([self._comparisons.keyword(KEYWORDS, value)])
            case _:
                name = type(node).__name__
                raise UnsupportedRule(f"{name} is not evaluated", code="unsupported-condition")


def _parsed(condition: conditions.SigmaCondition) -> object:
    text = condition.condition
    if "|" in text:
        message = "counting and near (`| count()`) are not evaluated: Sigma 2 has correlations"
        raise UnsupportedRule(message, code="condition", source=text)
    try:
        return condition.parsed
    except SigmaError as error:
        message, hint = _said(error, text), _meant(text, condition.detections.detections)
        raise RuleSemanticError(message, code="condition", source=text, hint=hint) from None
    except RecursionError:
        raise RuleSemanticError("nested too deeply", code="too-deep", source=text) from None


def _said(error: SigmaError, condition: str) -> str:
    """The message of pySigma; in place of an error of its grammar, the text of the
    condition there.
    """
    message = str(error.args[0])
    if not (found := re.search(r"\(at char (\d+)\)", message)):
        return message
    rest = condition[int(found[1]) :].strip()
    return (
        f"the condition cannot be read from here: {rest[:60]}"
        if rest
        else "the condition ends too early"
    )


def _meant(condition: str, known: Iterable[str]) -> str:
    """The selection that was probably meant by a name that the rule does not define."""
    names = list(known)
    if re.search(r"\b(?:NOT|AND|OR|OF|ALL|THEM)\b", condition):
        return "and, or, not, of, all, them are written in lower case"
    if any(sign in _QUOTES for sign in condition):
        return "a condition names its selections without quotes"
    for word in re.findall(r"[\w-]+", condition):
        if word not in names and word.lower() not in _WORDS:
            guess = nearest(word, names)
            return f"did you mean '{guess}'?" if guess else f"names: {', '.join(names)}"
    return ""


def _devicetype(catalogue: Catalogue) -> Field:
    return Field(catalogue.properties.by_field["devicetype"], "devicetype")
