"""The functions of AQL: those that an event can answer, and the others with the reason.

Where IBM's documentation leaves a point open, the choice is ours. NULL as an argument gives NULL,
except in CONCAT, which skips it. SUBSTRING counts from 0 and takes a length. STRPOS looks for a
text and counts from 0. ROUND rounds halves away from zero (docs/reference/aql.md, "Functions"). A
text longer than LONGEST_TEXT is NULL.
"""

import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any

from matcher.engine.expression import Function
from matcher.engine.values import address, number_of, text_of
from matcher.events.text import fold, readable
from matcher.languages.aql.dateformat import date_format
from matcher.languages.aql.replacing import joined, replace_all, replace_first

_LARGEST_EXACT = 2**63
"""Beyond this number, the range of a long, arithmetic uses doubles."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function of values, and the number of arguments that it takes."""

    function: Function
    fewest: int
    most: int

    def __str__(self) -> str:
        if self.most == _ANY_NUMBER:
            return f"{self.fewest} or more"
        return str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"


_ANY_NUMBER = 1000
_MOST_DIGITS = 15


def finite_number(value: Any) -> int | float | None:
    """A value as a number; NULL for an infinite number and for a value that is not a number."""
    number = number_of(value)
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _concat(*values: Any) -> str | None:
    return joined(text_of(value) or "" for value in values)


def _lower(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else fold(text)


def _upper(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else text.upper()


def _length(value: Any) -> int | None:
    text = text_of(value)
    return None if text is None else len(text)


def _substring(value: Any, start: Any, length: Any = _LARGEST_EXACT) -> str | None:
    text, first, count = text_of(value), finite_number(start), finite_number(length)
    if text is None or first is None or count is None or first < 0 or count < 0:
        return None
    begin = int(min(first, len(text)))
    return text[begin : begin + int(min(count, len(text)))]


def _whole(value: Any) -> int | None:
    """A number without its fraction; an address is given as the number that it stands for."""
    number = number_of(value)
    if number is not None:
        return None if finite_number(number) is None else int(number)
    found = address(text_of(value)) if isinstance(value, str) else None
    return None if found is None else int(found)


def _double(value: Any) -> float | None:
    number = finite_number(value)
    try:
        return None if number is None else float(number)
    except OverflowError:
        return None


def _position(value: Any, wanted: Any, start: Any = 0) -> int | None:
    text, part, first = text_of(value), text_of(wanted), finite_number(start)
    if text is None or part is None or first is None:
        return None
    return text.find(part, int(max(0, min(first, len(text)))))


def _base64(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else joined([b64encode(readable(text).encode()).decode()])


def _round(value: Any, digits: Any = 0) -> int | float | None:
    number, places = finite_number(value), finite_number(digits)
    if number is None or places is None or not abs(places) <= _MOST_DIGITS:
        return None
    try:
        rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    except InvalidOperation:  # more digits than Decimal keeps: there is nothing to round
        return number
    return int(rounded) if places <= 0 else float(rounded)


@cache
def date_function(zone: tzinfo) -> Function:
    """DATEFORMAT as on a console in that time zone."""

    def call(milliseconds: Any, pattern: Any) -> str | None:
        time, letters = finite_number(milliseconds), text_of(pattern)
        if time is None or letters is None:
            return None
        return date_format(int(time), letters, zone)

    return Function("DATEFORMAT", call)


def _arithmetic(operation: Callable[[Any, Any], int | float]) -> Callable[[Any, Any], Any]:
    """An operation on two numbers; NULL if an argument or the result is not a number."""

    def apply(left: Any, right: Any) -> int | float | None:
        a, b = number_of(left), number_of(right)
        if a is None or b is None:
            return None
        try:
            result = operation(a, b)
            if isinstance(result, int) and abs(result) < _LARGEST_EXACT:
                return result
            return float(result) if math.isfinite(result) else None
        except (ArithmeticError, ValueError):
            return None

    return apply


def _divide(a: float, b: float) -> int | float:
    exact = isinstance(a, int) and isinstance(b, int) and a % b == 0
    return int(a // b) if exact else a / b


def _power(a: float, b: float) -> int | float:
    result = math.pow(a, b)
    exact = isinstance(a, int) and isinstance(b, int) and b >= 0 and abs(result) < 2**53
    return int(result) if exact else result


def _remainder(a: float, b: float) -> int | float:
    """The remainder; it has the sign of the dividend, as in Java."""
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _function(name: str, call: Callable[..., Any], fewest: int, most: int = 0) -> Signature:
    return Signature(Function(name, call), fewest, most or fewest)


FUNCTIONS: dict[str, Signature] = {
    signature.function.name: signature
    for signature in (
        _function("CONCAT", _concat, 1, _ANY_NUMBER),
        _function("LOWER", _lower, 1),
        _function("UPPER", _upper, 1),
        _function("STR", text_of, 1),
        _function("STRLEN", _length, 1),
        _function("SUBSTRING", _substring, 2, 3),
        _function("LONG", _whole, 1),
        _function("INT", _whole, 1),
        _function("DOUBLE", _double, 1),
        _function("STRPOS", _position, 2, 3),
        _function("REPLACEFIRST", replace_first, 3),
        _function("REPLACEALL", replace_all, 3),
        _function("BASE64", _base64, 1),
        _function("ROUND", _round, 1, 2),
        Signature(date_function(UTC), 2, 2),
    )
}
"""Functions of values, by name."""

OPERATORS: dict[str, Function] = {
    "+": Function("+", _arithmetic(lambda a, b: a + b)),
    "-": Function("-", _arithmetic(lambda a, b: a - b)),
    "*": Function("*", _arithmetic(lambda a, b: a * b)),
    "/": Function("/", _arithmetic(_divide)),
    "%": Function("%", _arithmetic(_remainder)),
    "^": Function("^", _arithmetic(_power)),
    "&": Function("&", _arithmetic(lambda a, b: int(a) & int(b))),
}
"""The arithmetic operators by their sign."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a stream of single events cannot answer a function, and what to do instead."""

    code: str
    reason: str
    hint: str


ASK_IT_OVER_FILES = "ask it over files, with matcher scan --query"
"""The advice for a query that cannot be a rule."""

_AGGREGATE = Refusal(
    "aggregate",
    "is an aggregate: it needs many events, and a rule looks at one",
    f"{ASK_IT_OVER_FILES}, or take it out: each event that matches becomes one alert",
)
_ASSETS = Refusal(
    "asset-function",
    "asks QRadar's asset database, which is not here",
    "test the event's own fields: sourceip, username, properties",
)
_PLACES = Refusal(
    "geo-function",
    "asks a geographic database, which is not here",
    "test sourceip with INCIDR('network', sourceip)",
)
_REFERENCES = Refusal(
    "reference-data",
    "asks a reference map or table, which is not here",
    "list the values: field IN ('…', '…')",
)
_OFFENSES = Refusal(
    "offense-function",
    "asks QRadar's offenses, which are not here",
    "take it out, and test the event's own fields",
)
_NETWORKS = Refusal(
    "network-function",
    "asks QRadar's network hierarchy, which is not here",
    "write INCIDR('network', sourceip)",
)
_CONSOLE = Refusal(
    "console-function",
    "asks a QRadar console's own configuration, which is not here",
    "take it out: the matcher does not have this number's name",
)
_TIME_IN_A_PATTERN = Refusal(
    "unsupported-function",
    "reads a time by a pattern, which is not done here",
    "write PARSEDATETIME('2026-01-31 08:00:00'), or the time in epoch milliseconds",
)
_NO_FUNCTION = Refusal(
    "if-function",
    "is no function in AQL",
    "write IF condition THEN value ELSE value, in parentheses where it is compared",
)

REFUSALS: dict[str, Refusal] = {
    **dict.fromkeys(
        (
            *("AVG", "COUNT", "DISTINCTCOUNT", "FIRST", "LAST", "MAX", "MIN"),
            *("STDEV", "STDEVP", "SUM", "UNIQUECOUNT"),
        ),
        _AGGREGATE,
    ),
    **dict.fromkeys(("ASSETHOSTNAME", "ASSETPROPERTY", "ASSETUSER", "MATCHESASSETSEARCH"), _ASSETS),
    **dict.fromkeys(("GEO::LOOKUP", "GEO::DISTANCE"), _PLACES),
    **dict.fromkeys(
        (
            "REFERENCEMAP",
            "REFERENCEMAPSETCONTAINS",
            "REFERENCETABLE",
        ),
        _REFERENCES,
    ),
    **dict.fromkeys(("INOFFENSE", "RULENAME"), _OFFENSES),
    **dict.fromkeys(("NETWORKNAME", "FULLNETWORKNAME"), _NETWORKS),
    **dict.fromkeys(
        (
            "COMPONENTID",
            "HOSTNAME",
            "PROCESSORNAME",
        ),
        _CONSOLE,
    ),
    "PARSETIMESTAMP": _TIME_IN_A_PATTERN,
    "IF": _NO_FUNCTION,
}
"""The functions that are known and refused, by name."""
