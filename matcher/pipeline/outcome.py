"""What became of a batch: everything that must be written before its offsets are committed."""

from collections import Counter
from dataclasses import dataclass, field

from matcher.alerts.alert import Alert
from matcher.events.record import Record, Reject


@dataclass(frozen=True, slots=True)
class RejectedUnit:
    """A reject and the record it came from. Where a record has more than
    :data:`matcher.pipeline.process.MAX_REJECTS_A_RECORD`, the one reject is the whole record.
    """

    record: Record
    reject: Reject


@dataclass(slots=True)
class Counts:
    """Numbers of one outcome; they add up."""

    records: int = 0
    bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)
    """By log source type name."""
    matched: Counter[str] = field(default_factory=Counter)
    """Events with at least one match, by log source type name."""
    matches: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By rule id and severity label."""
    rejects: Counter[str] = field(default_factory=Counter)
    """By reason: every unit, also where the record was dead-lettered as one."""
    skipped: Counter[str] = field(default_factory=Counter)
    """By reason."""
    candidates: int = 0
    evaluations: int = 0
    rule_errors: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Count the other in."""
        self.records += other.records
        self.bytes += other.bytes
        self.candidates += other.candidates
        self.evaluations += other.evaluations
        for name in ("events", "matched", "matches", "rejects", "skipped", "rule_errors"):
            getattr(self, name).update(getattr(other, name))


@dataclass(slots=True)
class Outcome:
    """What one batch, or one part of it, caused.

    ``forwards`` are the input's records in which any event matched any rule. ``done`` are the
    offsets whose records are complete with this outcome: once everything in it *and in the
    outcomes before it* is acknowledged, they may be committed.
    """

    alerts: list[Alert] = field(default_factory=list)
    forwards: list[Record] = field(default_factory=list)
    rejects: list[RejectedUnit] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    done: int | None = None
    """The last offset that is complete, None where no record ended in this part."""

    def add(self, other: "Outcome") -> None:
        """Append what came later."""
        self.alerts += other.alerts
        self.forwards += other.forwards
        self.rejects += other.rejects
        self.counts.add(other.counts)
        self.done = other.done if other.done is not None else self.done
