"""``matcher run --workers 2`` is started, stopped, killed and scraped as one service."""

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from matcher.errors import EXIT_FORCED, EXIT_KAFKA
from tests.brokers.client import KafkaBroker
from tests.brokers.process import Child, has_ended, wait_until
from tests.brokers.real import RealCluster
from tests.faults.load import Load, event_lines, expected_alerts, judge, seen_alerts
from tests.faults.service import Scene

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(600)]

TWO = {"service__workers": 2}
RECORDS = 24_000


@pytest.fixture(scope="module")
def load_lines() -> list[bytes]:
    return event_lines(None)


def pids(service: Child) -> dict[int, int]:
    """The id of the last process that was started for each worker."""
    return {line["worker"]: line["pid"] for line in service.said("worker_started")}


def page(service: Child, name: str) -> tuple[int, str]:
    address = service.said("listening")[0]["address"]
    try:
        with urllib.request.urlopen(f"{address}/{name}", timeout=30) as answer:  # noqa: S310 - ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def total(service: Child, name: str) -> float:
    """The sum of all series of a metric on the metrics page."""
    families = text_string_to_metric_families(page(service, "metrics")[1])
    return sum(s.value for family in families for s in family.samples if s.name == name)


def start_ready(scene: Scene) -> Child:
    service = scene.start_assigned()
    scene.until(lambda: page(service, "readyz")[0] == 200, "all workers ready", service)
    return service


def all_gone(processes: Iterable[int]) -> bool:
    return all(map(has_ended, processes))


def test_a_killed_worker_costs_no_alert_and_comes_back(real_broker, tmp_path, load_lines):
    with Scene(real_broker, tmp_path, **TWO) as scene:
        load = Load(load_lines, RECORDS)
        service = start_ready(scene)
        before = pids(service)
        assert len(before) == 2
        assert page(service, "readyz")[1] == (
            "2 of 2 workers are ready\n"
            "worker 1: 1 rules loaded, 2 partitions assigned\n"
            "worker 2: 1 rules loaded, 2 partitions assigned\n"
        )
        assert total(service, "matcher_assigned_partitions") == 4
        assert total(service, "matcher_workers") == 2
        assert total(service, "matcher_rules_loaded") == 1
        scene.broker.produce(scene.input, load.take(RECORDS // 2))
        scene.until(lambda: scene.committed() > 1000, "some work", service)
        os.kill(before[1], signal.SIGKILL)
        scene.until_all_committed(service)
        read = total(service, "matcher_records_consumed_total")
        scene.until(lambda: page(service, "readyz")[0] == 200, "the worker is back", service)
        after = pids(service)
        assert after[1] != before[1]
        assert after[2] == before[2]
        assert total(service, "matcher_worker_restarts_total") == 1
        assert total(service, "matcher_assigned_partitions") == 4
        scene.broker.produce(scene.input, load.take(RECORDS // 2))
        scene.until_all_committed(service)
        scene.until(
            lambda: total(service, "matcher_records_consumed_total") == read + RECORDS // 2,
            "the numbers of both workers together",
            service,
        )
        service.send(signal.SIGTERM)
        assert service.wait(70) == 0, service.tail()
        assert all_gone(after.values())
        found = judge(
            expected_alerts(scene.broker, scene.input), seen_alerts(scene.broker, scene.alerts)
        )
    assert (found.missing, found.invented) == (set(), set())
    ended = service.said("worker_ended")
    assert (ended[0]["worker"], ended[0]["how"]) == (1, "SIGKILL")
    assert {line["how"] for line in ended[1:]} == {"exit code 0"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_to_every_process_drains_and_repeats_nothing(
    real_broker, tmp_path, load_lines, number
):
    """A terminal and a service manager send their signal to the workers, too."""
    with Scene(real_broker, tmp_path, **TWO) as scene:
        load = Load(load_lines, RECORDS)
        service = start_ready(scene)
        scene.broker.produce(scene.input, load.take(RECORDS))
        scene.until(lambda: scene.committed() > 1000, "some work", service)
        os.killpg(service.pid, number)
        assert service.wait(70) == 0, service.tail()
        assert 0 < scene.committed() <= RECORDS
        assert all_gone(pids(service).values())
        again = start_ready(scene)
        scene.until_all_committed(again)
        again.send(number)
        assert again.wait(70) == 0, again.tail()
        found = judge(
            expected_alerts(scene.broker, scene.input), seen_alerts(scene.broker, scene.alerts)
        )
    assert (found.missing, found.repeated, found.invented) == (set(), set(), set())


def test_no_worker_outlives_a_killed_supervisor(real_broker, tmp_path):
    """Not even a worker that is stopped and reacts to nothing outlives its supervisor."""
    with Scene(real_broker, tmp_path, **TWO) as scene:
        service = start_ready(scene)
        workers = pids(service)
        os.kill(workers[2], signal.SIGSTOP)
        service.send(signal.SIGKILL)
        assert service.wait(10) == -signal.SIGKILL
        wait_until(lambda: all_gone(workers.values()), 60, "the end of the workers")


def test_a_second_signal_forces_every_worker(kafka_jars, tmp_path, load_lines):
    with RealCluster(kafka_jars, tmp_path / "kafka") as cluster:
        broker = KafkaBroker("real", cluster.bootstrap)
        with Scene(broker, tmp_path, **TWO) as scene:
            service = start_ready(scene)
            broker.produce(scene.input, Load(load_lines, RECORDS).take(RECORDS))
            scene.until(lambda: scene.committed() > 1000, "some work", service)
            cluster.nodes[0].kill()
            service.send(signal.SIGTERM)
            scene.until(lambda: service.said("draining"), "the drain", service)
            service.send(signal.SIGTERM)
            assert service.wait(60) == EXIT_FORCED, service.tail()
            wait_until(lambda: all_gone(pids(service).values()), 60, "the end of the workers")


def test_what_no_worker_may_go_on_with_ends_all_with_one_message(real_broker, tmp_path):
    with Scene(real_broker, tmp_path, **TWO, input__topics="nowhere") as scene:
        service = scene.start()
        assert service.wait(60) == EXIT_KAFKA, service.tail()
        messages = [line for line in service.output().splitlines() if line.startswith("matcher: ")]
        assert len(messages) == 1
        assert "has no topic nowhere" in messages[0]
        assert all_gone(pids(service).values())
