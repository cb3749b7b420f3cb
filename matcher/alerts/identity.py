"""An alert's id: the same wherever and whenever the match is found."""

import json
from hashlib import sha1
from uuid import UUID

from matcher.engine.rule import Rule

NAMESPACE = UUID("2d1218a9-0ad1-544f-9eba-34f318b260a7")

_VARIANT = {digit: f"{int(digit, 16) & 0b0011 | 0b1000:x}" for digit in "0123456789abcdef"}
"""For each digit of the hash, the digit that holds a UUID's variant (RFC 9562, section 4.1)."""


class AlertIds:
    """The ids of one rule's alerts: the UUID, version 5, of the JSON array [rule id, rule version,
    uid] in :data:`NAMESPACE`.
    """

    def __init__(self, rule: Rule) -> None:
        known = json.dumps([rule.id, rule.version], separators=(",", ":"))
        self._head = NAMESPACE.bytes + known.removesuffix("]").encode() + b","

    def of(self, uid: str) -> str:
        """The id for the event with this uid."""
        name = self._head + json.dumps(uid).encode() + b"]"
        digits = sha1(name, usedforsecurity=False).hexdigest()
        return (
            f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}"
            f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
        )
