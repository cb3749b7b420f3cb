"""At least once: whatever is killed, stopped or restarted, no alert is missing.

``MATCHER_FAULT_RECORDS`` sets the size of the run in which a process is killed.
"""

import os
import random
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from tests.brokers.client import KafkaBroker, Message
from tests.brokers.real import RealCluster
from tests.faults.load import PARTITIONS, Load, event_lines, expected_alerts, judge, seen_alerts
from tests.faults.service import SKIPPING, Scene, assignments

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(600)]

RECORDS = int(os.environ.get("MATCHER_FAULT_RECORDS", "40000"))


@pytest.fixture(scope="module")
def lines(request) -> list[bytes]:
    corpus = request.getfixturevalue("corpus") if os.environ.get("MATCHER_CORPUS") else None
    return event_lines(corpus)


def verdict(scene: Scene):
    return judge(
        expected_alerts(scene.broker, scene.input), seen_alerts(scene.broker, scene.alerts)
    )


def stop_all(scene: Scene) -> None:
    """Send SIGTERM to every service that still runs; each must drain and exit with 0."""
    running = [service for service in scene.services if service.returncode is None]
    for service in running:
        service.send(signal.SIGTERM)
    for service in running:
        assert service.wait(60) == 0, service.tail()


@contextmanager
def producing(scene: Scene, messages: Iterable[Message]) -> Iterator[None]:
    """Records are produced while the block runs; all are in the topic when the block ends."""
    thread = threading.Thread(target=scene.broker.produce, args=(scene.input, messages))
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.mark.parametrize("accounting", ["full", "lean"])
def test_a_killed_process_costs_no_alert(real_broker, tmp_path, lines, accounting):
    with Scene(real_broker, tmp_path, input__accounting=accounting) as scene:
        load = Load(lines, RECORDS)
        quarter = RECORDS // 4
        first, second = scene.start_assigned(), scene.start_assigned()
        scene.broker.produce(scene.input, load.take(2 * quarter))
        with producing(scene, load.take(quarter)):
            scene.until(lambda: scene.committed() > 2 * quarter, "half of the work", second)
            first.send(signal.SIGKILL)
            assert first.wait(10) == -signal.SIGKILL
        second.send(signal.SIGSTOP)  # so that work is left when the third comes
        scene.broker.produce(scene.input, load.take(RECORDS - 3 * quarter))
        second.send(signal.SIGCONT)
        third = scene.start_assigned()
        scene.until_all_committed(second, third)
        stop_all(scene)
        assert sum(scene.broker.ends(scene.input).values()) == RECORDS
        found = verdict(scene)
    assert (found.missing, found.invented) == (set(), set())


def test_the_judge_sees_a_hundred_skipped_records(real_broker, tmp_path, lines):
    skipped = 100
    with Scene(real_broker, tmp_path) as scene:
        load = Load(lines, 10_000)
        scene.broker.produce(scene.input, load.take(load.total))
        service = scene.start_assigned(SKIPPING, SKIPPED_RECORDS=str(skipped))
        scene.until_all_committed(service)
        stop_all(scene)
        found = verdict(scene)
    assert len({origin[:3] for origin in found.missing}) == skipped
    assert (found.repeated, found.invented) == (set(), set())


def test_a_process_that_was_stopped_and_goes_on_harms_nobody(real_broker, tmp_path, lines):
    """SIGSTOP lasts longer than the session: when the process goes on in the middle of its work,
    its partitions belong to another member.
    """
    short = {"kafka__session_timeout": 2, "kafka__heartbeat_interval": 0.5}
    with Scene(real_broker, tmp_path, **short) as scene:
        load = Load(lines, 26_000)
        zombie, other = scene.start_assigned(), scene.start_assigned()
        with producing(scene, load.take(14_000)):
            scene.until(lambda: scene.committed() > 1000, "some work", other)
            zombie.send(signal.SIGSTOP)
        scene.broker.produce(scene.input, load.take(6000))
        scene.until_all_committed(other)
        assert assignments(other)[-1] == PARTITIONS
        before = scene.broker.committed(scene.group, scene.input)
        zombie.send(signal.SIGCONT)
        scene.broker.produce(scene.input, load.take(6000))
        scene.until_all_committed(zombie, other)
        after = scene.broker.committed(scene.group, scene.input)
        assert all(after[partition] >= offset for partition, offset in before.items())
        stop_all(scene)
        found = verdict(scene)
    assert (found.missing, found.invented) == (set(), set())


def test_sigterm_at_random_instants_loses_and_repeats_nothing(real_broker, tmp_path, lines):
    random_ = random.Random(7)  # noqa: S311 - the same instants each time
    rounds, batch = 5, 3000
    with Scene(real_broker, tmp_path) as scene:
        load = Load(lines, rounds * batch)
        for number in range(rounds):
            scene.broker.produce(scene.input, load.take(batch))
            service = scene.start_assigned()
            goal = number * batch + random_.randrange(batch)
            scene.until(lambda goal=goal: scene.committed() >= goal, "an instant", service)
            service.send(signal.SIGTERM)
            assert service.wait(60) == 0, service.tail()
        last = scene.start_assigned()
        scene.until_all_committed(last)
        stop_all(scene)
        found = verdict(scene)
    assert (found.missing, found.repeated, found.invented) == (set(), set(), set())


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_broker_that_is_killed_and_comes_back_costs_no_alert(kafka_jars, tmp_path, lines, nodes):
    """The loss of one broker of three is no outage; the loss of the only broker is an outage, and
    the service waits for the broker.
    """
    with RealCluster(kafka_jars, tmp_path / "kafka", nodes=nodes) as cluster:
        broker = KafkaBroker("real", cluster.bootstrap)
        with Scene(broker, tmp_path) as scene:
            load = Load(lines, 12_000)
            service = scene.start_assigned()
            broker.produce(scene.input, load.take(6000))
            scene.until(lambda: scene.committed() > 1000, "some work", service)
            cluster.nodes[0].kill()
            if nodes == 3:
                broker.produce(scene.input, load.take(3000))
            cluster.nodes[0].start()
            cluster.nodes[0].wait_ready()
            broker.produce(scene.input, load.take(3000))
            scene.until_all_committed(service)
            stop_all(scene)
            found = verdict(scene)
    assert (found.missing, found.invented) == (set(), set())
