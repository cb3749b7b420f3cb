"""``matcher run`` as a process, on topics of its own."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.brokers.client import KafkaBroker
from tests.brokers.process import Child, wait_until
from tests.faults.load import PARTITIONS, RULES

SKIPPING = Path(__file__).with_name("skipping.py")
_SECONDS = 120


class Scene:
    """Topics on a broker, and the services of one group that work on these topics.

    This is a context manager: at its end every service that still runs is killed. ``settings`` are
    further settings of the services, named with ``__`` between the parts.
    """

    def __init__(self, broker: KafkaBroker, directory: Path, **settings: object) -> None:
        self.broker = broker
        self._directory = directory
        self.input = broker.create_topic("input", PARTITIONS)
        self.alerts = broker.create_topic("alerts", 2)
        self.dead_letters = broker.create_topic("dead-letters")
        self.group = f"group-{time.monotonic_ns()}"
        self.settings = {
            "kafka__bootstrap_servers": broker.bootstrap,
            "kafka__session_timeout": 6,
            "kafka__heartbeat_interval": 1,
            "input__topics": self.input,
            "input__group": self.group,
            "output__alert_topic": self.alerts,
            "output__dead_letter_topic": self.dead_letters,
            "rules__paths": RULES,
            "http__port": 0,
            **settings,
        }
        self.services: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for service in self.services:
            service.kill()

    def start(self, *program: str | Path, **extra: str) -> Child:
        """Start a service; ``program`` replaces ``-m matcher``, ``extra`` adds variables."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MATCHER_")}
        ours = {f"MATCHER_{name.upper()}": str(value) for name, value in self.settings.items()}
        command = [sys.executable, *(program or ("-m", "matcher")), "run"]
        log = self._directory / f"service-{len(self.services)}.log"
        service = Child(command, log=log, env={**inherited, **ours, **extra, "PYTHONPATH": "."})
        self.services.append(service)
        return service

    def start_assigned(self, *program: str | Path, **extra: str) -> Child:
        """Start a service and wait until partitions are assigned to it."""
        service = self.start(*program, **extra)
        self.until(lambda: assignments(service), "an assignment", service)
        return service

    def committed(self) -> int:
        """How many records the group has committed."""
        return sum(self.broker.committed(self.group, self.input).values())

    def all_committed(self) -> bool:
        return self.broker.committed(self.group, self.input) == self.broker.ends(self.input)

    def until(
        self, condition: Callable[[], object], what: str, service: Child | None = None
    ) -> None:
        wait_until(condition, _SECONDS, what, service)

    def until_all_committed(self, *services: Child) -> None:
        """Wait until every record is committed; fail at once if one of the services ends."""

        def done() -> bool:
            for service in services:
                assert service.returncode is None, service.tail()
            return self.all_committed()

        last = services[-1] if services else None
        self.until(done, f"the commit of everything in {self.input}", last)


def assignments(service: Child) -> list[int]:
    """How many partitions each assignment gave to the service."""
    return [line["count"] for line in service.said("partitions_assigned")]
