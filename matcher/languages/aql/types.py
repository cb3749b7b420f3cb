"""Comparisons of values whose types do not fit: they would hold for no event, or for
every event.
"""

import re
from datetime import UTC
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeGuard

from matcher.engine.compiler import is_address
from matcher.engine.expression import Comparison, Constant, Field, Operand, Scalar
from matcher.engine.patterns import like_runs
from matcher.engine.values import address, number_of, text_of
from matcher.errors import Location, RuleError
from matcher.events.schema import Kind
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.moments import milliseconds_ago, moment
from matcher.languages.aql.names import Names

_EQUALITY = (Comparison.EQUAL, Comparison.UNEQUAL)
_LEADING = re.compile(r"(\d{1,3})\.(?:(\d{1,3})\.)?(?:(\d{1,3})\.)?[*%]?")
"""The beginning of an IPv4 address: ``10.``, ``192.168.``, ``10.1.*``."""
_OCTETS = 4
_DIGITS = re.compile(r"-?[0-9]+")


class Types:
    """Refuses comparisons that cannot mean what they say."""

    def __init__(self, names: Names, findings: Findings) -> None:
        self._names = names
        self._findings = findings

    def compared(self, operator: Comparison, left: Operand, right: Operand, at: Location) -> None:
        """Check ``left operator right``; ``at`` is the place of the value to blame.

        Raises RuleSemanticError if the two cannot be compared in this way.
        """
        for field, other in ((left, right), (right, left)):
            if isinstance(field, Field) and is_address(field):
                self._of_address(operator, field, other, at)
            if self._is_number(field) and isinstance(other, Constant):
                self._of_number(field, other.value, at)

    def matched(self, item: Operand, pattern: str, at: Location) -> None:
        """Check ``item LIKE pattern`` in the same way as :meth:`compared`."""
        if self._is_number(item) and not all(map(_DIGITS.fullmatch, like_runs(pattern))):
            raise self._no_number(item, pattern.strip("%"), at)

    def may_equal(self, item: Operand, written: str) -> bool:
        """Whether a listed text can be the operand's value, or a network that it is in."""
        if self._is_number(item):
            return number_of(written) is not None
        if is_address(item):
            return address(written) is not None or network_in(written) is not None
        return True

    def _is_number(self, item: Operand) -> TypeGuard[Field]:
        """Whether the operand is a number in every event. A custom property is a text, which may be
        a number.
        """
        return (
            isinstance(item, Field)
            and item.property.kind in (Kind.NUMBER, Kind.TIME)
            and self._names.is_field(item.property)
        )

    def _of_number(self, field: Field, value: Scalar, at: Location) -> None:
        """Check a comparison with a number: numbers, and texts that spell numbers, are allowed."""
        if isinstance(value, str) and value and number_of(value) is None:
            raise self._no_number(field, value, at)

    def _no_number(self, field: Field, written: str, at: Location) -> RuleError:
        is_time = field.property.kind is Kind.TIME
        return self._findings.semantic(
            "not-a-number",
            f"{field.written} holds {'milliseconds since 1970' if is_time else 'numbers'}, and "
            f"'{written[:60]}' is no number",
            at,
            _time_advice(written) if is_time else self._number_advice(field, written),
        )

    def _number_advice(self, field: Field, written: str) -> str:
        function = self._names.function_of(field.property)
        if function is None:
            return "a number is compared with a number"
        quoted = written[:60].replace("'", "''")
        return f"its name is {function}({field.written}): {function}({field.written}) = '{quoted}'"

    def _of_address(self, operator: Comparison, field: Field, other: Operand, at: Location) -> None:
        """Check a comparison with an address: only addresses have an order, and a network equals no
        address.
        """
        if isinstance(other, Field) and not is_address(other):
            if operator in _EQUALITY or not self._names.is_field(other.property):
                return
            shown = other.written
        elif isinstance(other, Constant) and other.value not in (None, ""):
            shown = text_of(other.value) or ""
            network = network_in(shown)
            if address(shown) is not None or (operator in _EQUALITY and network is None):
                return
        else:
            return
        raise self._findings.semantic(
            "not-an-address",
            f"{field.written} holds addresses, and {shown[:60]} is no address",
            at,
            _advice(shown, field.written),
        )


def _time_advice(written: str) -> str:
    """The advice how AQL writes a time in a condition."""
    for form in (written, f"{written} 00:00:00", written.replace("T", " ").rstrip("Zz")):
        if moment(form, UTC) is not None or milliseconds_ago(form) is not None:
            return f"write PARSEDATETIME('{form}')"
    return "write PARSEDATETIME('2026-01-31 08:00:00'), or milliseconds since 1970"


def network_in(written: str) -> IPv4Network | IPv6Network | None:
    """The network that a text stands for, as ``address/length`` without its host bits."""
    if "/" not in written:
        return None
    try:
        return ip_network(written, strict=False)
    except ValueError:
        return None


def _advice(written: str, field: str) -> str:
    """The condition that was probably meant."""
    meant = network_in(written)
    if meant is None and (found := _LEADING.fullmatch(written)) is not None:
        octets = [octet for octet in found.groups() if octet is not None]
        padded = ".".join([*octets, *["0"] * (_OCTETS - len(octets))])
        meant = network_in(f"{padded}/{8 * len(octets)}")
    if meant is None:
        return f"compare it with an address, or write INCIDR('10.0.0.0/8', {field})"
    return f"write INCIDR('{meant}', {field})"
