"""A Kafka-protocol broker inside this process, for the demo and for tests.

It is librdkafka's mock cluster, which comes in the ``confluent-kafka`` wheel. It keeps about 5 MB
or 100,000 messages per partition and then **silently** drops the oldest, so whoever writes to it
must be held back by a :class:`Pacer`. Topics have :data:`PARTITIONS` partitions. Everything is lost
when it is closed.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from matcher.errors import DeliveryError, KafkaUnreachable, UsageError

PARTITIONS = 4
"""The number of partitions that the mock cluster gives every topic."""

WINDOW_BYTES = 1_500_000
"""The most bytes of unread input. The alerts, two to three times as large, still fit into one
partition.
"""

_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.01


def _confluent_kafka() -> Any:
    try:
        import confluent_kafka  # noqa: PLC0415 - an extra that only the demo needs
    except ImportError as error:
        raise UsageError(
            "the embedded broker needs the package confluent-kafka, which is not installed: "
            "run `pip install 'matcher[demo]'`, or point the program at a real Kafka"
        ) from error
    return confluent_kafka


class EmbeddedBroker:
    """Runs from its creation until :meth:`close`. Raises UsageError if the extra is not
    installed.
    """

    def __init__(self, brokers: int = 1) -> None:
        self._kafka = _confluent_kafka()
        self._owner = self._kafka.Producer(
            {"test.mock.num.brokers": brokers, "bootstrap.servers": "mock", "log_level": 3}
        )
        self._observers: dict[str, Any] = {}
        nodes = self._owner.list_topics(timeout=_ANSWER_SECONDS).brokers.values()
        self.bootstrap_servers = ",".join(f"{node.host}:{node.port}" for node in nodes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def create_topics(self, names: Iterable[str]) -> None:
        """Create these topics; existing ones stay as they are. All exist when this returns."""
        for name in names:
            topic = self._owner.list_topics(name, timeout=_ANSWER_SECONDS).topics[name]
            if topic.error is not None:
                raise KafkaUnreachable(f"the embedded broker refused topic {name}: {topic.error}")

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The offset that the group has committed, by partition; 0 for a partition without one."""
        observer = self._observer(group)
        partitions = [self._kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
        answer = observer.committed(partitions, timeout=_ANSWER_SECONDS)
        return {found.partition: max(0, found.offset) for found in answer}

    def ends(self, topic: str) -> dict[int, int]:
        """The offset that the next message will get, by partition."""
        observer = self._observer("")
        return {
            number: observer.get_watermark_offsets(
                self._kafka.TopicPartition(topic, number), timeout=_ANSWER_SECONDS
            )[1]
            for number in range(PARTITIONS)
        }

    def behind(self, group: str, topic: str) -> int:
        """The number of messages of the topic that the group has not committed yet."""
        committed = self.committed(group, topic)
        return sum(end - committed[number] for number, end in self.ends(topic).items())

    def close(self) -> None:
        """Stop the broker; its contents are lost."""
        for observer in self._observers.values():
            observer.close()
        self._observers.clear()
        self._owner = None

    def _observer(self, group: str) -> Any:
        """A client that asks about a group without joining it."""
        if group not in self._observers:
            self._observers[group] = self._kafka.Consumer(
                {
                    "bootstrap.servers": self.bootstrap_servers,
                    "group.id": group or "embedded-observer",
                    "enable.auto.commit": False,
                    "log_level": 3,
                }
            )
        return self._observers[group]


class Pacer:
    """Holds a writer back so that the embedded broker never drops unread messages.

    ``readers`` lists each group with the topics that it reads, in the order in which the data
    passes them: first the matcher with its input, then the readers of the alerts. After every
    ``window`` bytes the writer waits until all groups have committed everything.
    """

    def __init__(
        self,
        broker: EmbeddedBroker,
        readers: Sequence[tuple[str, Sequence[str]]],
        window: int = WINDOW_BYTES,
    ) -> None:
        self._broker = broker
        self._readers = readers
        self._window = window
        self._unread = 0

    async def before(self, size: int) -> None:
        """Call this before ``size`` more bytes are written: it returns when there is room for them.

        The bytes of earlier calls must have been acknowledged by then.
        """
        if self._unread and self._unread + size > self._window:
            await self.caught_up()
            self._unread = 0
        self._unread += size

    async def caught_up(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - a budget for many waits
        """Wait until every reader has committed everything. Raises DeliveryError if a reader makes
        no progress for ``timeout`` seconds.
        """
        for group, topics in self._readers:
            for topic in topics:
                await self._read(group, topic, timeout)

    async def _read(self, group: str, topic: str, budget: float) -> None:
        left: int | None = None
        deadline = time.monotonic() + budget
        while behind := await asyncio.to_thread(self._broker.behind, group, topic):
            now = time.monotonic()
            if left is None or behind < left:
                left, deadline = behind, now + budget
            elif now > deadline:
                raise DeliveryError(
                    f"group {group} does not read on: {behind} messages of {topic} wait"
                )
            await asyncio.sleep(_POLL_SECONDS)
