"""The hot path where not every record is opened: lean accounting.

::

    records → joined and scanned in one go → those in which a literal stands, or what may hide one
      each of them → the ordinary way (matcher.pipeline.process): alerts, rejects, forwards
      a sample of all → opened as well, and only counted: events by log source, rejects

Alerts are those of the ordinary way, to the byte. The totals of records and bytes are exact. What
is in a record without a hit is not known: the record is neither parsed nor rejected. The events and
rejects of all records are estimated from the sample.
"""

from collections.abc import Iterator, Sequence

from matcher.engine.record_scan import RecordScan
from matcher.engine.ruleset import RuleSet
from matcher.events.record import Batch, Record
from matcher.pipeline.outcome import Counts, Outcome
from matcher.pipeline.process import Pipeline

SAMPLED = 64
"""One record in so many is counted in full: each record whose offset is a multiple of this."""


def rules_that_forbid_lean(ruleset: RuleSet) -> list[tuple[str, str]]:
    """The ids of the rules that look at every event, each with the reason: no literal is required,
    so that no scan can tell which records they could match.
    """
    plans = [plan for plan in ruleset.plans if plan.required.anything]
    return [(plan.rule.id, plan.required.because) for plan in plans]


class LeanPipeline:
    """Takes batches as ``pipeline`` does, and opens only the records that a rule could match.

    Raises ValueError if there are :func:`rules_that_forbid_lean`.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.ruleset = pipeline.ruleset
        self._pipeline = pipeline
        self._scan = RecordScan(plan.required for plan in pipeline.ruleset.plans)

    def process(self, batch: Batch) -> Outcome:
        """Everything that the batch causes."""
        return Outcome.joined(self.parts(batch))

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        """Everything that the batch causes, in parts; only the last part has ``done``.

        See :meth:`Pipeline.parts`.
        """
        records = batch.records
        if not records:
            return
        values = [record.value or b"" for record in records]
        hit = [records[index] for index in self._scan.hits(values)]
        outcome = None
        for part in self._pipeline.parts(Batch(batch.input, hit)):
            if outcome is not None:
                yield outcome
            outcome = part
            _forget_totals(part)
        outcome = outcome or Outcome()
        estimate = Counts()
        for part in self._pipeline.parts(Batch(batch.input, _sample(records))):
            _count(part.counts, estimate)
            if part.done is None:
                yield outcome
                outcome = Outcome()
        outcome.counts.records = len(records)
        outcome.counts.bytes = sum(map(len, values))
        outcome.counts.estimate = estimate
        outcome.done = records[-1].offset
        yield outcome


def _sample(records: Sequence[Record]) -> Sequence[Record]:
    first, last = records[0].offset, records[-1].offset
    if last - first == len(records) - 1:
        return records[-first % SAMPLED :: SAMPLED]
    return [record for record in records if record.offset % SAMPLED == 0]


def _count(sampled: Counts, estimate: Counts) -> None:
    for name in ("events", "rejects", "skipped"):
        found = getattr(estimate, name)
        for label, amount in getattr(sampled, name).items():
            found[label] += amount * SAMPLED


def _forget_totals(part: Outcome) -> None:
    """Leave out of a part what concerns the records that were opened and no others."""
    counts = part.counts
    counts.records = counts.bytes = 0
    counts.events.clear()
    counts.skipped.clear()
    part.done = None
