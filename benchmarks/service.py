"""The service as a process on a real Kafka, timed from its assignment to its last commit."""

import signal
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from tests.brokers.client import KafkaBroker
from tests.brokers.process import Child
from tests.faults.service import Scene, assignments

_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 300


def service_rate(broker: KafkaBroker, topic: str, count: int, directory: Path) -> float:
    """Records a second of a fresh group that reads the topic whole and writes its alerts.

    The start of Python and the joining of the group are not in it; the last acknowledgement and
    the last commit are.
    """
    with Scene(broker, directory, input__topics=topic) as scene:
        service = scene.start()
        scene.until(lambda: assignments(service), "an assignment", service)
        started = time.perf_counter()
        _wait_for_commit(broker, scene.group, topic, service)
        seconds = time.perf_counter() - started
        service.send(signal.SIGTERM)
        if service.wait(60) != 0:
            raise AssertionError(service.tail())
    return count / seconds


def _wait_for_commit(broker: KafkaBroker, group: str, topic: str, service: Child) -> None:
    """Until the group has committed the topic's ends, asked sparingly: the cores are few."""
    ends = broker.ends(topic)
    partitions = [TopicPartition(topic, number) for number in ends]
    observer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    deadline = time.monotonic() + _LONGEST_SECONDS
    try:
        while {a.partition: a.offset for a in observer.committed(partitions, timeout=30)} != ends:
            if service.returncode is not None or time.monotonic() > deadline:
                raise AssertionError(service.tail())
            time.sleep(_POLL_SECONDS)
    finally:
        observer.close()
