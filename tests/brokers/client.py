"""A broker as the tests see it: librdkafka writes and reads, independently of the product."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka import Message as ReceivedMessage
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

Header = tuple[str, bytes | None]
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Message:
    """What a test produces, or what librdkafka read. A timestamp of 0 lets the client choose."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[Header, ...] = ()
    partition: int = 0
    timestamp: int = 0
    offset: int = -1


@dataclass(slots=True)
class KafkaBroker:
    """Any broker that speaks Kafka's protocol at ``bootstrap``."""

    name: str
    bootstrap: str
    extra: Mapping[str, object] = field(default_factory=dict)
    """Further librdkafka settings."""

    def create_topic(
        self, hint: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        """Create a topic, named with the hint and a unique part, as tests may share a broker."""
        name = f"{hint}-{uuid.uuid4().hex[:8]}"
        self._create(name, partitions, dict(config or {}))
        return name

    def delete_topic(self, topic: str) -> None:
        admin = AdminClient(self._settings())
        for future in admin.delete_topics([topic], operation_timeout=_SECONDS).values():
            future.result(_SECONDS)

    def produce(self, topic: str, messages: Iterable[Message], **settings: object) -> None:
        """Write all messages and return when every message is acknowledged."""
        failures: list[KafkaError] = []
        # large batches keep a bulk load short; every test sees the broker's own limits
        large = {"linger.ms": 5, "message.max.bytes": 64_000_000, "acks": "all"}
        producer = Producer(self._settings() | large | settings)
        for message in messages:
            self._send(producer, topic, message, failures)
        left = producer.flush(_SECONDS)
        if failures or left:
            raise AssertionError(f"{left} records unsent to {topic}, refused: {failures[:3]}")

    def produce_transaction(
        self, topic: str, messages: Iterable[Message], *, commit: bool = True
    ) -> None:
        """Write the messages in one transaction, which leaves a marker behind the last record."""
        name = {"transactional.id": uuid.uuid4().hex}
        producer = Producer(self._settings() | name)
        producer.init_transactions(_SECONDS)
        producer.begin_transaction()
        failures: list[KafkaError] = []
        for message in messages:
            self._send(producer, topic, message, failures)
        # an abort would take back what was not sent yet
        assert producer.flush(_SECONDS) == 0
        (producer.commit_transaction if commit else producer.abort_transaction)(_SECONDS)
        assert not failures, failures[:3]

    def read_all(self, topic: str) -> list[Message]:
        """Every committed record of each partition, from its beginning to its present end."""
        return list(self.iterate(topic))

    def iterate(self, topic: str) -> Iterable[Message]:
        """The records of :meth:`read_all`, one at a time."""
        settings = {
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": 10,
        }
        consumer = Consumer(self._settings() | settings)
        try:
            starts = self.starts(topic)
            # explicit offsets: librdkafka takes half a second to look up "the beginning"
            consumer.assign([TopicPartition(topic, p, low) for p, low in starts.items()])
            open_partitions = set(starts)
            while open_partitions:
                answer = consumer.poll(_SECONDS)
                if answer is None:
                    raise AssertionError(f"{topic}: no answer, open: {open_partitions}")
                if (error := answer.error()) is None:
                    yield _message(answer)
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(answer.partition())
                else:
                    raise KafkaException(error)
        finally:
            consumer.close()

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's committed offset by partition; partitions without an offset are left out."""
        consumer = Consumer(self._settings() | {"group.id": group})
        try:
            asked = [TopicPartition(topic, p) for p in self.partitions(topic)]
            answers = consumer.committed(asked, timeout=_SECONDS)
            return {a.partition: a.offset for a in answers if a.offset >= 0}
        finally:
            consumer.close()

    def commit(self, group: str, topic: str, offsets: Mapping[int, int], metadata: str) -> None:
        """Commit for a group that has no member."""
        consumer = Consumer(self._settings() | {"group.id": group})
        try:
            asked = [TopicPartition(topic, p, o, metadata=metadata) for p, o in offsets.items()]
            consumer.commit(offsets=asked, asynchronous=False)
        finally:
            consumer.close()

    def ends(self, topic: str) -> dict[int, int]:
        """The offset after each partition's last record."""
        return {p: high for p, (_, high) in self._watermarks(topic).items()}

    def starts(self, topic: str) -> dict[int, int]:
        """The first offset that each partition still has."""
        return {p: low for p, (low, _) in self._watermarks(topic).items()}

    def partitions(self, topic: str) -> list[int]:
        metadata = AdminClient(self._settings()).list_topics(topic, timeout=_SECONDS)
        return sorted(metadata.topics[topic].partitions)

    def delete_before(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Make each partition start at the offset, as retention would."""
        asked = [TopicPartition(topic, p, offset) for p, offset in offsets.items()]
        admin = AdminClient(self._settings())
        for future in admin.delete_records(asked).values():
            future.result(_SECONDS)

    def add_user(self, name: str, password: str) -> None:
        """Add a SCRAM-SHA-512 user for a secure listener."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(name, info, password.encode())
        admin = AdminClient(self._settings())
        for attempt in range(3):
            asked = admin.alter_user_scram_credentials([change], request_timeout=_SECONDS / 3)
            try:
                for future in asked.values():
                    future.result(_SECONDS)
            except KafkaException:
                # asked again it changes nothing: a broker that has just begun may lose a request
                if attempt == 2:
                    raise
            else:
                return

    def _create(self, name: str, partitions: int, config: dict[str, str]) -> None:
        admin = AdminClient(self._settings())
        topic = NewTopic(name, partitions, config=config)
        for future in admin.create_topics([topic], operation_timeout=_SECONDS).values():
            future.result(_SECONDS)

    def _settings(self) -> dict[str, object]:
        # broken connections are what many tests are about: librdkafka need not print them
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, **self.extra}

    def _watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        consumer = Consumer(self._settings() | {"group.id": "reader"})
        try:
            return {
                p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=_SECONDS)
                for p in self.partitions(topic)
            }
        finally:
            consumer.close()

    def _send(
        self, producer: Producer, topic: str, message: Message, failures: list[KafkaError]
    ) -> None:
        def keep_failure(error: KafkaError | None, _sent: object) -> None:
            if error is not None:
                failures.append(error)

        while True:
            try:
                producer.produce(
                    topic,
                    message.value,
                    message.key,
                    partition=message.partition,
                    timestamp=message.timestamp,
                    headers=list(message.headers),
                    on_delivery=keep_failure,
                )
            except BufferError:
                producer.poll(0.1)
            else:
                producer.poll(0)
                return


def _message(answer: ReceivedMessage) -> Message:
    return Message(
        answer.value(),
        answer.key(),
        tuple(answer.headers() or ()),
        answer.partition(),
        answer.timestamp()[1],
        answer.offset(),
    )
