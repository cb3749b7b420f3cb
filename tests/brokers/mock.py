"""librdkafka's mock cluster, with the faults that it can inject.

The calls are those of ``rdkafka_mock.h``, an experimental interface: therefore the wheel is pinned.
A partition keeps about 5 MB or 100,000 messages and then drops the oldest in silence.
"""

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import confluent_kafka

from tests.brokers.client import KafkaBroker

PRODUCE, FETCH, OFFSET_COMMIT, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT = 0, 1, 8, 10, 11, 12
_PRODUCER = 0


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka-*.so*"))))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures = {
        "rd_kafka_conf_new": (pointer, ()),
        "rd_kafka_conf_set": (number, (pointer, text, text, text, ctypes.c_size_t)),
        "rd_kafka_new": (pointer, (number, pointer, text, ctypes.c_size_t)),
        "rd_kafka_destroy": (None, (pointer,)),
        "rd_kafka_mock_cluster_new": (pointer, (pointer, number)),
        "rd_kafka_mock_cluster_destroy": (None, (pointer,)),
        "rd_kafka_mock_cluster_bootstraps": (text, (pointer,)),
        "rd_kafka_mock_topic_create": (number, (pointer, text, number, number)),
        "rd_kafka_mock_topic_delete": (number, (pointer, text)),
        "rd_kafka_mock_partition_delete_records": (
            number,
            (pointer, text, ctypes.c_int32, ctypes.c_int64),
        ),
        "rd_kafka_mock_broker_set_down": (number, (pointer, ctypes.c_int32)),
        "rd_kafka_mock_broker_set_up": (number, (pointer, ctypes.c_int32)),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (pointer, ctypes.c_int32)),
        "rd_kafka_mock_push_request_errors_array": (
            None,
            (pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(number)),
        ),
        "rd_kafka_mock_clear_request_errors": (None, (pointer, ctypes.c_int16)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster(KafkaBroker):
    """A mock cluster as a context manager. Node ids count from 1."""

    def __init__(self, nodes: int = 1) -> None:
        self._library = _library()
        self._nodes = nodes
        self._handle = self._cluster = None
        super().__init__("mock", "")

    def __enter__(self) -> Self:
        reason = ctypes.create_string_buffer(512)
        conf = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(conf, b"log_level", b"0", reason, len(reason))
        self._handle = self._library.rd_kafka_new(_PRODUCER, conf, reason, len(reason))
        assert self._handle, reason.value
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, self._nodes)
        self.bootstrap = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)

    def fail_next(self, api: int, *codes: int) -> None:
        """Answer the next requests of this API with these error codes, one each; 0 is none."""
        array = (ctypes.c_int * len(codes))(*codes)
        push = self._library.rd_kafka_mock_push_request_errors_array
        push(self._cluster, api, len(codes), array)

    def heal(self, apis: Sequence[int] = (PRODUCE, FETCH, OFFSET_COMMIT)) -> None:
        """Drop the injected errors that no request has been answered with yet."""
        for api in apis:
            self._library.rd_kafka_mock_clear_request_errors(self._cluster, api)

    def take_down(self, node: int = 1) -> None:
        """Close the node's port and connections; the node keeps its data."""
        assert self._library.rd_kafka_mock_broker_set_down(self._cluster, node) == 0

    def bring_up(self, node: int = 1) -> None:
        assert self._library.rd_kafka_mock_broker_set_up(self._cluster, node) == 0

    def delete_topic(self, topic: str) -> None:
        assert self._library.rd_kafka_mock_topic_delete(self._cluster, topic.encode()) == 0

    def delete_before(self, topic: str, offsets: Mapping[int, int]) -> None:
        delete = self._library.rd_kafka_mock_partition_delete_records
        for partition, offset in offsets.items():
            assert delete(self._cluster, topic.encode(), partition, offset) == 0

    def _create(self, name: str, partitions: int, config: dict[str, str]) -> None:
        assert not config, "the mock cluster has no topic settings"
        create = self._library.rd_kafka_mock_topic_create
        assert create(self._cluster, name.encode(), partitions, self._nodes) == 0
