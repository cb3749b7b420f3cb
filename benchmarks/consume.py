"""One measured process: reads a topic to its end, as a bare consumer or as the real worker.

``python benchmarks/consume.py drain|worker RECORDS`` with the settings in the environment; prints
``{"seconds", "cpu"}``: from the first record that was seen to the end, which for the worker is the
commit behind the last acknowledged alert.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import uvloop
from aiokafka import AIOKafkaConsumer

from matcher.config import Settings, load_settings
from matcher.events.record import Batch
from matcher.metrics import Metric
from matcher.pipeline.outcome import Outcome
from matcher.pipeline.process import Pipeline
from matcher.service.service import calm_collector
from matcher.service.wiring import build_pipeline
from matcher.stream.client import ClientLog, consumer_settings
from matcher.stream.prepare import prepare_worker


class Clock(NamedTuple):
    """Wall and processor time, in seconds."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Clock":
        return cls(time.perf_counter(), time.process_time())


class NoRecorder:
    """Counts nothing."""

    def add(self, metric: Metric, amount: float = 1, labels: tuple[str, ...] = ()) -> None: ...

    def set(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None: ...

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None: ...

    def forget(self, metric: Metric, labels: tuple[str, ...]) -> None: ...


class CountedPipeline:
    """The pipeline; notes the start, and calls ``finished`` behind the last record."""

    def __init__(self, pipeline: Pipeline, total: int) -> None:
        self.pipeline = pipeline
        self.left = total
        self.begun: Clock | None = None
        self.finished = asyncio.Event()

    def parts(self, batch: Batch) -> Iterator[Outcome]:
        self.begun = self.begun or Clock.now()
        yield from self.pipeline.parts(batch)
        self.left -= len(batch.records)
        if self.left <= 0:
            self.finished.set()


async def drain(settings: Settings, total: int) -> tuple[Clock, Clock]:
    """A bare consumer with the service's own settings: the most that aiokafka can read."""
    consumer: Any = AIOKafkaConsumer(
        *settings.input.topics,
        **{**consumer_settings(settings.kafka, settings.input), "auto_offset_reset": "earliest"},
    )
    await consumer.start()
    begun: Clock | None = None
    try:
        while total > 0:
            found: dict[Any, Sequence[Any]] = await consumer.getmany(
                timeout_ms=500, max_records=settings.input.max_records
            )
            if found and begun is None:
                begun = Clock.now()
            total -= sum(map(len, found.values()))
        ended = Clock.now()
    finally:
        await consumer.stop()
    return begun or ended, ended


async def work(settings: Settings, total: int) -> tuple[Clock, Clock]:
    """The service's worker, from records to committed offsets."""
    counted = CountedPipeline(build_pipeline(settings), total)
    recorder = NoRecorder()
    with ClientLog(recorder) as client_log:
        worker = await prepare_worker(settings, counted, recorder, client_log)
        running = asyncio.create_task(worker.run())
        await asyncio.wait(
            {running, asyncio.create_task(counted.finished.wait())},
            return_when=asyncio.FIRST_COMPLETED,
        )
        worker.request_stop()
        await running
    ended = Clock.now()
    return counted.begun or ended, ended


def main() -> None:
    what, total = sys.argv[1], int(sys.argv[2])
    settings = load_settings().settings
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        begun, ended = runner.run((drain if what == "drain" else work)(settings, total))
    print(json.dumps({"seconds": ended.wall - begun.wall, "cpu": ended.cpu - begun.cpu}))


if __name__ == "__main__":
    main()
