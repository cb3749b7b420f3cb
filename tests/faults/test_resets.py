"""Connections that break within microseconds of each other, under the loop that is shipped.

``MATCHER_FAULT_RESETS`` is how often they do.
"""

import json
import os
import signal

import pytest

from tests.brokers.client import KafkaBroker
from tests.brokers.proxy import ResettingProxy
from tests.brokers.real import RealCluster
from tests.faults.load import Load, event_lines, expected_alerts, judge, seen_alerts
from tests.faults.service import Scene

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("MATCHER_FAULT_RESETS", "12"))
BATCH = 200
APART = (0.0, 0.000_05, 0.000_3, 0.002)
"""Seconds between two resets, at most."""


def test_staggered_resets_leave_no_commit_stuck(kafka_jars, tmp_path):
    lines = event_lines(None)
    with ResettingProxy() as proxy:
        server = f"advertised.listeners=PLAINTEXT://127.0.0.1:{proxy.port}\n"
        with RealCluster(kafka_jars, tmp_path / "kafka", server=server) as cluster:
            proxy.target = cluster.nodes[0].ports.plain
            broker = KafkaBroker("real", cluster.bootstrap)
            with Scene(broker, tmp_path) as scene:
                load = Load(lines, ROUNDS * BATCH)
                service = scene.start_assigned()
                for number in range(ROUNDS):
                    before = scene.committed()
                    broker.produce(scene.input, load.take(BATCH))
                    scene.until(lambda before=before: scene.committed() > before, "work", service)
                    assert proxy.reset_all(APART[number % len(APART)])
                    scene.until_all_committed(service)
                service.send(signal.SIGTERM)
                assert service.wait(60) == 0, service.tail()
                found = judge(
                    expected_alerts(broker, scene.input), seen_alerts(broker, scene.alerts)
                )
            said = [json.loads(line) for line in service.output().splitlines() if line[:1] == "{"]
    assert (found.missing, found.invented) == (set(), set())
    assert [line for line in said if line["event"] == "commits_unanswered"] == []
