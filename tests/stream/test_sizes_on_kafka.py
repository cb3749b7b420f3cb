"""Messages that a real broker refuses for their size, and what becomes of them and of others."""

import hashlib
import json

import pytest

from matcher.errors import ConfigError
from matcher.metrics import DEAD_LETTERS
from tests.fakes.pipeline import ScriptedPipeline
from tests.stream.stage import Stage

pytestmark = pytest.mark.real_kafka


async def test_an_alert_that_its_topic_refuses_goes_to_the_dead_letters_and_the_rest_goes_on(
    real_broker,
):
    """A refused batch leaves a gap in the sequence of an idempotent producer: see KafkaSink."""
    stage = Stage(real_broker, compression="none")
    small = real_broker.create_topic("small", 1, {"max.message.bytes": "2000"})
    stage.alerts, stage.output = small, stage.output.model_copy(update={"alert_topic": small})
    big, little = ScriptedPipeline(padding=3000), ScriptedPipeline()
    worker = await stage.worker(little)
    stage.produce([b"alert"] * 8)
    async with stage.running(worker):
        await stage.until_committed()
        worker.matching.pipeline = big
        stage.produce([b"alert"] * 8)
        await stage.until_committed()
        worker.matching.pipeline = little
        stage.produce([b"alert"] * 8)
        await stage.until_committed()
    letters = real_broker.read_all(stage.dead_letters)
    assert {dict(m.headers)["x-matcher-reason"] for m in letters} == {b"too_large"}
    places = [json.loads(m.value)["origin"] for m in letters]
    refused = {(o["partition"], o["offset"], o["index"]) for o in places}
    assert len(places) == len(refused) == 8
    assert stage.origins() == dict.fromkeys(stage.expected() - refused, 1)
    assert stage.recorder.value(DEAD_LETTERS, "too_large") == 8


async def test_good_alerts_beside_a_refused_one_are_written(real_broker):
    stage = Stage(real_broker, compression="none", linger_ms=50)
    small = real_broker.create_topic("small", 1, {"max.message.bytes": "20000"})
    stage.alerts, stage.output = small, stage.output.model_copy(update={"alert_topic": small})

    class Mixed(ScriptedPipeline):
        def _event(self, batch, record, index, word, outcome):
            self._padding = 30_000 if record.offset == 3 else 10
            return super()._event(batch, record, index, word, outcome)

    stage.produce([b"alert alert"] * 40, partition=0)
    async with stage.running(await stage.worker(Mixed())):
        await stage.until_committed()
    assert stage.origins() == dict.fromkeys(
        {place for place in stage.expected() if place[1] != 3}, 1
    )
    assert len(real_broker.read_all(stage.dead_letters)) == 2


async def test_a_record_that_does_not_fit_the_dead_letters_is_replaced_by_a_stub(real_broker):
    stage = Stage(real_broker, compression="none")
    small = real_broker.create_topic("small", 1, {"max.message.bytes": "17000"})
    update = {"dead_letter_topic": small, "forward_topic": small}
    stage.dead_letters, stage.output = small, stage.output.model_copy(update=update)
    record = b"alert " + b"x" * 20_000
    stage.produce([record])
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    (stub,) = real_broker.read_all(small)
    document = json.loads(stub.value)
    assert document["bytes"] == len(record)
    assert document["sha256"] == hashlib.sha256(record).hexdigest()
    assert (document["topic"], document["partition"], document["offset"]) == (stage.input, "0", "0")
    assert len(stage.origins()) == 1


async def test_a_dead_letter_topic_that_cannot_take_a_stub_is_an_error_at_the_start(real_broker):
    stage = Stage(real_broker)
    tiny = real_broker.create_topic("tiny", 1, {"max.message.bytes": "1000"})
    stage.output = stage.output.model_copy(update={"dead_letter_topic": tiny})
    with pytest.raises(ConfigError, match=f"{tiny} takes 1000 bytes"):
        await stage.worker()
