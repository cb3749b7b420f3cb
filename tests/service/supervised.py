"""A supervisor whose workers do what a test says in place of reading Kafka.

``python supervised.py DIRECTORY PLAN…``: the plan of each worker is a list of words, one for each
time that the worker is started; the last one is for ever.
"""

import asyncio
import os
import sys
from pathlib import Path

import structlog

from matcher.config import HttpSettings, ServiceSettings, Settings
from matcher.errors import ConfigError, KafkaUnreachable, MatcherError, NotDrained, Stalled
from matcher.metrics import EVENTS
from matcher.service import logs, supervisor
from matcher.service.exposition import Exposition
from matcher.service.wiring import build_pipeline

ERRORS = {
    "config": ConfigError,
    "kafka": KafkaUnreachable,
    "not-drained": NotDrained,
    "stalled": Stalled,
}
DIRECTORY = Path(sys.argv[1])
PLANS = [plan.split(",") for plan in sys.argv[2:]]


class Worker:
    """What a worker's front sees of a service."""

    def __init__(self, plan: str) -> None:
        self.exposition = Exposition()
        self.exposition.add(EVENTS, 1, ("x",))
        self._plan = plan
        self._end = asyncio.Event()

    def readiness(self) -> tuple[bool, str]:
        return self._plan != "unready", self._plan

    def request_stop(self, _why: str) -> None:
        self._end.set()

    force = request_stop

    async def run(self, front) -> None:
        async with front(self):
            if self._plan in ("ok", "unready", "not-drained"):
                await self._end.wait()
            elif self._plan == "after-ready":
                await asyncio.sleep(0)  # the front gives its first sign meanwhile
                raise KafkaUnreachable("Kafka is away")
            if self._plan == "bug":
                raise ZeroDivisionError
            if self._plan in ERRORS:
                raise ERRORS[self._plan](f"the plan was {self._plan}")


def run_service(service) -> None:
    number = structlog.contextvars.get_contextvars()["worker"]
    count = DIRECTORY / f"starts-{number}"
    starts = int(count.read_text()) if count.exists() else 0
    count.write_text(str(starts + 1))
    plan = PLANS[number - 1]
    word = plan[min(starts, len(plan) - 1)]
    if word == "killed":
        os.kill(os.getpid(), 9)
    asyncio.run(Worker(word).run(service._front))


settings = Settings(
    http=HttpSettings(port=0),
    service=ServiceSettings(
        workers=len(PLANS), stall_timeout=float(os.environ.get("STALL_TIMEOUT", "120"))
    ),
    rules={"paths": (Path(__file__).parents[2] / "rules" / "cloud-api-t1059-009.yml",)},
)
logs.configure(settings.service)
supervisor.run_service = run_service
try:
    supervisor.Supervisor(settings, build_pipeline(settings, print)).run()
except MatcherError as error:
    sys.stderr.write(f"matcher: {error}\n")
    sys.exit(error.exit_code)
