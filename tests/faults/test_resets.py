"""Connections that break within microseconds of each other, on the event loop of the product.

``MATCHER_FAULT_RESETS`` sets how many times all connections are reset.
"""

import json
import os
import random
import signal
from collections.abc import Iterator

import pytest

from tests.brokers.client import KafkaBroker
from tests.brokers.process import Child
from tests.brokers.proxy import ResettingProxy
from tests.brokers.real import RealCluster
from tests.faults.load import Load, expected_alerts, generated_lines, judge, seen_alerts
from tests.faults.service import Scene

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(3600)]

RESETS = int(os.environ.get("MATCHER_FAULT_RESETS", "20"))
_RECORDS = 200
_APART = 300e-6
"""At most so many seconds between two resets."""


@pytest.fixture
def proxied_cluster(kafka_jars, tmp_path) -> Iterator[tuple[RealCluster, ResettingProxy]]:
    with (
        ResettingProxy() as proxy,
        RealCluster(kafka_jars, tmp_path / "kafka", nodes=3, proxy=proxy) as cluster,
    ):
        yield cluster, proxy


def said(service: Child, event: str) -> int:
    """How many lines of this event the service has logged."""
    lines = (json.loads(line) for line in service.output().splitlines() if line.startswith("{"))
    return sum(line.get("event") == event for line in lines)


def test_connections_reset_one_after_the_other_leave_no_commit_without_an_answer(
    proxied_cluster, tmp_path
):
    """A client whose background tasks die of a reset never answers a commit again. Without
    ``write_errors_close_connections`` a run of this size rarely gets to its end.
    """
    cluster, proxy = proxied_cluster
    random_ = random.Random(11)  # noqa: S311 - the same pauses each time
    broker = KafkaBroker("real", cluster.bootstrap)
    behind = {"kafka__bootstrap_servers": cluster.proxied_bootstrap}
    with Scene(broker, tmp_path, **behind) as scene:
        load = Load(list(generated_lines(2000)), RESETS * _RECORDS)
        service = scene.start_assigned()
        for _ in range(RESETS):
            broker.produce(scene.input, load.take(_RECORDS))
            assert proxy.reset_all(random_, _APART) > 1
            scene.until_all_committed(service)
        assert said(service, "commits_unanswered") == 0, service.tail()
        service.send(signal.SIGTERM)
        assert service.wait(60) == 0, service.tail()
        found = judge(
            expected_alerts(scene.broker, scene.input), seen_alerts(scene.broker, scene.alerts)
        )
    assert (found.missing, found.invented) == (set(), set())
