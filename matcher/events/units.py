"""The units of one record: events, rejects and what is skipped; and what one record may cost."""

from dataclasses import dataclass, field

import msgspec

from matcher.events import acceptable, json_text
from matcher.events.probe import Probe
from matcher.events.record import Reject, RejectReason, SkipReason


@dataclass(frozen=True, slots=True)
class Limits:
    """What one record may cost: bytes of one event, bytes inflated in all, envelopes inside each
    other, and units.

    A gzip, an array under a key, a text in a string are a layer each; lines and a bare array are
    none. A record of more units than that is one reject: a small gzip can hold tens of millions.
    """

    max_event_bytes: int = 8 << 20
    max_inflated_bytes: int = 32 << 20
    max_layers: int = 4
    max_units: int = 250_000


class RawEvent(msgspec.Struct, frozen=True, gc=False):
    """One acceptable event, not parsed yet.

    ``raw`` is the event's own bytes from brace to brace. ``index`` counts the units of the record
    in their order from 0: events, rejects and what is skipped alike. ``probe`` is None where only
    the tolerant parser takes it.
    """

    raw: bytes
    index: int
    probe: Probe | None


@dataclass(slots=True)
class Unwrapped:
    """Every unit of one record: each is in one of the three."""

    events: list[RawEvent] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    skipped: list[SkipReason] = field(default_factory=list)


Unit = RawEvent | Reject | SkipReason


class Units:
    """Makes the units of one record, each with its index. Raises TooManyError where there are more
    than the limits allow.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0

    def _next(self) -> int:
        index = self._count
        if index >= self._limits.max_units:
            raise json_text.TooManyError
        self._count += 1
        return index

    def event(self, raw: bytes, probe: Probe | None) -> Unit:
        """An event, or a reject where it is not acceptable; it is known to be a JSON object."""
        if len(raw) > self._limits.max_event_bytes:
            return self._too_large(raw)
        if not acceptable.is_within_bounds(raw):
            verdict = acceptable.parse(raw)
            if isinstance(verdict, Reject):
                return self.reject(verdict.reason, verdict.detail, raw)
        return RawEvent(raw, self._next(), probe)

    def skip(self, reason: SkipReason) -> Unit:
        """Something that is understood, and no event."""
        self._next()
        return reason

    def reject(
        self, reason: RejectReason, detail: str, raw: bytes, offset: int | None = None
    ) -> Unit:
        """Something that cannot be processed."""
        return Reject(reason, detail, raw, self._next(), offset)

    def reject_rest(self, text: bytes, fault: json_text.Fault, start: int) -> Unit:
        """The rest of a text that breaks; ``start`` is where the text stands in its envelope."""
        reason = RejectReason.TRUNCATED if fault.cut_off else RejectReason.NOT_JSON
        return self.reject(reason, fault.detail, text[fault.offset :], start + fault.offset)

    def judge(self, raw: bytes) -> Unit:
        """A unit that no envelope's key tells anything about: an event, or a reject."""
        if len(raw) > self._limits.max_event_bytes:
            return self._too_large(raw)
        verdict = acceptable.parse(raw)
        if isinstance(verdict, Reject):
            return self.reject(verdict.reason, verdict.detail, raw)
        return RawEvent(raw, self._next(), None)

    def _too_large(self, raw: bytes) -> Unit:
        detail = f"{len(raw)} bytes, and events.max_bytes is {self._limits.max_event_bytes}"
        return self.reject(RejectReason.TOO_LARGE, detail, raw)
