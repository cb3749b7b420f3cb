"""Finds out why a write waits: what the brokers say about the topics, asked with a client of its
own.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from matcher.config import KafkaSettings
from matcher.stream.client import closed, connection_settings, within

_SECONDS = 10.0


async def why_unwritten(kafka: KafkaSettings, topics: Collection[str]) -> str:
    """The reason in one line for a person. Takes at most half a minute and never raises."""
    admin = AIOKafkaAdminClient(**connection_settings(kafka))
    try:
        await within(_SECONDS, "start of the admin client", admin.start())
        # ask for all topics: where brokers create topics on request, asking for one would create it
        answers = await within(_SECONDS, "list of topics", admin.describe_topics())
    except (KafkaError, OSError) as error:
        return f"the brokers do not answer: {str(error) or repr(error)}"
    finally:
        await closed("admin client", admin.close(), 5.0)
    found = list(troubles(topics, {answer["topic"]: answer for answer in answers}))
    return "; ".join(found) or (
        f"{', '.join(sorted(topics))} and every partition's replicas are well: the brokers are too "
        "slow, or min.insync.replicas is more than there are replicas"
    )


def troubles(topics: Collection[str], answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with each topic, from a metadata answer about all topics."""
    for topic in sorted(topics):
        answer = answers.get(topic)
        if answer is None:
            yield (
                f"topic {topic} does not exist: it was deleted, or is hidden from this user; "
                "create it again, or grant the right to describe it"
            )
        elif answer["error_code"]:
            yield f"topic {topic}: {for_code(answer['error_code']).__name__}"
        else:
            yield from _partition_troubles(topic, answer["partitions"])


def _partition_troubles(topic: str, partitions: list[Mapping[str, Any]]) -> Iterator[str]:
    for partition in sorted(partitions, key=lambda one: one["partition"]):
        name = f"partition {partition['partition']} of topic {topic}"
        replicas, in_sync = len(partition["replicas"]), len(partition["isr"])
        if partition["leader"] == -1:
            yield f"{name} has no leader"
        elif in_sync < replicas:
            yield f"{name} has {in_sync} of {replicas} replicas in sync"
