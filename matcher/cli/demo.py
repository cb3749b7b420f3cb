"""``matcher demo``: the whole service, without an installed Kafka.

An embedded broker is started and events are replayed into it. The service of ``matcher run`` reads
them, and its alerts are printed in the order of time. The broker silently drops what exceeds a few
megabytes per partition. Therefore the replay waits for the service and the reader of the alerts to
commit.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich import console as rich_console
from rich.console import Console

from matcher.cli.alert_table import AlertTable, wide_console
from matcher.cli.demo_events import bundled_events
from matcher.cli.demo_summary import show_summary
from matcher.cli.inputs import find_files
from matcher.cli.options import Profile, Rules, configuration, warn
from matcher.cli.replay import records_of
from matcher.config import (
    HttpSettings,
    InputSettings,
    KafkaSettings,
    OutputSettings,
    ServiceSettings,
    Settings,
)
from matcher.errors import UsageError
from matcher.events.record import Record, TopicPartition
from matcher.pipeline.process import Pipeline
from matcher.service import logs
from matcher.service.exposition import Exposition
from matcher.service.service import Service
from matcher.service.wiring import build_pipeline
from matcher.stream.client import ClientLog
from matcher.stream.embedded import EmbeddedBroker, Pacer
from matcher.stream.kafka_source import KafkaSource
from matcher.stream.outgoing import Message
from matcher.stream.sink import KafkaSink

_INPUT, _ALERTS, _DEAD_LETTERS = "demo-audit", "demo-alerts", "demo-dead-letters"
_GROUP, _READERS = "demo", "demo-reader"
_CHUNK_BYTES = 256 * 1024
_LARGEST_BYTES = 4_000_000
_POLL_SECONDS = 0.05
_BLOCK = 1000
"""So many alerts are put into the order of time: they come from several partitions at once."""

_RICHS_SVG: str = rich_console.CONSOLE_SVG_FORMAT  # type: ignore[attr-defined]  # documented so
_SVG = re.sub(r"@font-face \{\{.*?\}\}", "", _RICHS_SVG, flags=re.DOTALL)
"""The picture that rich makes, without fonts that a reader's browser would fetch from elsewhere."""


def demo(
    *,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH…]", help="Files to replay; the bundled events where none."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on running after the replay, until Ctrl-C.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes a picture of the run.")
    ] = None,
    rules: Rules = None,
    profile: Profile = None,
) -> None:
    """Replay events into an embedded broker and watch the real service find alerts in them."""
    files = find_files(paths).paths if paths else bundled_events()
    console = wide_console(record=svg is not None)
    named = {"rules.paths": ("--rules", rules), "catalogue.profile": ("--profile", profile)}
    given = configuration(None, None, named).settings
    with EmbeddedBroker() as broker:
        settings = _demo_settings(given, broker.bootstrap_servers)
        logs.configure(settings.service)
        work = _Demo(broker, settings, build_pipeline(settings, warn), files, console)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work.run(keep=keep))
    if svg is not None:
        try:
            console.save_svg(str(svg), title="matcher demo", code_format=_SVG)
        except OSError as error:
            raise UsageError(f"{svg}: cannot be written: {error.strerror}") from error


def _demo_settings(given: Settings, servers: str) -> Settings:
    """The user's rules and names, with the demo's own settings for Kafka.

    Each match is an alert whatever its severity, as in a scan.
    """
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=servers),
        input=InputSettings(
            topics=(_INPUT,), group=_GROUP, max_partition_fetch_bytes=2 * _LARGEST_BYTES
        ),
        output=OutputSettings(
            alert_topic=_ALERTS,
            alert_severity="informational",
            dead_letter_topic=_DEAD_LETTERS,
            max_request_bytes=_LARGEST_BYTES,
        ),
        alert=given.alert,
        rules=given.rules,
        aql=given.aql,
        sigma=given.sigma,
        catalogue=given.catalogue,
        http=HttpSettings(port=0),
        service=ServiceSettings(log_level="error", log_format="console"),
    )


class _Demo:
    """One demo: three tasks that run at the same time, and what they have seen."""

    def __init__(
        self,
        broker: EmbeddedBroker,
        settings: Settings,
        pipeline: Pipeline,
        files: tuple[str, ...],
        console: Console,
    ) -> None:
        self._broker = broker
        self._settings = settings
        self._files = files
        self._console = console
        self._exposition = Exposition()
        self._service = Service(settings, pipeline, self._exposition, self._listening)
        self._address = ""
        self._replayed_records = 0
        self._not_replayed = 0
        self._table = AlertTable(console, _BLOCK)
        self._seconds = 0.0
        self._reading = asyncio.Event()
        self._finished = False

    async def run(self, *, keep: bool) -> None:
        """Run the demo until the summary is printed; with ``keep`` until a signal."""
        self._broker.create_topics((_INPUT, _ALERTS, _DEAD_LETTERS))
        serving = asyncio.create_task(self._service.run())
        printing = asyncio.create_task(self._print_alerts())
        replaying = asyncio.create_task(self._replay())
        try:
            await asyncio.wait({serving, printing, replaying}, return_when=asyncio.FIRST_COMPLETED)
            for task in (serving, printing, replaying):
                if task.done():
                    task.result()
            self._table.flush()
            self._show_summary()
            if keep and not serving.done():
                self._console.print(f"\nStill running: {self._address}/metrics   (Ctrl-C ends)")
                await serving
            self._service.request_stop("the demo is over")
            await serving
        finally:
            self._finished = True
            self._service.request_stop("the demo is over")
            replaying.cancel()
            await asyncio.gather(serving, replaying, printing, return_exceptions=True)

    def _listening(self, address: str) -> None:
        self._address = address
        self._console.print(
            f"Embedded broker {self._broker.bootstrap_servers}, service {address}, "
            f"{len(self._files)} files to replay\n"
        )

    async def _replay(self) -> None:
        """Write all events, at the pace of the slowest reader, until all are committed."""
        await self._reading.wait()
        while not self._service.ready:  # noqa: ASYNC110  (a health check would poll, too)
            await asyncio.sleep(_POLL_SECONDS)
        pacer = Pacer(self._broker, [(_GROUP, [_INPUT]), (_READERS, [_ALERTS])])
        sink = KafkaSink(self._settings.kafka, self._settings.output, ClientLog(self._exposition))
        await sink.start()
        try:
            began = time.monotonic()
            chunk: list[Record] = []
            size = 0
            for record in records_of(self._files, self._unreadable):
                chunk.append(record)
                size += len(record.value or b"")
                if size >= _CHUNK_BYTES:
                    await pacer.before(size)
                    await self._write(sink, chunk)
                    chunk, size = [], 0
            await pacer.before(size)
            await self._write(sink, chunk)
            await pacer.caught_up()
            self._seconds = time.monotonic() - began
        finally:
            await sink.stop(_POLL_SECONDS)

    async def _write(self, sink: KafkaSink, records: list[Record]) -> None:
        copies = [Message(_INPUT, "forward", found.value) for found in records]
        for parcel in await sink.send(copies):
            refused = len(await parcel.refused())
            self._not_replayed += refused
            self._replayed_records += len(parcel.messages) - refused

    def _unreadable(self) -> None:
        self._not_replayed += 1

    async def _print_alerts(self) -> None:
        """Add the alerts of the topic to the table as they arrive, and commit what was added."""
        table = self._table
        settings = InputSettings(topics=(_ALERTS,), group=_READERS)
        exposition = Exposition()
        source = KafkaSource(self._settings.kafka, settings, exposition, ClientLog(exposition))
        await source.start(self)
        try:
            while not self._finished:
                printed: dict[TopicPartition, int] = {}
                for batch in (await source.read()).batches:
                    for record in batch.records:
                        table.add(record.value or b"")
                        if isinstance(batch.input, TopicPartition):
                            printed[batch.input] = record.offset + 1
                if printed:
                    await source.commit(printed)
        finally:
            await source.stop()

    async def revoked(self) -> None:
        """Called by the source of the alerts. There is nothing to do, as no alert is held back."""

    def assigned_from(self, _generation: int, _positions: Mapping[TopicPartition, int]) -> None:
        """Called by the source of the alerts when it begins to read."""
        self._reading.set()

    def _show_summary(self) -> None:
        show_summary(
            self._console,
            self._exposition,
            replayed=self._replayed_records,
            not_replayed=self._not_replayed,
            alerts=self._table.severities,
            seconds=self._seconds,
        )
