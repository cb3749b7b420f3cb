"""``matcher replay``: writes files to a topic, one Kafka record for each record of a file."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from matcher.cli.command_log import log_to_stderr
from matcher.cli.demo_events import bundled_events
from matcher.cli.inputs import find_files
from matcher.cli.options import BootstrapServers, ConfigFile, Sets, configuration, counted
from matcher.cli.reading import read_portions
from matcher.config import Settings
from matcher.errors import UsageError
from matcher.events.record import Record
from matcher.service.exposition import Exposition
from matcher.service.shutdown import Shutdown
from matcher.stream.client import ClientLog
from matcher.stream.lanes import Parcel
from matcher.stream.outgoing import Message
from matcher.stream.sink import KafkaSink

_STOP_SECONDS = 10.0
_FLUSH_BYTES = 262_144


def replay(
    *,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH…", help="Files, directories, globs, or - (stdin)."),
    ] = None,
    bundled: Annotated[
        bool, typer.Option("--bundled", help="The events of `matcher demo`, instead of files.")
    ] = False,
    topic: Annotated[
        str | None, typer.Option(help="The topic to write; the first input topic where not given.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Records a second; 0 is as fast as it goes.")
    ] = 0,
    loop: Annotated[bool, typer.Option("--loop", help="Again and again, until SIGTERM.")] = False,
    bootstrap_servers: BootstrapServers = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Write the records of files to a Kafka topic."""
    if bool(paths) == bundled:
        raise UsageError("replay needs files, or --bundled instead of them")
    named = {"kafka.bootstrap_servers": ("--bootstrap-servers", bootstrap_servers)}
    settings = configuration(config, sets, named).settings
    log_to_stderr(settings)
    files = bundled_events() if bundled else find_files(paths or []).paths
    work = _Replay(settings, topic or settings.input.topics[0], rate)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work.run(files, loop=loop))
    Console(stderr=True).print(
        f"{counted(work.written, 'record')} written to {work.topic}, {work.unreadable} left out as "
        "unreadable or too large",
        highlight=False,
        soft_wrap=True,
    )


def records_of(paths: tuple[str, ...], unreadable: Callable[[], None]) -> Iterator[Record]:
    """The records of these files, in order; ``unreadable`` is called with each unit that cannot be
    read.
    """
    for path in paths:
        for portion in read_portions(path):
            for _ in portion.rejects:
                unreadable()
            yield from portion.batch.records


class _Replay:
    """One replay: what it has written so far."""

    def __init__(self, settings: Settings, topic: str, rate: float) -> None:
        self._settings = settings
        self._rate = rate
        self._stopping = asyncio.Event()
        self.topic = topic
        self.written = 0
        self.unreadable = 0

    async def run(self, paths: tuple[str, ...], *, loop: bool) -> None:
        """Write all records, until all are acknowledged or a signal comes.

        Raises KafkaUnreachable, DeliveryError.
        """
        task = asyncio.current_task()
        settings = self._settings
        with (
            ClientLog(Exposition()) as client_log,
            Shutdown(_STOP_SECONDS, self._stopping.set, task.cancel if task else bool),
        ):
            sink = KafkaSink(settings.kafka, settings.output, client_log)
            await sink.start()
            try:
                await self._once(sink, paths)
                while loop and not self._stopping.is_set():
                    await self._once(sink, paths)
            finally:
                await sink.stop(_STOP_SECONDS)

    async def _once(self, sink: KafkaSink, paths: tuple[str, ...]) -> None:
        waiting: deque[Parcel] = deque()
        size, began = 0, time.monotonic()
        for count, record in enumerate(records_of(paths, self._unreadable), 1):
            if self._stopping.is_set():
                break
            waiting += await sink.send((Message(self.topic, "forward", record.value),))
            size += len(record.value or b"")
            if self._rate:
                await self._until(began + count / self._rate)
            if size >= _FLUSH_BYTES:
                await self._acknowledged(waiting)
                size = 0
            while waiting and waiting[0].written.done():
                await self._acknowledged(deque((waiting.popleft(),)))
        await self._acknowledged(waiting)

    async def _acknowledged(self, waiting: deque[Parcel]) -> None:
        for parcel in waiting:
            refused = len(await parcel.refused())
            self.unreadable += refused
            self.written += len(parcel.messages) - refused
        waiting.clear()

    async def _until(self, moment: float) -> None:
        """Sleep until the given time, or until told to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, moment - time.monotonic())):
                await self._stopping.wait()

    def _unreadable(self) -> None:
        self.unreadable += 1
