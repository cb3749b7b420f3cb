"""Runs one slice of records through the pipeline, puts the results into the outbox, and counts."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from matcher.alerts.alert import Alert
from matcher.config import OutputSettings
from matcher.engine.rule import Severity
from matcher.events.record import Batch, TopicPartition
from matcher.metrics import (
    ALERTS_BELOW_SEVERITY,
    BATCH_DURATION,
    BYTES_CONSUMED,
    CANDIDATES,
    EVALUATIONS,
    EVENT_TO_ALERT,
    EVENTS,
    EVENTS_ESTIMATED,
    MATCHED_EVENTS,
    MATCHES,
    RECORD_TO_ALERT,
    RECORDS_CONSUMED,
    REJECTS,
    REJECTS_ESTIMATED,
    RULE_ERRORS,
    SKIPPED,
    SKIPPED_ESTIMATED,
    Metric,
    Recorder,
)
from matcher.pipeline.outcome import Counts, Outcome
from matcher.stream.dead_letters import rejected_unit
from matcher.stream.outbox import Delivery, Outbox
from matcher.stream.outgoing import Clock, Message, alert_message, forward_message, iso


class Parts(Protocol):
    """The part of :class:`matcher.pipeline.process.Pipeline` that is needed here."""

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        """What the batch causes, in parts; the last part says that the last record is done."""


class Matching:
    """Runs the pipeline in use; ``pipeline`` may be replaced between two slices."""

    def __init__(
        self,
        pipeline: Parts,
        outbox: Outbox,
        recorder: Recorder,
        output: OutputSettings,
        clock: Clock,
    ) -> None:
        self.pipeline = pipeline
        self._outbox = outbox
        self._recorder = recorder
        self._output = output
        self._alert_severity = Severity[output.alert_severity.upper()]
        self._clock = clock

    async def run(self, delivery: Delivery, batch: Batch, moved_on: Callable[[], None]) -> float:
        """Match the batch, hand over everything that it causes, and return the seconds spent on
        matching.

        After each part ``moved_on`` is called and other tasks of the event loop get their turn.
        Raises RuntimeError if the pipeline did not reach the end of the batch: then nothing may be
        committed.
        """
        spent, done = 0.0, None
        parts = self.pipeline.parts(batch)
        while True:
            started = time.perf_counter()
            part = next(parts, None)
            spent += time.perf_counter() - started
            if part is None:
                break
            done = part.done if part.done is not None else done
            _count(self._recorder, delivery.source, part.counts)
            await self._hand_over(delivery, part)
            moved_on()
            await asyncio.sleep(0)
        if done != batch.records[-1].offset:
            raise RuntimeError(
                f"{batch.input}: the pipeline ended at {done}, not at {batch.records[-1].offset}"
            )
        self._recorder.observe(BATCH_DURATION, spent, ("match",))
        return spent

    async def _hand_over(self, delivery: Delivery, part: Outcome) -> None:
        output = self._output
        if part.rejects:
            letters = [
                rejected_unit(delivery.source, unit.record, unit.reject, output.dead_letter_topic)
                for unit in part.rejects
            ]
            await self._outbox.put(delivery, letters)
        if part.forwards and output.forward_topic is not None:
            copies = [forward_message(record, output.forward_topic) for record in part.forwards]
            await self._outbox.put(delivery, copies)
        if part.alerts:
            for messages in self._messages(part.alerts):
                await self._outbox.put(delivery, messages, self._acknowledged)

    def _messages(self, alerts: Sequence[Alert]) -> tuple[list[Message], list[Message]]:
        """The messages for the alerts, and for those below the alert severity. The latter are
        counted alone if no topic takes them.
        """
        output, detected = self._output, iso(self._clock()).encode()
        high: list[Message] = []
        low: list[Message] = []
        for alert in alerts:
            if alert.severity >= self._alert_severity:
                high.append(alert_message(alert, output.alert_topic, "alert", detected))
            elif output.signals_topic is not None:
                low.append(alert_message(alert, output.signals_topic, "signal", detected))
            else:
                self._recorder.add(ALERTS_BELOW_SEVERITY, 1, (alert.rule_id,))
        return high, low

    def _acknowledged(self, messages: Sequence[Message]) -> None:
        now = self._clock()
        alerts = [message.alert for message in messages if message.alert is not None]
        own = [max(0.0, now - alert.timestamp / 1000) for alert in alerts]
        self._recorder.observe_all(RECORD_TO_ALERT, own)
        whole = [
            max(0.0, now - alert.devicetime / 1000)
            for alert in alerts
            if alert.devicetime is not None
        ]
        if whole:
            self._recorder.observe_all(EVENT_TO_ALERT, whole)


def _count(recorder: Recorder, source: TopicPartition, counts: Counts) -> None:
    """Add the counts of one part of a batch from this partition."""
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
    if (estimate := counts.estimate) is not None:
        by_name += (
            (EVENTS_ESTIMATED, estimate.events),
            (REJECTS_ESTIMATED, estimate.rejects),
            (SKIPPED_ESTIMATED, estimate.skipped),
        )
    for metric, names in by_name:
        for name, amount in names.items():
            recorder.add(metric, amount, (name,))
    for labels, amount in counts.matches.items():
        recorder.add(MATCHES, amount, labels)
