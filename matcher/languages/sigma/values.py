"""Values of a Sigma rule → leaves: what a field is compared with, and how (Sigma 2.1, modifiers).

pySigma has already applied the modifiers that it can. Modifiers that only an engine can apply
remain, as the types of :mod:`sigma.types`.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sigma import types as sigma

from matcher.engine.expression import (
    Always,
    Among,
    Call,
    Compare,
    Comparison,
    Constant,
    Exists,
    Expression,
    Function,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Nulls,
    Operand,
    Or,
)
from matcher.engine.members import Values, texts
from matcher.engine.patterns import like_escaped
from matcher.engine.regex import BadRegexError, compiled
from matcher.errors import UnsupportedRule
from matcher.events.text import fold
from matcher.events.times import milliseconds
from matcher.languages.sigma.placeholders import filled, regex_text

ESCAPE = "\\"
"""The escape character of the LIKE patterns that Sigma's texts become."""

_ORDER = MappingProxyType(
    {
        sigma.CompareOperators.LT: Comparison.LESS,
        sigma.CompareOperators.LTE: Comparison.AT_MOST,
        sigma.CompareOperators.GT: Comparison.GREATER,
        sigma.CompareOperators.GTE: Comparison.AT_LEAST,
    }
)
_EXACT = 2**53
"""Every integer below this number is exact as a float, which pySigma makes of some integers."""

_FLAGS = (
    (sigma.SigmaRegularExpressionFlag.MULTILINE, "m"),
    (sigma.SigmaRegularExpressionFlag.DOTALL, "s"),
)


@dataclass(frozen=True, slots=True)
class _Regex:
    """A regular expression whose placeholders are filled."""

    text: str
    flags: AbstractSet[sigma.SigmaRegularExpressionFlag]


class Comparisons:
    """Compiles comparisons.

    ``operand`` gives the operand for a field's name, ``placeholders`` the values of each
    placeholder. Every method raises UnsupportedRule for what is not evaluated.
    """

    def __init__(
        self, operand: Callable[[str], Operand], placeholders: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._operand = operand
        self._placeholders = placeholders

    def field(self, name: str, value: sigma.SigmaType) -> Expression:
        """The leaf for ``name: value``."""
        operand = self._operand(name)
        return Or(tuple(self._compared(operand, one) for one in self._alternatives(value)))

    def keyword(self, operand: Operand, value: sigma.SigmaType) -> Expression:
        """The leaf for a value without a field, which is searched for in each of the event's
        values.
        """
        return Or(tuple(self._searched(operand, one) for one in self._alternatives(value)))

    def _searched(self, operand: Operand, value: "sigma.SigmaType | _Regex") -> Expression:
        match value:
            case sigma.SigmaNumber() | sigma.SigmaBool():
                return _like(operand, f"%{like_escaped(_plain(value), ESCAPE)}%", caseless=True)
            case sigma.SigmaString():
                return _like(operand, f"%{like_pattern(value)}%", caseless=_is_caseless(value))
            case sigma.SigmaNull() | sigma.SigmaFieldReference():
                message = "a keyword is a text: null and another field are compared with a field"
                hint = "a field that is missing is field: null; a list of maps is any of them"
                raise UnsupportedRule(message, code="unsupported-keyword", hint=hint)
            case _:
                return self._compared(operand, value)

    def _compared(self, operand: Operand, value: "sigma.SigmaType | _Regex") -> Expression:
        match value:
            case sigma.SigmaString():
                return _text(operand, value)
            case sigma.SigmaNull():
                return IsNull(operand, Nulls.SIGMA)
            case sigma.SigmaExists(exists=wanted):
                return Exists(operand) if wanted else Not(Exists(operand))
            case _Regex():
                return _regex(operand, value)
            case sigma.SigmaCIDRExpression(network=network):
                return InNetwork(operand, network, Nulls.SIGMA)
            case sigma.SigmaFieldReference():
                return self._reference(operand, value)
            case _:
                return _numeric(operand, value)

    def _alternatives(self, value: sigma.SigmaType) -> Iterator["sigma.SigmaType | _Regex"]:
        """The values that one value stands for (by an expansion or by its placeholders); one must
        match.
        """
        match value:
            case sigma.SigmaExpansion(values=values):
                for one in values:
                    yield from self._alternatives(one)
            case sigma.SigmaString() if value.contains_placeholder():
                yield from filled(value, self._placeholders)
            case sigma.SigmaRegularExpression(regexp=regexp) if value.contains_placeholder():
                for text in filled(regexp, self._placeholders):
                    yield _Regex(regex_text(text), value.flags)
            case sigma.SigmaRegularExpression(regexp=regexp):
                yield _Regex(regex_text(regexp), value.flags)
            case _:
                yield value

    def _reference(self, operand: Operand, value: sigma.SigmaFieldReference) -> Expression:
        other = self._operand(value.field)
        if not (value.starts_with or value.ends_with):
            return Compare(Comparison.EQUAL, operand, other, Nulls.SIGMA)
        both = value.starts_with and value.ends_with
        name = "contains" if both else "startswith" if value.starts_with else "endswith"
        found = Call(_REFERENCES[name], (operand, other))
        return Compare(Comparison.EQUAL, found, Constant("true"), Nulls.SIGMA)


def like_pattern(value: sigma.SigmaString) -> str:
    """A text with wildcards as a LIKE pattern whose escape character is :data:`ESCAPE`."""
    signs = {sigma.SpecialChars.WILDCARD_MULTI: "%", sigma.SpecialChars.WILDCARD_SINGLE: "_"}
    return "".join(
        like_escaped(part, ESCAPE) if isinstance(part, str) else signs[part]
        for part in value.s
        if not isinstance(part, sigma.Placeholder)
    )


def _text(operand: Operand, value: sigma.SigmaString) -> Expression:
    caseless = _is_caseless(value)
    if value.contains_special():
        return _like(operand, like_pattern(value), caseless=caseless)
    plain = "".join(part for part in value.s if isinstance(part, str))
    return Among(operand, (plain,), Nulls.SIGMA, caseless)


def _like(operand: Operand, pattern: str, *, caseless: bool) -> Like:
    return Like(operand, pattern, caseless, Nulls.SIGMA, ESCAPE)


def _is_caseless(value: sigma.SigmaType) -> bool:
    return not isinstance(value, sigma.SigmaCasedString)


def _plain(value: sigma.SigmaType) -> str:
    """A number or truth value as JSON writes it."""
    return str(value).lower()


def _numeric(operand: Operand, value: object) -> Expression:
    match value:
        case sigma.SigmaTimestampPart():
            part = _part_of_time(value, operand)
            return Compare(Comparison.EQUAL, part, Constant(value.number), Nulls.SIGMA)
        case sigma.SigmaNumber() | sigma.SigmaBool():
            return Among(operand, (_plain(value),), Nulls.SIGMA, caseless=True)
        case sigma.SigmaCompareExpression(number=number, op=op) if op in _ORDER:
            if isinstance(number.number, float) and abs(number.number) >= _EXACT:
                message = f"{number} has been rounded: it has more digits than are compared"
                raise UnsupportedRule(message, code="wrong-value")
            if isinstance(number, sigma.SigmaTimestampPart):
                operand = _part_of_time(number, operand)
            return Compare(_ORDER[op], operand, Constant(number.number), Nulls.SIGMA)
        case _:
            name = type(value).__name__
            raise UnsupportedRule(f"{name} is not evaluated", code="unsupported-value")


def _regex(operand: Operand, value: _Regex) -> Expression:
    flags = "".join(letter for flag, letter in _FLAGS if flag in value.flags)
    pattern = (f"(?{flags})" if flags else "") + value.text
    caseless = sigma.SigmaRegularExpressionFlag.IGNORECASE in value.flags
    try:
        compiled(pattern, caseless=caseless)
    except BadRegexError as error:
        raise UnsupportedRule(str(error), code="bad-pattern") from None
    return Matches(operand, pattern, caseless, Nulls.SIGMA)


def _referring(test: Callable[[str, str], bool]) -> Callable[[Values, Values], Values]:
    def holds(ours: Values, others: Values) -> Values:
        wanted = [fold(text) for text in texts(others)]
        return (
            any(test(fold(text), other) for text in texts(ours, whole=True) for other in wanted),
        )

    return holds


_REFERENCES = {
    "contains": Function("contains", _referring(lambda text, other: other in text)),
    "startswith": Function("startswith", _referring(str.startswith)),
    "endswith": Function("endswith", _referring(str.endswith)),
}

_PARTS: Mapping[sigma.TimestampPart, Callable[[datetime], int]] = MappingProxyType(
    {
        sigma.TimestampPart.MINUTE: lambda moment: moment.minute,
        sigma.TimestampPart.HOUR: lambda moment: moment.hour,
        sigma.TimestampPart.DAY: lambda moment: moment.day,
        sigma.TimestampPart.WEEK: lambda moment: moment.isocalendar().week,
        sigma.TimestampPart.MONTH: lambda moment: moment.month,
        sigma.TimestampPart.YEAR: lambda moment: moment.year,
    }
)


def _part_of_time(value: sigma.SigmaTimestampPart, operand: Operand) -> Call:
    """A function that gives a part of each time among the values, in UTC."""
    read = _PARTS[value.timestamp_part]

    def parts(found: Values) -> Values:
        moments = (_moment(text) for text in texts(found))
        return tuple(read(moment) for moment in moments if moment is not None)

    return Call(Function(value.timestamp_part.name.lower(), parts), (operand,))


def _moment(text: str) -> datetime | None:
    """The time that a text stands for; None where the text is no time, or a time outside the
    calendar in UTC.
    """
    at = milliseconds(text)
    try:
        return None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    except (ValueError, OverflowError):
        return None


NEVER = Always(holds=False)
