"""The worker on the fake broker, where every order of events can be arranged."""

import asyncio
import itertools

import pytest

from matcher.errors import DeliveryError, NotDrained, Stalled
from matcher.events.record import TopicPartition
from matcher.metrics import COMMITS, LAG_RECORDS, PRODUCE_FAILURES
from matcher.stream import committer
from matcher.stream.source import (
    CommitFailedInTimeError,
    CommitRefusedError,
    CommitUnansweredError,
    Fetched,
    NoAnswerError,
    ReadFailedError,
)
from tests.fakes.broker import FakeBroker
from tests.fakes.pipeline import ScriptedPipeline
from tests.stream.stage import Stage

_PATIENCE = 10.0


def _position(worker, stage):
    """The next offset of partition 0 that the worker expects."""
    return worker._offsets.position(TopicPartition(stage.input, 0))


@pytest.fixture
def broker():
    return FakeBroker()


@pytest.fixture
def stage(broker):
    return Stage(broker)


async def test_a_commit_that_fails_is_tried_again_with_all_that_came_since(stage, broker):
    stage.produce([b"alert"] * 8)
    broker.refusals["commit"] = [
        CommitFailedInTimeError("no answer"),
        CommitRefusedError("25"),
        CommitRefusedError("27"),
    ]
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert stage.recorder.value(COMMITS, "failed") == 1
    assert stage.recorder.value(COMMITS, "refused") == 2
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_nothing_is_committed_while_an_acknowledgement_is_missing(stage):
    stage.produce([b"none"] * 5, partition=0)
    stage.produce([b"alert"], partition=0)
    stage.produce([b"none"] * 5, partition=0)
    stage.source["max_records"] = 1
    worker = await stage.worker()
    worker._sink.held = []
    async with stage.running(worker):
        await stage.until(lambda: _position(worker, stage) == 11)
        await stage.until(lambda: stage.committed().get(0) == 5)
        await asyncio.sleep(0.2)
        assert stage.committed() == {0: 5}
        worker._sink.release()
        await stage.until_committed()


async def test_nothing_is_committed_between_two_periods_while_records_keep_coming(
    stage, monkeypatch
):
    """A commit after every read was a large part of the work when the load was light."""
    monkeypatch.setattr(committer, "_CALM_SECONDS", 3600.0)
    worker = await stage.worker(commit_seconds=3600.0)
    async with stage.running(worker):
        for number in range(1, 21):
            stage.produce([b"alert"], partition=0)
            await stage.until(lambda number=number: len(stage.origins()) == number)
        assert worker._source.commits == []
    assert stage.all_committed()


async def test_a_stream_that_has_come_to_rest_is_committed_before_the_period_ends(stage):
    async with stage.running(await stage.worker(commit_seconds=3600.0)):
        for _ in range(2):
            stage.produce([b"alert", b"none"] * 4)
            await stage.until_committed()


async def test_a_revoke_waits_for_the_acknowledgements_and_commits_before_it_returns(stage):
    stage.produce([b"alert"] * 8)
    worker = await stage.worker(commit_seconds=60)
    worker._sink.held = []
    async with stage.running(worker):
        await stage.until(lambda: len(stage.origins()) == 8)
        newcomer = await stage.worker()
        async with stage.running(newcomer):
            await asyncio.sleep(0.05)
            assert not newcomer.assigned, "the revoke has not returned"
            assert stage.committed() == {}
            worker._sink.release()
            await stage.until(lambda: len(newcomer.assigned) == 2)
            assert stage.all_committed()
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_an_acknowledgement_after_the_revoke_gave_up_commits_nothing(stage):
    stage.produce([b"alert"] * 8)
    worker = await stage.worker(revoke_timeout=0.05)
    worker._sink.held = []
    async with stage.running(worker):
        await stage.until(lambda: len(stage.origins()) == 8)
        held, worker._sink.held = worker._sink.held, None
        newcomer = await stage.worker()
        async with stage.running(newcomer):
            await stage.until_committed()
            before = len(worker._source.commits)
            for written in held:
                written.set_result(())
            await asyncio.sleep(0.2)
            assert len(worker._source.commits) == before
    assert set(stage.origins()) == stage.expected()
    assert max(stage.origins().values()) == 2, "what was not committed was read again"


async def test_a_write_that_is_refused_ends_the_worker_and_commits_only_what_was_before(
    stage, broker
):
    stage.produce([b"alert"] * 3, partition=0)
    stage.source["max_records"] = 1
    broker.refusals["acknowledge"] = [DeliveryError("not written")]
    worker = await stage.worker()
    with pytest.raises(DeliveryError, match="not written"):
        await worker.run()
    assert stage.committed() == {}
    assert stage.recorder.value(PRODUCE_FAILURES, "alert") == 1
    assert not worker.ready


async def test_an_acknowledgement_that_never_comes_ends_the_worker(stage):
    stage.output = stage.output.model_copy(update={"send_timeout": 0.2})
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()
    worker._sink.held = []
    with pytest.raises(DeliveryError, match=r"not acknowledged after 0\.2 s"):
        await worker.run()
    assert stage.committed() == {}


async def test_a_drain_that_takes_too_long_is_an_error(stage):
    stage.service["drain_timeout"] = 0.1
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()
    worker._sink.held = []
    with pytest.raises(NotDrained, match=r"not drained after 0\.1 s: 1 messages are not ack"):
        async with stage.running(worker):
            await stage.until(lambda: len(stage.origins()) == 1)
    assert stage.committed() == {}


async def test_a_pipeline_that_raises_ends_the_worker_with_its_own_error(stage):
    stage.produce([b"alert", b"boom"], partition=0)
    with pytest.raises(ArithmeticError, match="boom"):
        await (await stage.worker()).run()
    assert stage.committed() == {}


async def test_a_pipeline_that_leaves_records_out_ends_the_worker(stage):
    class Forgetful(ScriptedPipeline):
        def parts(self, batch):
            for part in super().parts(batch):
                part.done = None
                yield part

    stage.produce([b"none"], partition=0)
    with pytest.raises(RuntimeError, match="the pipeline ended at None"):
        await (await stage.worker(Forgetful())).run()
    assert stage.committed() == {}


async def test_a_read_that_fails_gets_a_new_consumer_and_repeats_nothing(stage, broker):
    stage.produce([b"alert"] * 8)
    worker = await stage.worker(commit_seconds=60)
    async with stage.running(worker):
        await stage.until(lambda: len(stage.origins()) == 8)
        broker.refusals["read"] = [ReadFailedError("broken")]
        await stage.until(lambda: worker._source.process.steps.count("start source") == 2)
        stage.produce([b"alert"] * 8)
        await stage.until(lambda: len(stage.origins()) == 16)
    assert worker._source.process.steps.count("start source") == 2
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_a_drain_whose_commit_has_no_answer_is_an_error(stage, broker):
    """Exit code 0 would say that everything was committed."""
    stage.service["drain_timeout"] = 0.3
    stage.produce([b"alert"] * 3, partition=0)
    worker = await stage.worker(commit_seconds=60)
    broker.refusals["commit"] = [CommitFailedInTimeError("no answer")] * 1000
    with pytest.raises(NotDrained, match="3 offsets are not committed"):
        async with stage.running(worker):
            await stage.until(lambda: len(stage.origins()) == 3)
    assert stage.committed() == {}


async def test_a_drain_tries_a_failed_commit_again(stage, broker):
    stage.produce([b"alert"] * 3, partition=0)
    worker = await stage.worker(commit_seconds=60)
    refusals = [CommitFailedInTimeError("no answer")] * 10_000
    broker.refusals["commit"] = refusals
    async with stage.running(worker):
        await stage.until(lambda: len(stage.origins()) == 3)
        worker.request_stop()
        left = len(refusals)
        await stage.until(lambda: len(refusals) <= left - 4)
        refusals.clear()
    assert stage.committed()[0] == 3


async def test_reading_that_fails_again_and_again_ends_the_worker(stage, broker):
    stage.service["stall_timeout"] = 0.3
    broker.refusals["read"] = [ReadFailedError("broken batch")] * 1000
    with pytest.raises(Stalled, match="broken batch"):
        await (await stage.worker()).run()


async def test_records_that_wait_while_the_client_stands_still_end_the_worker(stage):
    """aiokafka can stop fetching without an error: only the broker's end offsets tell."""
    stage.service["stall_timeout"] = 0.2
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()

    async def nothing():
        await asyncio.sleep(0.01)
        return type("F", (), {"generation": 0, "batches": (), "oversized": ()})

    worker._source.read = nothing
    with pytest.raises(Stalled, match="1 records wait, none was processed"):
        await worker.run()


async def test_an_answer_that_is_missing_now_and_then_hides_no_stall(stage):
    """A missing answer proves nothing, so it does not cancel what other answers said."""
    stage.service["stall_timeout"] = 0.2
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()
    asked = itertools.count()

    async def nothing():
        await asyncio.sleep(0.01)
        return Fetched(worker._source._generation, ())

    async def sometimes():
        if next(asked) % 2:
            raise NoAnswerError("no answer")
        return {TopicPartition(stage.input, 0): 1}

    worker._source.read, worker._source.waiting = nothing, sometimes
    with pytest.raises(Stalled, match="1 records wait, none was processed"):
        await asyncio.wait_for(worker.run(), _PATIENCE)
    assert next(asked) > 3


async def test_a_group_that_assigns_nothing_while_kafka_answers_ends_the_worker(stage, broker):
    """A client's tasks can end in silence in a rebalance: then we never get a partition again."""
    stage.service["stall_timeout"] = 0.2
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()

    async def scene():
        async with stage.running(worker) as task:
            await stage.until_committed()
            broker.down = True
            await worker.revoked()
            await stage.until(lambda: worker._watch.unanswered)
            assert not task.done()
            broker.down = False
            await asyncio.wait_for(asyncio.shield(task), _PATIENCE)

    with pytest.raises(Stalled, match="Kafka answers, but the group assigned no partitions"):
        await scene()


async def test_a_member_with_nothing_to_read_is_no_stall(stage):
    """There may be more members than partitions."""
    stage.service["stall_timeout"] = 0.1
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        worker.assigned_from(worker._source._generation, {})
        await asyncio.sleep(0.4)
        assert worker.ready


async def test_a_client_that_answers_no_commit_twice_is_made_anew(stage, broker):
    """The client's background tasks may have ended in silence: then no commit is ever answered."""
    stage.produce([b"alert"] * 3, partition=0)
    worker = await stage.worker()
    broker.refusals["commit"] = [CommitUnansweredError("no answer")] * 2
    async with stage.running(worker):
        await stage.until_committed()
        assert worker.ready
    assert worker._source.process.steps.count("start source") == 2
    assert set(stage.origins()) == stage.expected()


async def test_a_commit_that_is_refused_in_time_is_no_reason_for_a_new_client(stage, broker):
    stage.produce([b"alert"] * 3, partition=0)
    worker = await stage.worker()
    broker.refusals["commit"] = [CommitFailedInTimeError("15")] * 4
    async with stage.running(worker):
        await stage.until_committed()
    assert worker._source.process.steps.count("start source") == 1


async def test_nothing_committed_for_too_long_ends_the_worker_however_often_the_client_is_new(
    stage, broker
):
    stage.service["stall_timeout"] = 0.5
    stage.produce([b"alert"], partition=0)
    broker.refusals["commit"] = [CommitUnansweredError("no answer")] * 10_000
    worker = await stage.worker()
    with pytest.raises(Stalled, match=r"nothing was committed for 0\.\d s, and 1 offsets wait"):
        await worker.run()
    assert worker._source.process.steps.count("start source") > 1


async def test_the_service_is_not_ready_while_a_commit_has_no_answer(stage, broker):
    stage.produce([b"alert"], partition=0)
    broker.refusals["commit"] = [CommitUnansweredError("no answer")]
    worker = await stage.worker(commit_seconds=60)
    async with stage.running(worker):
        await stage.until(lambda: worker.not_ready_because == "the last commit had no answer")
        stage.produce([b"alert"], partition=0)
        await stage.until(lambda: worker.ready)


async def test_brokers_that_do_not_answer_the_probe_prove_nothing(stage, broker):
    stage.service["stall_timeout"] = 0.2
    worker = await stage.worker()
    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        broker.down = True
        await stage.until(lambda: worker.not_ready_because == "Kafka does not answer")
        begun = worker._watch.last_progress
        broker.down = False
        await stage.until(lambda: worker.ready)
        assert worker._watch.last_progress > begun


async def test_the_lag_is_what_the_brokers_say_where_the_client_stands_still(stage):
    """The client's own view is as old as its last fetch."""
    stage.service["stall_timeout"] = 2.0
    worker = await stage.worker()

    async def nothing():
        await asyncio.sleep(0.01)
        return Fetched(worker._source._generation, ())

    async def probe():
        return {TopicPartition(stage.input, 0): 3}

    async with stage.running(worker):
        await stage.until(lambda: worker.ready)
        worker._source.read = nothing
        worker._source.lag = dict
        stage.produce([b"alert"] * 3, partition=0)
        worker._source.waiting = probe
        await stage.until(lambda: stage.recorder.value(LAG_RECORDS, stage.input, "0") == 3)


async def test_an_empty_input_and_an_unreachable_broker_are_no_stall(stage, broker):
    stage.service["stall_timeout"] = 0.1
    worker = await stage.worker()
    async with stage.running(worker):
        begun = worker._watch.last_progress
        await stage.until(lambda: worker._watch.last_progress > begun)
        stage.produce([b"alert"], partition=0)
        broker.down = True
        await asyncio.sleep(0.4)
        broker.down = False
        await stage.until_committed()


async def test_a_large_record_lets_the_loop_breathe(stage):
    turns, at_part = 0, []

    class Watched(ScriptedPipeline):
        def parts(self, batch):
            for part in super().parts(batch):
                at_part.append(turns)
                yield part

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    stage.produce([b"none " * 4000], partition=0)
    worker = await stage.worker(Watched(events_a_part=10))
    counter = asyncio.create_task(count_turns())
    async with stage.running(worker):
        await stage.until_committed()
    counter.cancel()
    assert len(at_part) >= 400
    assert all(later > earlier for earlier, later in itertools.pairwise(at_part))


async def test_slices_shrink_to_what_fits_their_time(stage):
    class Slow(ScriptedPipeline):
        def __init__(self):
            super().__init__()
            self.sizes = []

        def parts(self, batch):
            self.sizes.append(len(batch.records))
            until = asyncio.get_running_loop().time() + 0.002 * len(batch.records)
            while asyncio.get_running_loop().time() < until:
                pass
            yield from super().parts(batch)

    stage.produce([b"none"] * 300, partition=0)
    pipeline = Slow()
    async with stage.running(await stage.worker(pipeline)):
        await stage.until_committed()
    assert max(pipeline.sizes[1:]) <= 30, "50 ms at 2 ms a record, and some noise"


async def test_reading_waits_while_too_much_is_in_flight(stage):
    stage.output = stage.output.model_copy(update={"max_in_flight": 3})
    stage.produce([b"alert"] * 12, partition=0)
    worker = await stage.worker()
    worker._sink.held = []
    async with stage.running(worker):
        await stage.until(lambda: len(worker._sink.held) == 3)
        await asyncio.sleep(0.05)
        assert len(stage.origins()) == 3
        worker._sink.release()
        await stage.until_committed()
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_records_fetched_before_a_rebalance_are_dropped_and_read_again(stage, broker):
    """By now another member may own the partition and may have read these records itself."""
    stage.produce([b"alert"] * 5, partition=0)
    worker = await stage.worker()
    read, late = worker._source.read, []

    async def late_once():
        fetched = await read()
        if fetched.batches and not late:
            late.append(fetched)
            before = fetched.generation
            broker.rebalance(broker._groups[stage.group])
            await stage.until(lambda: worker._source._generation > before and worker.ready)
        return fetched

    worker._source.read = late_once
    async with stage.running(worker):
        await stage.until_committed()
    assert late
    assert stage.origins() == dict.fromkeys(stage.expected(), 1)


async def test_a_record_too_large_to_read_leaves_a_stub(stage, broker):
    stage.produce([b"alert"], partition=0)
    worker = await stage.worker()
    read = worker._source.read
    place = next(iter(broker.partitions([stage.input])))

    async def read_one_too_large():
        fetched = await read()
        if place in worker._source._positions and worker._source._positions[place] == 1:
            worker._source._positions[place] = 2
            return type(fetched)(fetched.generation, fetched.batches, ((place, 1),))
        return fetched

    worker._source.read = read_one_too_large
    async with stage.running(worker):
        await stage.until(lambda: stage.committed().get(0) == 2)
    (letter,) = broker.read_all(stage.dead_letters)
    assert dict(letter.headers)["x-matcher-reason"] == b"too_large_to_read"
    assert dict(letter.headers)["x-matcher-offset"] == b"1"
