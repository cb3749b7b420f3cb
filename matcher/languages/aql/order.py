"""Which values are equal, and which comes first, where rows are grouped and sorted."""

import hashlib
import math
from collections.abc import Callable
from typing import Any

from matcher.engine.compiler import is_address
from matcher.engine.expression import Operand
from matcher.engine.values import address_rank, text_of

Rank = Callable[[Any], tuple[Any, ...]]

_LONG = 64
"""Longer texts are remembered by their digest."""


def is_null(value: Any) -> bool:
    """AQL's NULL: missing, JSON's ``null``, or the empty text."""
    return value is None or value == ""


def identity(value: Any) -> Any:
    """What is equal where values count as one in GROUP BY, DISTINCT and UNIQUECOUNT.

    NULL is equal to NULL there, as in SQL, and a number to no text.
    """
    if is_null(value):
        return None
    if _is_number(value):
        return value
    text = text_of(value) or ""
    if len(text) <= _LONG:
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def rank_for(operand: Operand) -> Rank:
    """What ORDER BY, MIN and MAX sort the operand's values by: NULL first, then numbers, then
    texts by code point. The values of an address property are sorted as addresses, those of IPv4
    before those of IPv6, and before what is no address.
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
    """Not for a truth value, nor for NaN, which stands in no order: these are texts."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
