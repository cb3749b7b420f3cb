"""How AQL's values compare: text by code point, numbers by value, a number with a text by value
where the text is a number. An address field compares by address. NULL equals, orders and matches
nothing.

Source: docs/reference/aql.md, "Quotes and literals" and "NULL".
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from operator import eq, ge, gt, le, lt
from typing import Any

from matcher.engine.expression import Comparison

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+|(?:\.[0-9]+)?[eE][+-]?[0-9]+)?")
_LONGEST_INTEGER = 4300

ORDER: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.LESS: lt,
    Comparison.AT_MOST: le,
    Comparison.GREATER: gt,
    Comparison.AT_LEAST: ge,
    Comparison.EQUAL: eq,
}
"""The test of each comparison operator for two values that can be compared."""


def text_of(value: Any) -> str | None:
    """A value as text: an object or array as compact JSON; NULL and the empty text are None."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def number_of(value: Any) -> int | float | None:
    """A value as a number, if it is a number or a text that spells one; else None."""
    if isinstance(value, (int, float)):
        return value
    if not isinstance(value, str) or not (found := _NUMBER.fullmatch(value)):
        return None
    return float(value) if found[1] or len(value) > _LONGEST_INTEGER else int(value)


@lru_cache(maxsize=4096)
def address(text: str | None) -> IPv4Address | IPv6Address | None:
    """The IP address that a text spells, None where the text is not an address. An IPv4 address
    inside IPv6, ``::ffff:10.1.2.3``, is the IPv4 address.
    """
    if text is None:
        return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped


def same_address(a: Any, b: Any) -> bool:
    """Whether two values spell one address."""
    found = address(text_of(a))
    return found is not None and found == address(text_of(b))


def within(text: str | None, network: IPv4Network | IPv6Network) -> bool:
    """Whether a text is an address inside the network."""
    found = address(text)
    if text is None or found is None:
        return False
    return found in network or (":" in text and ip_address(text) in network)


def address_rank(value: Any) -> tuple[int, int] | None:
    """The key by which addresses are ordered: IPv4 before IPv6, then by number; None for a value
    that is not an address.
    """
    found = address(text_of(value))
    return None if found is None else (found.version, int(found))


def equal(a: Any, b: Any) -> bool:
    """AQL's ``=``: false where either is NULL."""
    if isinstance(a, bool) or isinstance(b, bool):
        s, t = text_of(a), text_of(b)
        return s is not None and t is not None and s.lower() == t.lower()
    if isinstance(a, str) and isinstance(b, str):
        return a == b and a != ""
    x, y = number_of(a), number_of(b)
    if x is not None and y is not None:
        return x == y
    s, t = text_of(a), text_of(b)
    return s is not None and s == t


def unequal(a: Any, b: Any) -> bool:
    """AQL's ``!=``: false where either is NULL, too."""
    return text_of(a) is not None and text_of(b) is not None and not equal(a, b)
