"""Checks before reading begins: do the topics exist, and do they accept the messages to
be written?
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from matcher.config import KafkaSettings, OutputSettings, Settings
from matcher.errors import ConfigError, KafkaUnreachable
from matcher.stream.client import ClientLog, closed, connection_settings, started, within

log = structlog.get_logger(__name__)

_SMALLEST_USABLE_LIMIT = 16_384
"""A dead-letter topic with a smaller limit might not accept a stub with its headers."""

_NEW_TOPIC_SECONDS = 3.0
_ASK_AGAIN_SECONDS = 0.1
_FRAMING_BYTES = 1024
"""A topic's limit includes the batch around a record: Kafka's default is 1 MiB and 12 bytes."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What follows from the topics' limits: the producer's batch size, and warnings for
    a person.
    """

    batch_bytes: int
    warnings: tuple[str, ...]


def output_topics(output: OutputSettings) -> tuple[str, ...]:
    """Every topic to which messages are written."""
    optional = (output.signals_topic, output.forward_topic)
    return (output.alert_topic, output.dead_letter_topic, *(name for name in optional if name))


def check_limits(limits: Mapping[str, int], settings: Settings) -> Fit:
    """Compare ``max.message.bytes`` of the topics for which it is known. Raises ConfigError if the
    dead-letter topic could not accept a stub.
    """
    source, output, alert = settings.input, settings.output, settings.alert
    smallest = limits.get(output.dead_letter_topic, _SMALLEST_USABLE_LIMIT)
    if smallest < _SMALLEST_USABLE_LIMIT:
        raise ConfigError(
            f"the dead-letter topic {output.dead_letter_topic} takes {smallest} bytes: "
            f"set its max.message.bytes to at least {_SMALLEST_USABLE_LIMIT}"
        )
    read = max((limits[topic] for topic in source.topics if topic in limits), default=0)
    records = filter(None, (output.dead_letter_topic, output.forward_topic))
    warnings = [
        f"topic {topic} takes {limits[topic]} bytes, the input {read}: larger records go to the "
        "dead-letter topic, as a stub where they do not fit it"
        for topic in records
        if limits.get(topic, read) < read
    ]
    matches = filter(None, (output.alert_topic, output.signals_topic))
    warnings += [
        f"topic {topic} takes {limits[topic]} bytes, alert.max_bytes is {alert.max_bytes}: "
        "larger alerts go to the dead-letter topic"
        for topic in matches
        if limits.get(topic, alert.max_bytes) < alert.max_bytes
    ]
    if output.max_request_bytes + _FRAMING_BYTES < read:
        warnings.append(
            f"output.max_request_bytes is {output.max_request_bytes}, the input takes {read}: "
            "larger records are not forwarded, and dead-lettered as stubs"
        )
    written = [limits[topic] for topic in output_topics(output) if topic in limits]
    return Fit(min([output.max_batch_bytes, *written]), tuple(warnings))


async def preflight(settings: Settings, client_log: ClientLog) -> Fit:
    """Check the settings against the cluster; warnings are also logged.

    Raises KafkaUnreachable if the cluster does not answer or a topic is missing, ConfigError if a
    limit is too small.
    """
    kafka = settings.kafka
    admin = AIOKafkaAdminClient(**connection_settings(kafka))
    try:
        await started(kafka, client_log, "admin client", admin.start)
        topics = [*settings.input.topics, *output_topics(settings.output)]
        await _check_existence(admin, topics, kafka)
        limits = await _limits(admin, topics, kafka)
    finally:
        await closed("admin client", admin.close(), 5.0)
    fit = check_limits(limits, settings)
    for warning in fit.warnings:
        log.warning("topic_limit", message=warning)
    return fit


async def _check_existence(
    admin: AIOKafkaAdminClient, topics: Sequence[str], kafka: KafkaSettings
) -> None:
    """Check that the topics exist, with some patience: brokers take a moment to learn of a new
    topic.
    """
    deadline = time.monotonic() + _NEW_TOPIC_SECONDS
    while missing := await _missing(admin, topics, kafka):
        if time.monotonic() > deadline:
            raise KafkaUnreachable(
                f"Kafka at {kafka.bootstrap_servers} has no topic {', '.join(missing)}, or hides "
                f"it from user {kafka.security.username or '(anonymous)'}: create it first"
            )
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _missing(
    admin: AIOKafkaAdminClient, topics: Sequence[str], kafka: KafkaSettings
) -> list[str]:
    try:
        there = await within(kafka.start_timeout, "list of topics", admin.list_topics())
    except KafkaError as error:
        raise KafkaUnreachable(f"{kafka.bootstrap_servers}: {error}") from error
    return sorted(set(topics) - set(there))


async def _limits(
    admin: AIOKafkaAdminClient, topics: Sequence[str], kafka: KafkaSettings
) -> dict[str, int]:
    """``max.message.bytes`` by topic, without the topics for which we may not ask."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in set(topics)]
    try:
        answers = await within(
            kafka.start_timeout, "topic limits", admin.describe_configs(resources)
        )
    except KafkaError as error:
        log.info("topic_limits_unknown", error=str(error))
        return {}
    limits: dict[str, int] = {}
    for answer in answers:
        for resource in answer.to_object()["resources"]:
            for entry in resource["config_entries"]:
                if entry["config_names"] == "max.message.bytes":
                    limits[resource["resource_name"]] = int(entry["config_value"])
    return limits
