"""A worker, its topics and its broker: the same on the fake, on the mock cluster and on Kafka."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from confluent_kafka import KafkaException

from matcher.config import (
    InputSettings,
    KafkaSettings,
    OutputSettings,
    ServiceSettings,
    Settings,
)
from matcher.service.service import prepare_worker
from matcher.stream.client import ClientLog
from matcher.stream.worker import Worker
from tests.brokers.client import KafkaBroker, Message
from tests.fakes.broker import FakeBroker, Process
from tests.fakes.pipeline import ScriptedPipeline
from tests.fakes.recorder import MemoryRecorder

PARTITIONS = 4
_PATIENCE = 100.0


class Stage:
    """Topics of its own on a broker, and the workers on these topics, all in one group."""

    def __init__(self, broker: KafkaBroker | FakeBroker, **output: Any) -> None:
        self.broker = broker
        self.group = f"group-{time.monotonic_ns()}"
        # recent: a real broker deletes what is older than its retention
        self.epoch = int(time.time() * 1000) - 60_000
        self.input = broker.create_topic("input", PARTITIONS)
        self.alerts = broker.create_topic("alerts", 2)
        self.dead_letters = broker.create_topic("dead-letters")
        self.recorder = MemoryRecorder()
        self.output = OutputSettings(
            **{
                "alert_topic": self.alerts,
                "dead_letter_topic": self.dead_letters,
                "linger_ms": 0,
                **output,
            }
        )
        self.kafka: dict[str, Any] = {
            # the mock cluster lets whoever joins again wait for most of a session
            "session_timeout": 3.0 if broker.name == "mock" else 6.0,
            "heartbeat_interval": 0.3,
            "start_timeout": 10.0,
        }
        self.source: dict[str, Any] = {}
        self.service: dict[str, Any] = {}
        self.client_log = ClientLog(self.recorder)
        self.tasks: list[asyncio.Task[None]] = []

    async def worker(
        self, pipeline: Any = None, process: Process | None = None, **options: Any
    ) -> Worker:
        pipeline = pipeline or ScriptedPipeline()
        service = ServiceSettings(**self.service)
        options = {"commit_seconds": 0.05, **options}
        if isinstance(self.broker, FakeBroker):
            return Worker(
                self.broker.source(self.group, self.input, process=process, **self.source),
                self.broker.sink(process),
                pipeline,
                self.recorder,
                output=self.output,
                service=service,
                **options,
            )
        settings = Settings(
            kafka=KafkaSettings(**{"bootstrap_servers": self.broker.bootstrap, **self.kafka}),
            input=InputSettings(topics=(self.input,), group=self.group, **self.source),
            output=self.output,
            service=service,
        )
        worker = await prepare_worker(settings, pipeline, self.recorder, self.client_log)
        worker._committer._seconds = options["commit_seconds"]
        return worker

    def produce(self, scripts: Sequence[bytes | None], partition: int | None = None) -> None:
        """Write one record for each script, to the partitions in turn unless one is named."""
        self.broker.produce(
            self.input,
            [
                Message(
                    script,
                    key=b"key-%d" % number,
                    headers=(("h", b"1"),),
                    partition=number % PARTITIONS if partition is None else partition,
                    timestamp=self.epoch + number,
                )
                for number, script in enumerate(scripts)
            ],
        )

    def origins(self, topic: str | None = None) -> Counter[tuple[int, int, int]]:
        """How often an alert of each (partition, offset, index) was written."""
        found = (json.loads(m.value)["origin"] for m in self.broker.read_all(topic or self.alerts))
        return Counter((o["partition"], o["offset"], o["index"]) for o in found)

    def expected(self, word: bytes = b"alert") -> set[tuple[int, int, int]]:
        """The (partition, offset, index) of every outcome that the scripts of the input ask for."""
        return {
            (message.partition, message.offset, index)
            for message in self.broker.read_all(self.input)
            for index, found in enumerate((message.value or b"").split())
            if found == word
        }

    def committed(self) -> dict[int, int]:
        """The group's offset by partition; empty, too, while the coordinator is not yet known."""
        try:
            return self.broker.committed(self.group, self.input)
        except KafkaException:
            return {}

    def all_committed(self) -> bool:
        committed = self.committed()
        return all(committed.get(p, 0) == end for p, end in self.broker.ends(self.input).items())

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until the condition holds. The broker is asked in a thread, as its client blocks."""
        deadline = time.monotonic() + _PATIENCE
        inline = isinstance(self.broker, FakeBroker)
        while not (condition() if inline else await asyncio.to_thread(condition)):
            for task in self.tasks:
                if task.done() and task.exception() is not None:
                    task.result()
            assert time.monotonic() < deadline, "what was waited for did not come"
            await asyncio.sleep(0.001 if inline else 0.02)

    async def until_committed(self) -> None:
        await self.until(self.all_committed)

    @asynccontextmanager
    async def running(self, worker: Worker) -> AsyncIterator["asyncio.Task[None]"]:
        """The worker runs inside the block; at the end it is asked to stop, and awaited."""
        task = asyncio.create_task(worker.run())
        self.tasks.append(task)
        try:
            yield task
        except BaseException:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        finally:
            self.tasks.remove(task)
        worker.request_stop()
        await asyncio.wait_for(task, _PATIENCE)
