"""Moves a group's offset in one partition past records that cannot be read, when a person asks for
it.

Kafka's own ``kafka-consumer-groups.sh --reset-offsets --to-offset`` does the same; this moves only
forward.
"""

from dataclasses import dataclass
from typing import Any

import aiokafka
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, KafkaError

from matcher.config import Settings
from matcher.errors import KafkaUnreachable, UsageError
from matcher.events.record import TopicPartition
from matcher.stream.client import (
    ClientLog,
    closed,
    connection_settings,
    consumer_settings,
    started,
    within,
)

_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Skipped:
    """The result of a skip: the offsets ``before`` and ``to``, and the partition's ``end``."""

    before: int
    to: int
    end: int


async def skip(
    settings: Settings, client_log: ClientLog, place: TopicPartition, to: int
) -> Skipped:
    """Commit ``to`` for the group in this partition.

    Raises UsageError if the partition does not exist, or ``to`` is not between the group's offset
    and the partition's end. Raises KafkaUnreachable if no broker answers, or if the group has
    members: Kafka then accepts offsets only from them.
    """
    await _check_existence(settings, client_log, place)
    kafka = settings.kafka
    consumer: Any = AIOKafkaConsumer(**consumer_settings(kafka, settings.input))
    try:
        await started(kafka, client_log, "consumer", consumer.start)
        return await within(
            kafka.start_timeout, "skip", _commit(consumer, settings.input.group, place, to)
        )
    except CommitFailedError as error:
        raise KafkaUnreachable(
            f"nothing was changed: group {settings.input.group} is in use, and Kafka takes its "
            "offsets from its members alone. Stop every process of it first; one that was killed "
            f"counts until its session is over ({kafka.session_timeout:g} s)"
        ) from error
    except KafkaError as error:
        raise KafkaUnreachable(f"{kafka.bootstrap_servers}: {str(error) or repr(error)}") from error
    finally:
        await closed("consumer", consumer.stop(), _CLOSE_SECONDS)


async def _check_existence(
    settings: Settings, client_log: ClientLog, place: TopicPartition
) -> None:
    kafka = settings.kafka
    admin = AIOKafkaAdminClient(**connection_settings(kafka))
    try:
        await started(kafka, client_log, "admin client", admin.start)
        answers = await within(kafka.start_timeout, "list of topics", admin.describe_topics())
    except KafkaError as error:
        raise KafkaUnreachable(f"{kafka.bootstrap_servers}: {str(error) or repr(error)}") from error
    finally:
        await closed("admin client", admin.close(), _CLOSE_SECONDS)
    partitions = {answer["topic"]: answer["partitions"] for answer in answers}.get(place.topic)
    if partitions is None:
        raise UsageError(f"no topic {place.topic} at {kafka.bootstrap_servers}")
    numbers = sorted(one["partition"] for one in partitions)
    if place.partition not in numbers:
        raise UsageError(
            f"topic {place.topic} has no partition {place.partition}: it has "
            f"{numbers[0]} to {numbers[-1]}"
        )


async def _commit(consumer: Any, group: str, place: TopicPartition, to: int) -> Skipped:
    theirs = aiokafka.TopicPartition(place.topic, place.partition)
    consumer.assign([theirs])
    beginning = (await consumer.beginning_offsets([theirs]))[theirs]
    end = (await consumer.end_offsets([theirs]))[theirs]
    committed = await consumer.committed(theirs)
    before = beginning if committed is None else committed
    if not before < to <= end:
        raise UsageError(
            f"nothing was changed: group {group} stands at offset {before} of "
            f"{place.topic}/{place.partition}, which ends at {end}; --to must be after the one and "
            "at most the other"
        )
    await consumer.commit({theirs: to})
    return Skipped(before, to, end)
