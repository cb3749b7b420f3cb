"""Which values are equal, and which comes first, when rows are grouped and sorted."""

import hashlib
import math
from collections.abc import Callable
from typing import Any

from matcher.engine.compiler import is_address
from matcher.engine.expression import Operand
from matcher.engine.values import address_rank, text_of

Identity = Callable[[Any], Any]
Rank = Callable[[Any], tuple[Any, ...]]

_LONG = 64
"""Of texts longer than this only a digest is kept."""


def is_null(value: Any) -> bool:
    """AQL's NULL: missing, JSON's ``null``, or the empty text."""
    return value is None or value == ""


def identity(value: Any) -> Any:
    """A key for a value: values with the same key are one value for GROUP BY, DISTINCT and
    UNIQUECOUNT.

    As in SQL, NULL equals NULL there, and a number equals no text.
    """
    if is_null(value):
        return None
    if _is_number(value):
        return value
    text = text_of(value) or ""
    if len(text) <= _LONG:
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def identity_for(operand: Operand) -> Identity:
    """The function that gives the keys (:func:`identity`) of the operand's values. Two spellings of
    one address have the same key in an address property.
    """
    return _identity_of_address if is_address(operand) else identity


def _identity_of_address(value: Any) -> Any:
    return address_rank(value) or identity(value)


def rank_for(operand: Operand) -> Rank:
    """A function that gives the sort key of the operand's values for ORDER BY, MIN and MAX.

    NULL comes first, then numbers, then texts by code point. The values of an address property are
    sorted as addresses: IPv4, then IPv6, then values that are not addresses.
    """
    if is_address(operand):
        return _rank_of_address
    return _rank


def _rank(value: Any) -> tuple[Any, ...]:
    if is_null(value):
        return (0,)
    return (1, value) if _is_number(value) else (2, text_of(value))


def _rank_of_address(value: Any) -> tuple[Any, ...]:
    found = address_rank(value)
    return _rank(value) if found is None else (1, *found)


def _is_number(value: Any) -> bool:
    """Whether the value sorts as a number. Truth values and NaN, which has no order,
    sort as texts.
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
