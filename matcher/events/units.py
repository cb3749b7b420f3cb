"""The units of one record (events, rejects and skipped units), and the limits of one record."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from matcher.events import acceptable, json_text
from matcher.events.probe import Probe
from matcher.events.record import Reject, RejectReason, SkipReason
from matcher.events.sources import SourceKind


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one record: bytes of one event, bytes inflated in total, nested envelopes, and
    units.

    A gzip, an array under a key, and a text in a string are a layer each; lines and a bare array
    are not layers. A record of more units than allowed is one reject: a small gzip can hold tens of
    millions.
    """

    max_event_bytes: int = 8 << 20
    max_inflated_bytes: int = 32 << 20
    max_layers: int = 4
    max_units: int = 250_000


class RawEvent(msgspec.Struct, frozen=True, gc=False):
    """One acceptable event that is not parsed yet.

    ``raw`` are the event's own bytes from brace to brace. ``index`` counts all units of the record
    from 0, in their order: events, rejects and skipped units. ``probe`` is None if only the
    tolerant parser accepts the event, or if the event's log source is known already.
    """

    raw: bytes
    index: int
    probe: Probe | None


class ToldEvents(msgspec.Struct, frozen=True, gc=False):
    """Consecutive acceptable events of one record, whose log sources are known: ``raws`` and
    ``kinds`` have the same length. ``first`` is the index of the first event.
    """

    raws: list[bytes]
    kinds: list[SourceKind]
    first: int

    def events(self) -> Iterator[RawEvent]:
        """The same events one by one."""
        for index, raw in enumerate(self.raws, self.first):
            yield RawEvent(raw, index, None)


@dataclass(slots=True)
class Unwrapped:
    """Every unit of one record, each in one of the three lists."""

    events: list[RawEvent] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    skipped: list[SkipReason] = field(default_factory=list)


Unit = RawEvent | ToldEvents | Reject | SkipReason
"""A unit, or several events at once."""


class Units:
    """Makes the units of one record, each with its index. Raises TooManyError if there are more
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

    def told(self, raws: list[bytes], kinds: list[SourceKind]) -> ToldEvents | None:
        """Add events whose log sources are told. Returns None, and adds nothing, if there are more
        events than the limits allow.
        """
        first = self._count
        if first + len(raws) > self._limits.max_units:
            return None
        self._count += len(raws)
        return ToldEvents(raws, kinds, first)

    def event(self, raw: bytes, probe: Probe | None) -> Unit:
        """Add an event, or a reject if it is not acceptable; it is known to be a JSON object."""
        if len(raw) > self._limits.max_event_bytes:
            return self._too_large(raw)
        if not acceptable.is_within_bounds(raw):
            verdict = acceptable.parse(raw)
            if isinstance(verdict, Reject):
                return self.reject(verdict.reason, verdict.detail, raw)
        return RawEvent(raw, self._next(), probe)

    def skip(self, reason: SkipReason) -> Unit:
        """Add a unit that is understood but is not an event."""
        self._next()
        return reason

    def reject(
        self, reason: RejectReason, detail: str, raw: bytes, offset: int | None = None
    ) -> Unit:
        """Add a unit that cannot be processed."""
        return Reject(reason, detail, raw, self._next(), offset)

    def reject_rest(self, text: bytes, fault: json_text.Fault, start: int) -> Unit:
        """Add the rest of a text that breaks; ``start`` is the place of the text in its
        envelope.
        """
        reason = RejectReason.TRUNCATED if fault.cut_off else RejectReason.NOT_JSON
        return self.reject(reason, fault.detail, text[fault.offset :], start + fault.offset)

    def judge(self, raw: bytes) -> Unit:
        """Add a unit about which no envelope's key says anything: an event, or a reject."""
        if len(raw) > self._limits.max_event_bytes:
            return self._too_large(raw)
        verdict = acceptable.parse(raw)
        if isinstance(verdict, Reject):
            return self.reject(verdict.reason, verdict.detail, raw)
        return RawEvent(raw, self._next(), None)

    def _too_large(self, raw: bytes) -> Unit:
        detail = f"{len(raw)} bytes, and events.max_bytes is {self._limits.max_event_bytes}"
        return self.reject(RejectReason.TOO_LARGE, detail, raw)
