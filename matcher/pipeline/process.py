"""The whole hot path: a batch in, an outcome out. Pure, synchronous, no clock.

One record's way::

    record → unwrapped, unless it is a single event: events, and units that are not events
      each event → candidates (its bytes) → narrowed to its log source type
                 → normalized, and only then evaluated → alerts

An error in a step costs only one unit: the unit becomes a reject, INTERNAL_ERROR (or RULE_FAILED if
a rule raised the error). Ending the process would not help, as the next read would bring the same
bytes again.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path

from matcher.alerts.document import EventOrigin, make_alert
from matcher.engine.ruleset import RuleSet
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import (
    Limits,
    RawEvent,
    Unit,
    UnitSteps,
    plain_event,
    unwrap_further,
)
from matcher.events.normalize import normalize
from matcher.events.record import Batch, Record, Reject, RejectReason
from matcher.events.schema import Event
from matcher.events.sources import SourceKind
from matcher.pipeline.outcome import Counts, Outcome, RejectedUnit

MAX_REJECTS_A_RECORD = 100
"""A record with more rejects than this is dead-lettered once as a whole, instead of
unit by unit.
"""

EVENTS_A_PART = 256
"""A part ends after about this many events, so that the caller may write and let others run."""


class Pipeline:
    """Applies one rule set. The same input gives the same outcome, however it is divided into
    batches.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        catalogue: Catalogue,
        *,
        max_alert_bytes: int = 900_000,
        limits: Limits | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.catalogue = catalogue
        self.max_alert_bytes = max_alert_bytes
        self.limits = limits or Limits()

    def process(self, batch: Batch) -> Outcome:
        """Everything that the batch causes."""
        outcome = Outcome()
        for part in self.parts(batch):
            outcome.add(part)
        return outcome

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        """Everything that the batch causes, in parts of about EVENTS_A_PART events: a record may
        hold 100,000.

        A part whose ``done`` is None ends inside a record. It may be empty: to open a large record
        takes many steps, and the caller gets its turn between two of them. An empty batch has no
        parts.
        """
        outcome, events = Outcome(), 0
        for record in batch.records:
            if events >= EVENTS_A_PART:
                yield outcome
                outcome, events = Outcome(), 0
            plain = self._plain_event(record.value)
            if plain is not None:
                self._plain(batch, record, plain, outcome)
                events += 1
                continue
            work = _RecordWork(self, batch, record)
            for unit in work.units():
                if unit is None or events >= EVENTS_A_PART:
                    yield outcome
                    outcome, events = Outcome(), 0
                work.take(unit, outcome)
                events += 1
            work.finish(outcome)
        if batch.records:
            yield outcome

    def _plain_event(self, value: bytes | None) -> RawEvent | None:
        try:
            return plain_event(value, self.limits)
        except Exception:  # noqa: BLE001 - opening it further says what is wrong
            return None

    def _plain(self, batch: Batch, record: Record, event: RawEvent, outcome: Outcome) -> None:
        """Process a record that is one event. Nearly every such event is only counted."""
        try:
            candidates, kind = self.candidates(event, outcome.counts)
        except Exception as error:  # noqa: BLE001 - the fence: a fault of ours costs one unit
            work = _RecordWork(self, batch, record)
            work.take(_internal_error("attribution", error, event.raw, event.index), outcome)
            work.finish(outcome)
            return
        if not candidates:
            _complete(record, outcome)
            return
        work = _RecordWork(self, batch, record)
        work.candidate(event, kind, candidates, outcome)
        work.finish(outcome)

    def candidates(self, event: RawEvent, counts: Counts) -> tuple[int, SourceKind]:
        """Count one event; returns the rules that could match it, and its log source."""
        candidates = self.ruleset.candidates(event.raw)
        kind = attribute(event)
        source_type = self.catalogue.type_of(kind)
        counts.events[source_type.name] += 1
        if candidates:
            counts.candidates += 1
            candidates = self.ruleset.narrow(candidates, source_type)
        return candidates, kind


def _complete(record: Record, outcome: Outcome) -> None:
    outcome.counts.records += 1
    outcome.counts.bytes += len(record.value or b"")
    outcome.done = record.offset


def _internal_error(step: str, error: Exception, raw: bytes, index: int) -> Reject:
    detail = f"{step} failed: {_described(error)}"
    return Reject(RejectReason.INTERNAL_ERROR, detail, raw, index)


def _described(error: Exception) -> str:
    """The error's class and its place, without its message, which may quote the event."""
    places = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return type(error).__name__ + place


class _RecordWork:
    """One record being processed: ``take`` for each of its units, then ``finish`` once."""

    def __init__(self, pipeline: Pipeline, batch: Batch, record: Record) -> None:
        self.pipeline = pipeline
        self.batch = batch
        self.record = record
        self.rejects: list[Reject] = []
        self.rejected = 0
        self.matched = False

    def units(self) -> UnitSteps:
        """The units of the record, step by step."""
        value, last = self.record.value, -1
        try:
            for unit in unwrap_further(value, self.pipeline.limits):
                last += unit is not None
                yield unit
        except Exception as error:  # noqa: BLE001 - the fence: a fault of ours costs one unit
            yield _internal_error("opening", error, value or b"", last + 1)

    def take(self, unit: Unit | None, outcome: Outcome) -> None:
        """Count one unit; if it is an event, evaluate the rules that could match it."""
        if isinstance(unit, RawEvent):
            self._event(unit, outcome)
        elif isinstance(unit, Reject):
            outcome.counts.rejects[str(unit.reason)] += 1
            self.rejected += 1
            if len(self.rejects) < MAX_REJECTS_A_RECORD:
                self.rejects.append(unit)
        elif unit is not None:
            outcome.counts.skipped[str(unit)] += 1

    def _event(self, found: RawEvent, outcome: Outcome) -> None:
        try:
            candidates, kind = self.pipeline.candidates(found, outcome.counts)
        except Exception as error:  # noqa: BLE001 - the fence: a fault of ours costs one unit
            self.take(_internal_error("attribution", error, found.raw, found.index), outcome)
            return
        if candidates:
            self.candidate(found, kind, candidates, outcome)

    def candidate(
        self, found: RawEvent, kind: SourceKind, candidates: int, outcome: Outcome
    ) -> None:
        """Evaluate the rules that could match an event."""
        starttime = None if self.record.timestamp < 0 else self.record.timestamp
        try:
            event = normalize(found, starttime, self.pipeline.catalogue, kind)
        except Exception as error:  # noqa: BLE001 - the fence: a fault of ours costs one unit
            event = _internal_error("normalization", error, found.raw, found.index)
        if isinstance(event, Reject):
            self.take(event, outcome)
            return
        ruleset, matched = self.pipeline.ruleset, False
        for index in ruleset.indexes(candidates):
            outcome.counts.evaluations += 1
            try:
                if ruleset.matches(event, index):
                    self._alert(event, index, found.index, outcome)
                    matched = True
            except Exception as error:  # noqa: BLE001 - the fence: a rule that breaks costs one event
                self._broken(found, index, error, outcome)
        if matched:
            self.matched = True
            outcome.counts.matched[event.log_source_type.name] += 1

    def _alert(self, event: Event, rule: int, index: int, outcome: Outcome) -> None:
        match = self.pipeline.ruleset.explain(event, rule)
        alert = make_alert(
            match,
            event,
            EventOrigin(self.batch.input, self.record.offset, index),
            ruleset=self.pipeline.ruleset.digest,
            timestamp=self.record.timestamp,
            max_bytes=self.pipeline.max_alert_bytes,
        )
        outcome.alerts.append(alert)
        outcome.counts.matches[alert.rule_id, alert.severity.label] += 1

    def _broken(self, found: RawEvent, index: int, error: Exception, outcome: Outcome) -> None:
        rule = self.pipeline.ruleset.rules[index]
        outcome.counts.rule_errors[rule.id] += 1
        detail = f"rule {rule.id} failed: {_described(error)}"
        self.take(Reject(RejectReason.RULE_FAILED, detail, found.raw, found.index), outcome)

    def finish(self, outcome: Outcome) -> None:
        """Account for the record as a whole, once all its units are taken."""
        record = self.record
        outcome.rejects += [RejectedUnit(record, reject) for reject in self._dead_letters()]
        if self.matched:
            outcome.forwards.append(record)
        _complete(record, outcome)

    def _dead_letters(self) -> list[Reject]:
        if self.rejected <= MAX_REJECTS_A_RECORD:
            return self.rejects
        first = self.rejects[0]
        detail = f"{self.rejected} units of this record were rejected; the first: {first.detail}"
        return [Reject(first.reason, detail, self.record.value or b"", first.index)]
