"""Lean accounting on three brokers gives the alerts of full accounting and counts every record."""

import json
from pathlib import Path

import pytest

from matcher.config import RuleSettings, Settings
from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.metrics import BYTES_CONSUMED, EVENTS, EVENTS_ESTIMATED, RECORDS_CONSUMED, REJECTS
from matcher.pipeline.lean import LeanPipeline
from matcher.service.wiring import build_pipeline
from tests.fakes.broker import FakeBroker
from tests.stream.stage import Stage

RULE = Path(__file__).parents[2] / "rules" / "cloud-api-t1059-009.yml"
HIT = b'{"eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"%d"}'
MISS = b'{"eventSource":"iam.amazonaws.com","eventName":"ListUsers","eventID":"%d"}'


@pytest.fixture(params=["fake", "mock", pytest.param("real", marks=pytest.mark.real_kafka)])
def broker(request):
    if request.param == "fake":
        return FakeBroker()
    return request.getfixturevalue(f"{request.param}_broker")


def _values(count):
    """Record values: one in ten matches, some in envelopes; others are broken or tombstones."""
    for number in range(count):
        event = (HIT if number % 10 == 3 else MISS) % number
        kind = number % 7
        if kind == 1:
            yield b'{"Records":[%b,%b]}' % (event, MISS % 0)
        elif kind == 2:
            yield json.dumps({"Type": "Notification", "Message": event.decode()}).encode()
        elif kind == 3 and number % 3 == 0:
            yield None if number % 2 else b"{broken"
        else:
            yield event


async def test_the_alerts_are_those_of_full_accounting(broker):
    full = build_pipeline(Settings(rules=RuleSettings(paths=(RULE,))), print)
    stage = Stage(broker, alert_severity="informational")
    values = list(_values(600))
    stage.produce(values, partition=0)
    async with stage.running(await stage.worker(LeanPipeline(full))):
        await stage.until_committed()
    place = TopicPartition(stage.input, 0)
    records = [PlainRecord(n, stage.epoch + n, value) for n, value in enumerate(values)]
    expected = full.process(Batch(place, records))
    written = {message.key: message.value for message in broker.read_all(stage.alerts)}
    assert written == {alert.id.encode(): alert.body for alert in expected.alerts}
    assert len(written) >= 50
    assert stage.committed()[0] == len(values)
    assert stage.recorder.value(RECORDS_CONSUMED, stage.input, "0") == len(values)
    assert stage.recorder.value(BYTES_CONSUMED, stage.input) == expected.counts.bytes
    assert stage.recorder.value(EVENTS, "Amazon AWS CloudTrail") == 0
    assert stage.recorder.value(EVENTS_ESTIMATED, "Amazon AWS CloudTrail") % 64 == 0
    assert stage.recorder.value(EVENTS_ESTIMATED, "Amazon AWS CloudTrail") > 0
    assert stage.recorder.value(REJECTS, "not_json") == 0
    assert broker.read_all(stage.dead_letters) == []
