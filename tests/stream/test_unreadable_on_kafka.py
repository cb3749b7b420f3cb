"""A batch that is broken on the broker's disk stops its own partition and no other partition."""

import asyncio

import pytest
import structlog

from matcher.errors import EXIT_KAFKA, EXIT_USAGE
from matcher.events.record import TopicPartition
from matcher.metrics import CLIENT_LOG_MESSAGES, ISOLATED
from tests.cli.program import run
from tests.stream.stage import Stage

pytestmark = pytest.mark.real_kafka


def _broken_in_the_middle(broker, breaking):
    """Ten batches of one record in each of two partitions; the sixth of the first is broken."""
    stage = Stage(broker)
    for _ in range(10):
        stage.produce([b"alert"], partition=0)
        stage.produce([b"alert"], partition=1)
    breaking(stage.input, 0, 5)
    return stage


async def test_a_corrupt_batch_stops_its_partition_alone(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster.corrupt)
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


@pytest.mark.parametrize("breaking", ["wipe", "lengthen"])
async def test_a_log_that_the_broker_cannot_read_stops_its_partition_alone(
    real_broker, real_cluster, monkeypatch, breaking
):
    """The broker answers each fetch with an error that the client takes for a passing error, or
    without an error.
    """
    monkeypatch.setattr("matcher.stream.standing._STANDING_SECONDS", 1.0)
    stage = _broken_in_the_middle(real_broker, getattr(real_cluster, breaking))
    with structlog.testing.capture_logs() as written, stage.client_log:
        async with stage.running(await stage.worker()):
            await stage.until(lambda: stage.recorder.values(ISOLATED))
            stage.produce([b"alert"] * 4, partition=1)
            await stage.until(lambda: stage.committed().get(1) == 14)
    assert stage.committed()[0] == 5
    assert sum(stage.recorder.values(CLIENT_LOG_MESSAGES).values()) < 50
    (told,) = [entry for entry in written if entry["event"] == "partition_isolated"]
    assert (told["partition"], told["offset"]) == (0, 5)
    assert told["reason"].startswith("the broker ")


async def test_what_is_healed_is_read_again_without_a_restart(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster.corrupt)
    stage.kafka["metadata_max_age"] = 0.2
    with structlog.testing.capture_logs() as written:
        worker = await stage.worker()
        async with stage.running(worker):
            await stage.until(lambda: stage.recorder.values(ISOLATED))
            real_cluster.corrupt(stage.input, 0, 5)
            await stage.until_committed()
            await stage.until(lambda: not stage.recorder.values(ISOLATED))
            assert worker.isolated == {}
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)
    told = [entry["event"] for entry in written if entry["event"].startswith("partition_")]
    assert told == ["partition_isolated", "partition_read_again"]


def _skip(stage, place, to):
    return run(
        *("offsets", "skip", "--topic", stage.input, "--partition", str(place), "--to", str(to)),
        *("--group", stage.group, "--bootstrap-servers", stage.broker.bootstrap),
    )


async def test_a_person_leaves_the_batch_out_and_the_rest_is_read(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster.corrupt)
    async with stage.running(await stage.worker()):
        await stage.until(lambda: stage.recorder.values(ISOLATED))
        await stage.until(lambda: stage.committed().get(0) == 5)
        in_use = await asyncio.to_thread(_skip, stage, 0, 6)
    assert in_use.returncode == EXIT_KAFKA
    assert f"nothing was changed: group {stage.group} is in use" in in_use.stderr.decode()
    assert stage.committed()[0] == 5
    done = await asyncio.to_thread(_skip, stage, 0, 6)
    assert done.stdout.decode() == (
        f"{stage.input}/0: group {stage.group} goes on from offset 6, not 5. "
        "Left out, and not to be matched: 1 offset. Left to read: 4 offsets.\n"
    )
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected() - {(0, 5, 0)}


async def test_a_skip_that_is_none_changes_nothing(real_broker):
    stage = Stage(real_broker)
    stage.produce([b"none"] * 10, partition=0)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    stage.produce([b"none"] * 10, partition=0)
    for place, to, said in (
        (0, 10, "stands at offset 10"),
        (0, 9, "stands at offset 10"),
        (0, 21, "which ends at 20; --to must be"),
        (9, 1, f"topic {stage.input} has no partition 9: it has 0 to 3"),
    ):
        done = await asyncio.to_thread(_skip, stage, place, to)
        assert done.returncode == EXIT_USAGE
        assert said in done.stderr.decode()
    assert stage.committed()[0] == 10


async def test_records_that_wait_behind_it_are_no_stall(real_broker, real_cluster):
    stage = _broken_in_the_middle(real_broker, real_cluster.corrupt)
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: stage.recorder.values(ISOLATED))
        waiting = await worker._source.waiting()
        assert TopicPartition(stage.input, 0) not in waiting
        assert set(waiting.values()) == {0}
        assert worker._source.lag()[TopicPartition(stage.input, 0)] == 5
        await worker.revoked()
        assert stage.recorder.values(ISOLATED) == {}
