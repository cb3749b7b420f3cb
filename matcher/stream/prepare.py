"""A worker on a real Kafka, made from the settings."""

import time

from matcher.config import Settings
from matcher.metrics import Recorder
from matcher.stream.client import ClientLog
from matcher.stream.kafka_source import KafkaSource
from matcher.stream.matching import Parts
from matcher.stream.outgoing import Clock
from matcher.stream.preflight import preflight
from matcher.stream.sink import KafkaSink
from matcher.stream.worker import Worker

_REVOKE_SHARE = 0.75
"""Of the group's rebalance timeout; the rest is for the rejoin itself."""


async def prepare_worker(
    settings: Settings,
    pipeline: Parts,
    recorder: Recorder,
    client_log: ClientLog,
    clock: Clock = time.time,
) -> Worker:
    """Ask the cluster what must be known first, and make a worker that is not yet connected.

    ``client_log`` is entered for as long as the worker lives. Raises KafkaUnreachable where the
    cluster cannot be asked or a topic is missing, ConfigError where the settings do not fit it.
    """
    fit = await preflight(settings, client_log)
    kafka = settings.kafka
    return Worker(
        KafkaSource(kafka, settings.input, recorder, client_log),
        KafkaSink(kafka, settings.output, client_log, fit.batch_bytes),
        pipeline,
        recorder,
        output=settings.output,
        service=settings.service,
        revoke_timeout=kafka.rebalance_timeout * _REVOKE_SHARE,
        clock=clock,
    )
