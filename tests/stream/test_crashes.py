"""The process dies at every step in turn, and another process takes over. Nothing is lost.

Only what comes of records that were read but not committed at the time of death may be written
twice.
"""

import asyncio

from tests.fakes.broker import FakeBroker, Process
from tests.stream.stage import Stage

_SCRIPTS = [b"alert low", b"bad alert", b"none", b"alert alert"]


def _stage() -> Stage:
    stage = Stage(FakeBroker())
    stage.source["max_records"] = 2
    stage.produce(_SCRIPTS * 2, partition=0)
    stage.produce(_SCRIPTS, partition=1)
    return stage


async def _run_until_death_or_end(stage: Stage, process: Process) -> None:
    worker = await stage.worker(process=process, commit_seconds=0.001)
    task = asyncio.create_task(worker.run())
    await stage.until(lambda: task.done() or stage.all_committed())
    worker.request_stop()
    await asyncio.wait({task})
    if (error := task.exception()) is not None:
        assert process.dead, error


def _check_law(stage: Stage) -> None:
    """Everything that is committed must be written: alerts and dead letters alike."""
    committed = stage.committed()
    origins = stage.origins()
    letters = [dict(m.headers) for m in stage.broker.read_all(stage.dead_letters)]
    dead_lettered = {(int(h["x-matcher-partition"]), int(h["x-matcher-offset"])) for h in letters}
    for place in stage.expected(b"alert"):
        assert place[1] >= committed.get(place[0], 0) or place in origins
    for place in stage.expected(b"bad"):
        assert place[1] >= committed.get(place[0], 0) or place[:2] in dead_lettered


async def test_a_death_at_any_step_loses_nothing_and_repeats_only_what_was_not_committed():
    length = Process()
    await _run_until_death_or_end(_stage(), length)
    assert len(length.steps) > 30
    for dies_at in range(1, len(length.steps) + 1):
        stage = _stage()
        await _run_until_death_or_end(stage, Process(dies_at))
        _check_law(stage)
        at_death = stage.committed()
        written_before = set(stage.origins())
        stage.broker.expire(stage.group)
        await _run_until_death_or_end(stage, Process())
        origins = stage.origins()
        assert set(origins) == stage.expected(b"alert"), f"died at {dies_at}"
        assert stage.all_committed()
        repeated = {place for place, times in origins.items() if times > 1}
        assert repeated <= {p for p in written_before if p[1] >= at_death.get(p[0], 0)}
        bodies = {(m.key, m.value) for m in stage.broker.read_all(stage.alerts)}
        assert len(bodies) == len(origins), "what is repeated is the same, byte for byte"


async def test_the_check_would_see_a_commit_that_comes_too_early():
    """A test of the check itself: records that are committed but not written must not pass."""
    stage = _stage()
    await _run_until_death_or_end(stage, Process())
    alerts = stage.broker._topics[stage.alerts]
    for partition in alerts:
        partition.log = partition.log[1:]
    try:
        _check_law(stage)
    except AssertionError:
        return
    raise AssertionError("a lost alert went unseen")
