"""Finds the id of a topic, which changes when the topic is deleted and recreated.

The client reads by name (aiokafka's Fetch is older than topic ids). So it would go on in the new
topic at the old topic's offset, and the records before that offset would never be read. Ids come
with every Metadata answer since version 10 (Kafka 2.8, KIP-516). aiokafka knows versions up to 5:
the layout of version 11 here is that of Kafka's MetadataRequest.json and MetadataResponse.json.
"""

import base64
import random
from collections.abc import Collection
from io import BytesIO
from typing import Any

import structlog
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from matcher.stream.client import within

log = structlog.get_logger(__name__)

_SECONDS = 2.0
_METADATA = 3
_VERSION = 11
_NO_ID = bytes(16)
_PREFIX = "topic-id="


class _Uuid(AbstractType):  # type: ignore[misc]  # untyped
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(len(_NO_ID))


class _Answer(Response):  # type: ignore[misc]  # untyped
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]  # untyped
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicIdsRequest(Request[_Question]):  # type: ignore[misc]  # untyped
    API_KEY = _METADATA

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_Question]) -> _Question:
        create = authorized_operations = False
        topics: list[tuple[bytes, str, dict[int, bytes]]] = [
            (_NO_ID, name, {}) for name in self._topics
        ]
        return request_struct_class(topics, create, authorized_operations, {})


async def topic_ids(client: Any, topics: Collection[str]) -> dict[str, str]:
    """The id of each of these topics that exists, as Kafka's tools show it.

    ``client`` is a connected aiokafka client. Empty if the brokers are older than topic ids or no
    broker answers.
    """
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    random.shuffle(nodes)
    for node in nodes:
        try:
            asked = client.send(node, _TopicIdsRequest(topics))
            answer = await within(_SECONDS, "topic ids", asked)
        except (IncompatibleBrokerVersion, NotImplementedError):
            return {}
        except KafkaError as error:
            log.info("topic_ids_unknown", node=node, error=str(error) or repr(error))
        else:
            return _ids(answer)
    return {}


def _ids(answer: Any) -> dict[str, str]:
    return {
        name: base64.urlsafe_b64encode(identity).decode().rstrip("=")
        for error, name, identity, *_ in answer.topics
        if not error and identity != _NO_ID
    }


def commit_metadata(topic_id: str | None) -> str:
    """The metadata to commit with an offset: the id of the topic that the offset belongs to."""
    return f"{_PREFIX}{topic_id}" if topic_id else ""


def committed_topic_id(metadata: str | None) -> str | None:
    """The id in metadata that :func:`commit_metadata` made; None for any other metadata."""
    if metadata is None or not metadata.startswith(_PREFIX):
        return None
    return metadata.removeprefix(_PREFIX)
