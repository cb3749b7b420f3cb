"""``matcher run`` as processes on a real Kafka, with what they use while they work."""

import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.interleaved import ROOT
from benchmarks.usage import cpu_seconds
from tests.brokers.client import KafkaBroker
from tests.brokers.process import Child
from tests.faults.load import RULES

_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Spent:
    """What some records cost."""

    records: int
    cpu: float
    wall: float

    @property
    def cpu_micros(self) -> float:
        """µs of CPU a record."""
        return self.cpu / self.records * 1e6

    @property
    def rate(self) -> float:
        """Records a second by the wall clock."""
        return self.records / self.wall


class TooFewRecordsError(Exception):
    """The topic holds too few records for what is to be measured."""


class Service:
    """The service in a group of its own on one topic. A context manager: at its end it is killed.

    ``settings`` are further ones, by dotted name with two underscores for a dot.
    """

    def __init__(
        self,
        broker: KafkaBroker,
        topic: str,
        scratch: Path,
        *,
        tree: Path = ROOT,
        workers: int = 1,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self._broker = broker
        self.topic = topic
        self.alerts = broker.create_topic("alerts", 2)
        self._workers = workers
        self.group = f"bench-{uuid.uuid4().hex[:8]}"
        ours = {
            "kafka__bootstrap_servers": broker.bootstrap,
            "kafka__session_timeout": 6,
            "kafka__heartbeat_interval": 1,
            "input__topics": topic,
            "input__group": self.group,
            "output__alert_topic": self.alerts,
            "output__dead_letter_topic": broker.create_topic("dead-letters"),
            "rules__paths": RULES,
            "http__port": 0,
            **({"service__workers": workers} if workers > 1 else {}),
            **(settings or {}),
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MATCHER_")}
        named = {f"MATCHER_{name.upper()}": str(value) for name, value in ours.items()}
        self.child = Child(
            [sys.executable, "-P", "-m", "matcher", "run"],
            log=scratch / f"{self.group}.log",
            env={**inherited, **named, "PYTHONPATH": str(tree)},
        )
        self._observer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": self.group})
        self._partitions = [TopicPartition(topic, number) for number in broker.partitions(topic)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._observer.close()
        self.child.kill()

    def wait_assigned(self) -> None:
        """Until the partitions are divided among all its workers."""
        admin = AdminClient({"bootstrap.servers": self._broker.bootstrap})
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not self._is_divided(admin):
            self._check(deadline)
            time.sleep(_POLL_SECONDS)

    def _is_divided(self, admin: AdminClient) -> bool:
        if self._workers == 1:  # its own word comes sooner than the broker's
            return "partitions_assigned" in self.child.output()
        found = admin.describe_consumer_groups([self.group])[self.group].result(30)
        held = [member.assignment.topic_partitions for member in found.members]
        return len(held) == self._workers and all(held) and found.state.name == "STABLE"

    def committed(self) -> int:
        """How many records of the topic the group has committed."""
        answers = self._observer.committed(self._partitions, timeout=30)
        return sum(max(answer.offset, 0) for answer in answers)

    def wait_committed(self, count: int) -> None:
        """Until so many are, asked sparingly: the cores are few."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while self.committed() < count:
            self._check(deadline)
            time.sleep(_POLL_SECONDS)

    def _check(self, deadline: float) -> None:
        if self.child.returncode is not None or time.monotonic() > deadline:
            raise AssertionError(self.child.tail())

    def stop(self) -> None:
        """A clean stop; AssertionError with the end of its log if it is not."""
        self.child.send(signal.SIGTERM)
        if self.child.wait(60) != 0:
            raise AssertionError(self.child.tail())

    def settled(self, count: int) -> Spent:
        """What the topic's ``count`` records cost, from the division of the partitions to the last
        commit. The start of Python and the joining of the group are not in it, the last
        acknowledgement is.

        Raises TooFewRecordsError if most of them were done before all workers had joined, or if the
        rest took less CPU than the system's clock shows.
        """
        self.wait_assigned()
        before = self.committed()
        cpu, wall = cpu_seconds(self.child.pid), time.perf_counter()
        self.wait_committed(count)
        cpu, wall = cpu_seconds(self.child.pid) - cpu, time.perf_counter() - wall
        if before > count / 2 or cpu <= 0:
            raise TooFewRecordsError
        self.stop()
        return Spent(count - before, cpu, wall)
