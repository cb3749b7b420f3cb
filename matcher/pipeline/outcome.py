"""What a batch causes: everything that must be written before the batch's offsets are committed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from matcher.alerts.alert import Alert
from matcher.events.record import Record, Reject


@dataclass(frozen=True, slots=True)
class RejectedUnit:
    """A reject, and the record that it came from. If a record has more rejects than
    :data:`matcher.pipeline.process.MAX_REJECTS_A_RECORD`, there is one reject for the whole record.
    """

    record: Record
    reject: Reject


@dataclass(slots=True)
class Counts:
    """The counts of one outcome; they can be added."""

    records: int = 0
    bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)
    """Events by the name of the log source type."""
    matched: Counter[str] = field(default_factory=Counter)
    """Events with at least one match, by log source type name."""
    matches: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Matches by rule id and severity label."""
    rejects: Counter[str] = field(default_factory=Counter)
    """Rejected units by reason, also if their record is dead-lettered as a whole."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Skipped units by reason."""
    candidates: int = 0
    evaluations: int = 0
    rule_errors: Counter[str] = field(default_factory=Counter)
    estimate: "Counts | None" = None
    """``events``, ``rejects`` and ``skipped`` as estimated from a sample of the records, where not
    every record was opened (:mod:`matcher.pipeline.lean`).
    """

    def add(self, other: "Counts") -> None:
        """Add the other counts to these."""
        self.records += other.records
        self.bytes += other.bytes
        self.candidates += other.candidates
        self.evaluations += other.evaluations
        for name in ("events", "matched", "matches", "rejects", "skipped", "rule_errors"):
            getattr(self, name).update(getattr(other, name))
        if other.estimate is not None:
            self.estimate = self.estimate or Counts()
            self.estimate.add(other.estimate)


@dataclass(slots=True)
class Outcome:
    """What one batch, or one part of it, causes.

    ``forwards`` are the input's records in which any event matched any rule. ``done`` is the last
    offset that is complete with this outcome: once everything in it *and in the outcomes before it*
    is acknowledged, the offsets up to it may be committed.
    """

    alerts: list[Alert] = field(default_factory=list)
    forwards: list[Record] = field(default_factory=list)
    rejects: list[RejectedUnit] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    done: int | None = None
    """The last complete offset; None if no slice of records ended in this part."""

    @classmethod
    def joined(cls, parts: "Iterable[Outcome]") -> "Outcome":
        """The outcome of consecutive parts as one."""
        whole = cls()
        for part in parts:
            whole.add(part)
        return whole

    def add(self, other: "Outcome") -> None:
        """Append a later outcome."""
        self.alerts += other.alerts
        self.forwards += other.forwards
        self.rejects += other.rejects
        self.counts.add(other.counts)
        self.done = other.done if other.done is not None else self.done
