"""Source addresses as logs write them."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Any

_LONGEST = 64


def address(found: Any) -> str | None:
    """The IP address in a text, as it is written there, without port and brackets.

    None if the text is not an address: a service's DNS name, ``AWS Internal``, ``<null>``, a
    network (docs/reference/cloudtrail.md, "Records").
    """
    return _address(found) if isinstance(found, str) and len(found) <= _LONGEST else None


@lru_cache(maxsize=16_384)
def _address(found: str) -> str | None:
    bare = found.strip()
    if bare.startswith("["):
        bare, _, port = bare[1:].partition("]")
        if port and not _is_port(port):
            return None
    elif bare.count(":") == 1:
        bare, _, port = bare.partition(":")
        if not _is_port(":" + port):
            return None
    try:
        ip_address(bare)
    except ValueError:
        return None
    return bare


def _is_port(after: str) -> bool:
    return after.startswith(":") and after[1:].isascii() and after[1:].isdigit()
