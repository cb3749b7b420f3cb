"""Turns an outcome's counts into metrics, once a part."""

from matcher.events.record import TopicPartition
from matcher.metrics import (
    BYTES_CONSUMED,
    CANDIDATES,
    EVALUATIONS,
    EVENTS,
    MATCHED_EVENTS,
    MATCHES,
    RECORDS_CONSUMED,
    REJECTS,
    RULE_ERRORS,
    SKIPPED,
    Metric,
    Recorder,
)
from matcher.pipeline.outcome import Counts


def count(recorder: Recorder, source: TopicPartition, counts: Counts) -> None:
    """Add what one part of a batch from this partition counted."""
    if counts.records:
        recorder.add(RECORDS_CONSUMED, counts.records, (source.topic, str(source.partition)))
        recorder.add(BYTES_CONSUMED, counts.bytes, (source.topic,))
    if counts.candidates:
        recorder.add(CANDIDATES, counts.candidates)
    if counts.evaluations:
        recorder.add(EVALUATIONS, counts.evaluations)
    by_name: tuple[tuple[Metric, dict[str, int]], ...] = (
        (EVENTS, counts.events),
        (MATCHED_EVENTS, counts.matched),
        (REJECTS, counts.rejects),
        (SKIPPED, counts.skipped),
        (RULE_ERRORS, counts.rule_errors),
    )
    for metric, names in by_name:
        for name, amount in names.items():
            recorder.add(metric, amount, (name,))
    for labels, amount in counts.matches.items():
        recorder.add(MATCHES, amount, labels)
