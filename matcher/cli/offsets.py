"""``matcher offsets skip``: skips records that cannot be read, when a person asks for it."""

import asyncio
from typing import Annotated

import typer
import uvloop

from matcher.cli.command_log import log_to_stderr
from matcher.cli.options import BootstrapServers, ConfigFile, Sets, configuration, counted
from matcher.events.record import TopicPartition
from matcher.service.exposition import Exposition
from matcher.stream.client import ClientLog
from matcher.stream.skipping import skip as skip_on_kafka

offsets = typer.Typer(
    name="offsets",
    help="Move the consumer group past records that cannot be read.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@offsets.callback()
def _offsets() -> None:
    """Move the consumer group past records that cannot be read."""


@offsets.command()
def skip(
    *,
    topic: Annotated[str, typer.Option(help="The topic that is read.")],
    partition: Annotated[int, typer.Option(min=0, help="The partition that is not read on.")],
    to: Annotated[
        int, typer.Option(min=0, help="The offset to go on from: the first after those left out.")
    ],
    group: Annotated[str | None, typer.Option(help="The consumer group.")] = None,
    bootstrap_servers: BootstrapServers = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Leave out records that cannot be read. They are not matched, now or later.

    The log of the service names topic, partition and offsets where a partition is not read on.
    Stop every process of the group first: Kafka refuses this while there is one.
    """
    named = {
        "kafka.bootstrap_servers": ("--bootstrap-servers", bootstrap_servers),
        "input.group": ("--group", group),
    }
    settings = configuration(config, sets, named).settings
    log_to_stderr(settings)
    place = TopicPartition(topic, partition)
    with (
        ClientLog(Exposition()) as client_log,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        done = runner.run(skip_on_kafka(settings, client_log, place, to))
    left_out, left = counted(done.to - done.before, "offset"), counted(done.end - done.to, "offset")
    typer.echo(
        f"{topic}/{partition}: group {settings.input.group} goes on from offset {done.to}, not "
        f"{done.before}. Left out, and not to be matched: {left_out}. Left to read: {left}."
    )
