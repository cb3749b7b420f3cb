"""The whole service on a topic with a corrupt batch: it reports that, goes on, and ends well."""

import json
import signal
import urllib.request

import pytest

from tests.brokers.client import Message
from tests.faults.load import generated_lines
from tests.faults.service import Scene

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(300)]


def _page(service, name):
    for line in service.output().splitlines():
        if '"listening"' in line:
            address = json.loads(line)["address"]
            with urllib.request.urlopen(f"{address}/{name}") as answer:  # noqa: S310 - ours
                return answer.read().decode()
    return ""


def test_a_corrupt_batch_is_told_on_the_pages_and_stops_nothing_else(
    real_broker, real_cluster, tmp_path
):
    with Scene(real_broker, tmp_path) as scene:
        for line in generated_lines(10):
            real_broker.produce(scene.input, [Message(line, partition=n) for n in range(4)])
        real_cluster.corrupt(scene.input, 2, 4)
        service = scene.start_assigned()
        committed = {0: 10, 1: 10, 2: 4, 3: 10}
        scene.until(
            lambda: real_broker.committed(scene.group, scene.input) == committed,
            "the commit of all that can be read",
            service,
        )
        said = f"{scene.input}/2 is not read on from offset 4"
        scene.until(lambda: said in _page(service, "readyz"), "a word on /readyz", service)
        gauge = f'matcher_partition_isolated_offset{{partition="2",topic="{scene.input}"}} 4.0'
        scene.until(lambda: gauge in _page(service, "metrics"), "the gauge", service)
        service.send(signal.SIGHUP)
        scene.until(lambda: '"signal_ignored"' in service.output(), "a word on SIGHUP", service)
        service.send(signal.SIGTERM)
        assert service.wait(60) == 0, service.tail()
    assert real_broker.committed(scene.group, scene.input) == committed
