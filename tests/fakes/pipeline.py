"""A pipeline that does what the record says, so that a test can count on it."""

import json
from collections.abc import Iterator

from matcher.alerts.alert import Alert
from matcher.engine.rule import Severity
from matcher.events.record import Batch, Record, Reject, RejectReason
from matcher.pipeline.outcome import Outcome, RejectedUnit


class ScriptedPipeline:
    """A record's value is a script: blank-separated words, each one event.

    ``alert`` and ``low`` match with severity high and low, ``bad`` is rejected, ``boom`` raises,
    anything else is nothing. A part ends after ``events_a_part`` events.
    """

    def __init__(self, events_a_part: int = 4, padding: int = 0) -> None:
        self._events_a_part = events_a_part
        self._padding = padding

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        outcome, events = Outcome(), 0
        for record in batch.records:
            matched = False
            words = (record.value or b"").split()
            for index, word in enumerate(words):
                matched |= self._event(batch, record, index, word, outcome)
                events += 1
                if events % self._events_a_part == 0:
                    yield outcome
                    outcome = Outcome()
            if matched:
                outcome.forwards.append(record)
            outcome.counts.records += 1
            outcome.counts.bytes += len(record.value or b"")
            outcome.done = record.offset
        yield outcome

    def _event(
        self, batch: Batch, record: Record, index: int, word: bytes, outcome: Outcome
    ) -> bool:
        if word == b"boom":
            raise ArithmeticError("boom")
        if word == b"bad":
            reject = Reject(RejectReason.NOT_JSON, "scripted", word, index)
            outcome.rejects.append(RejectedUnit(record, reject))
            outcome.counts.rejects[reject.reason] += 1
            return False
        if word not in (b"alert", b"low"):
            return False
        origin = {
            "topic": batch.input.topic,
            "partition": batch.input.partition,
            "offset": record.offset,
            "index": index,
        }
        body = {"origin": origin, "padding": "x" * self._padding}
        outcome.alerts.append(
            Alert(
                id="/".join(map(str, origin.values())),
                rule_id="scripted",
                severity=Severity.HIGH if word == b"alert" else Severity.LOW,
                body=json.dumps(body).encode(),
                devicetime=record.timestamp - 1000,
                timestamp=record.timestamp,
            )
        )
        return True
