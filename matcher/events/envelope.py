"""A record's bytes → the events in it, each with its exact bytes, and the other units.

Envelopes (docs/reference/cloudtrail.md, "What carries records") are opened one inside the other, at
most ``Limits.max_layers`` deep (:mod:`matcher.events.opening`).
"""

from matcher.events.acceptable import UTF16_BOMS
from matcher.events.envelope_keys import HIDING_KEYS
from matcher.events.inflate import GZIP_IN_BASE64, GZIP_MAGIC
from matcher.events.opening import Opening, UnitSteps
from matcher.events.record import Reject, RejectReason, SkipReason
from matcher.events.units import Limits, RawEvent, ToldEvents, Unit, Unwrapped

__all__ = [
    "VEILS",
    "Limits",
    "RawEvent",
    "ToldEvents",
    "Unit",
    "UnitSteps",
    "Unwrapped",
    "unwrap",
    "unwrap_stepwise",
    "unwrap_tolerantly",
]


VEILS = (
    GZIP_MAGIC,
    GZIP_IN_BASE64,
    *UTF16_BOMS,
    *(b'"%b%b' % (key, end) for key in HIDING_KEYS for end in (b'"', b"\\")),
)
"""Wherever an envelope holds an event's text in another form than with JSON's escapes (compressed,
in base64, in UTF-16), the record's bytes hold one of these. There are two exceptions: JSON escapes
may hide these bytes in turn, and a text in UTF-16 may lack the byte order mark: then it holds a
NUL.
"""

_DEFAULT = Limits()


def unwrap(value: bytes | None, limits: Limits = _DEFAULT) -> Unwrapped:
    """Open the envelopes in a record's value. Never raises, whatever the bytes."""
    return _collected(unwrap_stepwise(value, limits))


def unwrap_stepwise(value: bytes | None, limits: Limits = _DEFAULT) -> UnitSteps:
    """The units of a record's value, step by step (:data:`UnitSteps`).

    A record of too many units ends with one more reject, which is for the whole record.
    """
    if value is None:
        return iter((SkipReason.TOMBSTONE,))
    return Opening(limits).run(value)


def unwrap_tolerantly(value: bytes | None, limits: Limits = _DEFAULT) -> Unwrapped:
    """The reference for tests: :func:`unwrap` without the fast parser, which is slow and makes no
    probes.
    """
    if value is None:
        return Unwrapped(skipped=[SkipReason.TOMBSTONE])
    return _collected(Opening(limits, fast=False).run(value))


def _collected(units: UnitSteps) -> Unwrapped:
    """All units; for a record of too many units, only the reject for the whole record."""
    found = Unwrapped()
    for unit in units:
        if isinstance(unit, RawEvent):
            found.events.append(unit)
        elif isinstance(unit, ToldEvents):
            found.events += unit.events()
        elif isinstance(unit, Reject):
            found.rejects.append(unit)
            if unit.reason is RejectReason.TOO_MANY_UNITS:
                return Unwrapped(rejects=[unit])
        elif unit is not None:
            found.skipped.append(unit)
    return found
