"""The messages that are written to Kafka: alerts and forwarded records."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from matcher.alerts.alert import Alert
from matcher.events.record import Record

Destination = Literal["alert", "signal", "forward", "dead_letter"]
Clock = Callable[[], float]
"""Gives the present time in seconds since the epoch."""

ALERT_SCHEMA = b"cloud-audit-alert/1"


class Message(msgspec.Struct, frozen=True):
    """One record to write. ``timestamp`` is epoch milliseconds, None for the present. ``offset`` is
    the offset of the input's record that a message forwards. ``alert`` is what an alert's message
    was made of.
    """

    topic: str
    destination: Destination
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None
    offset: int | None = None
    alert: Alert | None = None


def iso(seconds: float) -> str:
    """A time as ISO 8601, UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alert_message(alert: Alert, topic: str, destination: Destination, detected: bytes) -> Message:
    """The message of an alert. Its key is the alert's id. The time of detection, as :func:`iso`
    writes it, is a header, so that the body never changes.
    """
    return Message(
        topic=topic,
        destination=destination,
        key=alert.id.encode(),
        value=alert.body,
        headers=(
            ("rule_id", alert.rule_id.encode()),
            ("severity", alert.severity.label.encode()),
            ("schema", ALERT_SCHEMA),
            ("detected_at", detected),
        ),
        alert=alert,
    )


def forward_message(record: Record, topic: str) -> Message:
    """The message of a forwarded record: key, value, headers and timestamp are unchanged."""
    return Message(
        topic=topic,
        destination="forward",
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        timestamp=record.timestamp if record.timestamp >= 0 else None,
        offset=record.offset,
    )
