"""The units of one record, collected in their order: events, rejects and what is skipped; and what
one record may cost.
"""

from dataclasses import dataclass, field

import msgspec

from matcher.events import acceptable, splitter
from matcher.events.probe import Probe
from matcher.events.record import Reject, RejectReason, SkipReason


@dataclass(frozen=True, slots=True)
class Limits:
    """What one record may cost: bytes inflated in all, envelopes inside each other, and units.

    A gzip, an array under a key, a text in a string are a layer each; lines and a bare array are
    none. A record of more units than that is one reject: a small gzip can hold tens of millions.
    """

    max_inflated_bytes: int = 64 << 20
    max_layers: int = 4
    max_units: int = 1_000_000


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


class Units:
    """Collects the units of a record. Every method but ``judge`` and ``reject_rest`` adds one as
    what it is called; each raises TooManyError where there are more than ``most``.
    """

    def __init__(self, most: int) -> None:
        self.found = Unwrapped()
        self._most = most
        self._count = 0

    def _next(self) -> int:
        index = self._count
        if index >= self._most:
            raise splitter.TooManyError
        self._count += 1
        return index

    def event(self, raw: bytes, probe: Probe | None) -> None:
        """An acceptable event."""
        self.found.events.append(RawEvent(raw, self._next(), probe))

    def skip(self, reason: SkipReason) -> None:
        """Something that is understood, and no event."""
        self._next()
        self.found.skipped.append(reason)

    def reject(
        self, reason: RejectReason, detail: str, raw: bytes, offset: int | None = None
    ) -> None:
        """Something that cannot be processed."""
        self.found.rejects.append(Reject(reason, detail, raw, self._next(), offset))

    def reject_rest(self, text: bytes, fault: splitter.Fault, start: int) -> None:
        """The rest of a text that breaks; ``start`` is where the text stands in its envelope."""
        reason = RejectReason.TRUNCATED if fault.cut_off else RejectReason.NOT_JSON
        self.reject(reason, fault.detail, text[fault.offset :], start + fault.offset)

    def judge(self, raw: bytes) -> None:
        """A unit that no envelope's key tells anything about: an event, or a reject."""
        verdict = acceptable.parse(raw)
        if isinstance(verdict, Reject):
            self.reject(verdict.reason, verdict.detail, raw)
        else:
            self.event(raw, None)
