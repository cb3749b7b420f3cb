"""Comparisons of values whose types do not fit: they would never hold, or hold for every event."""

import re
from ipaddress import ip_network

from matcher.engine.compiler import is_address
from matcher.engine.expression import Comparison, Constant, Field, Operand
from matcher.engine.values import address, text_of
from matcher.errors import Location
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.names import Names

_EQUALITY = (Comparison.EQUAL, Comparison.UNEQUAL)
_LEADING = re.compile(r"(\d{1,3})\.(?:(\d{1,3})\.)?(?:(\d{1,3})\.)?[*%]?")
"""The beginning of an IPv4 address: ``10.``, ``192.168.``, ``10.1.*``."""
_OCTETS = 4


class Types:
    """Refuses comparisons that cannot mean what they say."""

    def __init__(self, names: Names, findings: Findings) -> None:
        self._names = names
        self._findings = findings

    def compared(self, operator: Comparison, left: Operand, right: Operand, at: Location) -> None:
        """Check ``left operator right``; ``at`` is where the value stands that is to blame.

        Raises RuleSemanticError where the two cannot be compared so.
        """
        for field, other in ((left, right), (right, left)):
            if isinstance(field, Field) and is_address(field):
                self._of_address(operator, field, other, at)

    def _of_address(self, operator: Comparison, field: Field, other: Operand, at: Location) -> None:
        """An address is ordered among addresses alone, and equals no network."""
        if isinstance(other, Field) and not is_address(other):
            if operator in _EQUALITY or not self._names.is_field(other.property):
                return
            shown = other.written
        elif isinstance(other, Constant) and other.value not in (None, ""):
            shown = text_of(other.value) or ""
            network = _network(shown)
            if address(shown) is not None or (operator in _EQUALITY and network is None):
                return
        else:
            return
        raise self._findings.semantic(
            "not-an-address",
            f"{field.written} is an address, and {shown[:60]} is none",
            at,
            _advice(shown, field.written),
        )


def _network(written: str) -> str | None:
    """The network that a text is, as ``address/length``."""
    if "/" not in written:
        return None
    try:
        return str(ip_network(written, strict=False))
    except ValueError:
        return None


def _advice(written: str, field: str) -> str:
    """The condition that is probably meant."""
    meant = _network(written)
    if meant is None and (found := _LEADING.fullmatch(written)) is not None:
        octets = [octet for octet in found.groups() if octet is not None]
        padded = ".".join([*octets, *["0"] * (_OCTETS - len(octets))])
        meant = _network(f"{padded}/{8 * len(octets)}")
    if meant is None:
        return f"compare it with an address, or write INCIDR('10.0.0.0/8', {field})"
    return f"write INCIDR('{meant}', {field})"
