"""The whole hot path: a batch in, an outcome out. Pure, synchronous, no clock.

Records are taken in slices. One slice's way::

    slice → told at a glance: which records are one event each, and of which log source
          → candidates: the rules whose literals stand in each record
          → narrowed to the record's log source type
          → counted, which is all that nearly every record needs; the others go on one by one

One record's way from there::

    record → unwrapped, unless it was told: events, and units that are not events
      each event → candidates (its bytes) → narrowed to its log source type
                 → normalized, and only then evaluated → alerts

An error in a step costs only one unit: the unit becomes a reject, INTERNAL_ERROR (or RULE_FAILED if
a rule raised the error). Ending the process would not help, as the next read would bring the same
bytes again.
"""

import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from matcher.alerts.document import EventOrigin
from matcher.alerts.template import AlertTemplates
from matcher.engine.ruleset import RuleSet
from matcher.events.acceptable import BLANK
from matcher.events.at_a_glance import log_sources
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import (
    Limits,
    RawEvent,
    ToldEvents,
    Unit,
    UnitSteps,
    unwrap_stepwise,
)
from matcher.events.normalize import NormalizationError, normalize
from matcher.events.record import Batch, Record, Reject, RejectReason
from matcher.events.schema import Event
from matcher.events.sources import SourceKind
from matcher.pipeline.outcome import Counts, Outcome, RejectedUnit

MAX_REJECTS_A_RECORD = 100
"""A record with more rejects than this is dead-lettered once as a whole, instead of
unit by unit.
"""

EVENTS_A_PART = 256
"""A part ends after about this many events, so that the caller may write and let others run. A
slice has the same number of records.
"""


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
        self.templates = AlertTemplates(ruleset, max_alert_bytes)
        self.limits = limits or Limits()

    def process(self, batch: Batch) -> Outcome:
        """Everything that the batch causes."""
        return Outcome.joined(self.parts(batch))

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        """Everything that the batch causes, in parts of about EVENTS_A_PART events: a record may
        hold 100,000.

        A part whose ``done`` is None ends inside a slice, perhaps inside a record. It may be empty:
        to open a large record takes many steps, and the caller gets its turn between two of them.
        An empty batch has no parts.
        """
        for start in range(0, len(batch.records), EVENTS_A_PART):
            yield from self._slice(batch, batch.records[start : start + EVENTS_A_PART])

    def _slice(self, batch: Batch, records: Sequence[Record]) -> Iterator[Outcome]:
        outcome, events = Outcome(), 0
        values = [record.value or b"" for record in records]
        for index, kind, candidates in self._told(values, outcome.counts):
            work = _RecordWork(self, batch, records[index])
            if kind is not None:
                event = RawEvent(values[index].rstrip(BLANK), 0, None)
                work.candidate(event, kind, candidates, outcome)
                events += 1
            for unit in work.units() if kind is None else ():
                if unit is None or events >= EVENTS_A_PART:
                    yield outcome
                    outcome, events = Outcome(), 0
                events += work.take(unit, outcome)
            work.finish(outcome)
        outcome.counts.records += len(records)
        outcome.counts.bytes += sum(map(len, values))
        outcome.done = records[-1].offset
        yield outcome

    def _told(
        self, values: Sequence[bytes], counts: Counts
    ) -> list[tuple[int, SourceKind | None, int]]:
        """Count the records of a slice that are told at a glance. Returns, by index, the records
        that are left to do: each record that is not told; and each candidate, with its log source
        and the rules that could match it.
        """
        try:
            return self.candidates_of(values, log_sources(values, self.limits), counts)
        except Exception:  # noqa: BLE001 - the fence: the records are looked at one by one
            return [(index, None, 0) for index in range(len(values))]

    def candidates_of(
        self, raws: Sequence[bytes], kinds: Sequence[SourceKind | None], counts: Counts
    ) -> list[tuple[int, SourceKind | None, int]]:
        """Count the events whose log source is known. Returns, by index, each candidate, with its
        log source and the rules that could match it; and each event whose log source is not known,
        without rules.
        """
        all_known = None not in kinds
        if not all_known:
            raws = [raw if kind else b"" for raw, kind in zip(raws, kinds, strict=True)]
        found = self.ruleset.candidates_of(raws)
        for kind, number in Counter(kinds).items():
            if kind is not None:
                counts.events[self.catalogue.type_of(kind).name] += number
        left: list[tuple[int, SourceKind | None, int]] = []
        for index in found if all_known else range(len(kinds)):
            kind = kinds[index]
            if kind is None:
                left.append((index, None, 0))
            elif index in found:
                counts.candidates += 1
                candidates = self.ruleset.narrow(found[index], self.catalogue.type_of(kind))
                if candidates:
                    left.append((index, kind, candidates))
        return left

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


def _internal_error(step: str, error: BaseException, raw: bytes, index: int) -> Reject:
    detail = f"{step} failed: {_described(error)}"
    return Reject(RejectReason.INTERNAL_ERROR, detail, raw, index)


def _described(error: BaseException) -> str:
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
            for unit in unwrap_stepwise(value, self.pipeline.limits):
                last += len(unit.raws) if isinstance(unit, ToldEvents) else unit is not None
                yield unit
        except Exception as error:  # noqa: BLE001 - the fence: a fault of ours costs one unit
            yield _internal_error("opening", error, value or b"", last + 1)

    def take(self, unit: Unit | None, outcome: Outcome) -> int:
        """Count one unit; if it is an event, evaluate the rules that could match it. Returns how
        many units it counts as.
        """
        if isinstance(unit, ToldEvents):
            self._told_events(unit, outcome)
            return len(unit.raws)
        if isinstance(unit, RawEvent):
            self._event(unit, outcome)
        elif isinstance(unit, Reject):
            outcome.counts.rejects[str(unit.reason)] += 1
            self.rejected += 1
            if len(self.rejects) < MAX_REJECTS_A_RECORD:
                self.rejects.append(unit)
        elif unit is not None:
            outcome.counts.skipped[str(unit)] += 1
        return 1

    def _told_events(self, events: ToldEvents, outcome: Outcome) -> None:
        try:
            left = self.pipeline.candidates_of(events.raws, events.kinds, outcome.counts)
        except Exception:  # noqa: BLE001 - the fence: the events are looked at one by one
            for event in events.events():
                self._event(event, outcome)
            return
        for index, kind, candidates in left:
            if kind is not None:
                event = RawEvent(events.raws[index], events.first + index, None)
                self.candidate(event, kind, candidates, outcome)

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
            except NormalizationError as error:
                cause = error.__cause__ or error
                self.take(_internal_error("normalization", cause, found.raw, found.index), outcome)
                break
            except Exception as error:  # noqa: BLE001 - the fence: a failing rule costs one event
                self._broken(found, index, error, outcome)
        if matched:
            self.matched = True
            outcome.counts.matched[event.log_source_type.name] += 1

    def _alert(self, event: Event, rule: int, index: int, outcome: Outcome) -> None:
        why = self.pipeline.ruleset.explain(event, rule).why
        origin = EventOrigin(self.batch.input, self.record.offset, index)
        template = self.pipeline.templates[rule]
        alert = template.alert(event, why, origin, timestamp=self.record.timestamp)
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

    def _dead_letters(self) -> list[Reject]:
        if self.rejected <= MAX_REJECTS_A_RECORD:
            return self.rejects
        first = self.rejects[0]
        detail = f"{self.rejected} units of this record were rejected; the first: {first.detail}"
        return [Reject(first.reason, detail, self.record.value or b"", first.index)]
