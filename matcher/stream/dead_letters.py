"""Dead letters: what could not be processed, byte for byte, and where it came from."""

import hashlib
from dataclasses import dataclass

import orjson

from matcher import __version__
from matcher.events.record import Record, Reject, TopicPartition
from matcher.stream.outgoing import Message

TOO_LARGE = "too_large"
"""The reason for a message that a broker refused because of its size."""
TOO_LARGE_TO_READ = "too_large_to_read"
"""The reason for a record that is larger than a fetch may be."""

_DETAIL_CHARACTERS = 500
_STUB_KEY_BYTES = 1024
_STUB_MARK = ("x-matcher-stub", b"true")


@dataclass(frozen=True, slots=True)
class DeadLetterOrigin:
    """Where a dead letter came from. A field that is not known is None."""

    topic: str
    partition: int
    offset: int | None = None
    index: int | None = None
    timestamp: int | None = None


def _headers(
    reason: str, detail: str, origin: DeadLetterOrigin
) -> tuple[tuple[str, bytes | None], ...]:
    fields = {
        "reason": reason,
        "detail": detail[:_DETAIL_CHARACTERS],
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "index": origin.index,
        "timestamp": origin.timestamp,
        "version": __version__,
    }
    return tuple(
        (f"x-matcher-{name}", str(value).encode("utf-8", "replace"))
        for name, value in fields.items()
        if value is not None
    )


def rejected_unit(source: TopicPartition, record: Record, reject: Reject, topic: str) -> Message:
    """The dead letter for a rejected unit: the unit's own bytes, with the record's key
    and headers.
    """
    origin = DeadLetterOrigin(
        source.topic, source.partition, record.offset, reject.index, record.timestamp
    )
    return Message(
        topic=topic,
        destination="dead_letter",
        key=record.key,
        value=reject.raw,
        headers=tuple(record.headers) + _headers(reject.reason, reject.detail, origin),
    )


def refused_message(refused: Message, detail: str, source: TopicPartition, topic: str) -> Message:
    """The dead letter for an alert or a forwarded record that its topic refused because of its
    size, with its own key and headers.
    """
    return Message(
        topic=topic,
        destination="dead_letter",
        key=refused.key,
        value=refused.value,
        headers=refused.headers + _headers(TOO_LARGE, detail, _origin(refused, source)),
    )


def _origin(refused: Message, source: TopicPartition) -> DeadLetterOrigin:
    """The coordinates of the record that a message came from; an alert has them in its body."""
    if refused.destination in ("alert", "signal") and refused.value is not None:
        found = orjson.loads(refused.value).get("origin", {})
        return DeadLetterOrigin(
            found.get("topic", source.topic),
            found.get("partition", source.partition),
            found.get("offset"),
            found.get("index"),
        )
    return DeadLetterOrigin(
        source.topic, source.partition, refused.offset, timestamp=refused.timestamp
    )


def stub(letter: Message, detail: str) -> Message:
    """A stub in place of a dead letter that does not fit its topic: coordinates, length
    and digest.
    """
    own = tuple((name, value) for name, value in letter.headers if name.startswith("x-matcher-"))
    value = letter.value or b""
    document = {name.removeprefix("x-matcher-"): (text or b"").decode() for name, text in own}
    document |= {"refused": detail[:_DETAIL_CHARACTERS]}
    return Message(
        topic=letter.topic,
        destination="dead_letter",
        key=letter.key if len(letter.key or b"") <= _STUB_KEY_BYTES else None,
        value=orjson.dumps(
            document | {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
        ),
        headers=(*own, _STUB_MARK),
    )


def is_stub(letter: Message) -> bool:
    """Whether the message is a stub of ours. A record may have the same header, but not as the last
    of ours.
    """
    return letter.headers[-1:] == (_STUB_MARK,)


def unreadable_record(source: TopicPartition, offset: int, detail: str, topic: str) -> Message:
    """A stub for a record that is too large to be read: only its coordinates are known."""
    origin = DeadLetterOrigin(source.topic, source.partition, offset)
    headers = _headers(TOO_LARGE_TO_READ, detail, origin)
    document = {name.removeprefix("x-matcher-"): (text or b"").decode() for name, text in headers}
    return Message(
        topic=topic,
        destination="dead_letter",
        value=orjson.dumps(document),
        headers=(*headers, _STUB_MARK),
    )
