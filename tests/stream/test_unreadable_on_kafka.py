"""A batch that is broken on the broker's disk stops its own partition and no other."""

import pytest
import structlog

from matcher.events.record import TopicPartition
from matcher.metrics import ISOLATED
from tests.stream.stage import Stage

pytestmark = pytest.mark.real_kafka


def _broken_in_the_middle(broker, cluster):
    """Ten batches of one record in each of two partitions; the sixth of the first is broken."""
    stage = Stage(broker)
    for _ in range(10):
        stage.produce([b"alert"], partition=0)
        stage.produce([b"alert"], partition=1)
    cluster.corrupt(stage.input, 0, 5)
    return stage


async def test_a_corrupt_batch_stops_its_partition_alone(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster)
    # less than the records that are there: what a read leaves over must not be lost either
    stage.source["max_records"] = 3
    with structlog.testing.capture_logs() as written:
        worker = await stage.worker()
        async with stage.running(worker):
            await stage.until(lambda: stage.recorder.values(ISOLATED))
            assert stage.recorder.value(ISOLATED, stage.input, "0") == 5
            assert worker.isolated == {TopicPartition(stage.input, 0): 5}
            assert worker.ready
            stage.produce([b"alert"] * 4, partition=1)
            await stage.until(lambda: stage.committed().get(1) == 14)
            await stage.until(lambda: stage.committed().get(0) == 5)
    origins = {(0, offset, 0) for offset in range(5)} | {(1, offset, 0) for offset in range(14)}
    assert stage.origins() == dict.fromkeys(origins, 1)
    (told,) = [entry for entry in written if entry["event"] == "partition_isolated"]
    assert (told["partition"], told["offset"]) == (0, 5)
    assert told["hint"].endswith(f"--topic {stage.input} --partition 0 --to 6")
    assert "CRC" in told["reason"]


async def test_records_that_wait_behind_it_are_no_stall(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster)
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: stage.recorder.values(ISOLATED))
        waiting = await worker._source.waiting()
        assert TopicPartition(stage.input, 0) not in waiting
        assert set(waiting.values()) == {0}
        assert worker._source.lag()[TopicPartition(stage.input, 0)] == 5
        await worker.revoked()
        assert stage.recorder.values(ISOLATED) == {}
