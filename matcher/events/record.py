"""The pipeline's input, and the rejects for parts that it cannot use.

A *record* is what Kafka holds (or a line of a file). It may wrap several *events* in an *envelope*.
A unit that cannot be processed is a :class:`Reject`: a value with a reason, counted and
dead-lettered, never an exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec


class Record(Protocol):
    """One record. aiokafka's ``ConsumerRecord`` fits this protocol."""

    @property
    def offset(self) -> int:
        """The record's offset in the partition, or its line (from 1) in a file."""

    @property
    def timestamp(self) -> int:
        """Epoch milliseconds UTC; -1 if the record has no time."""

    @property
    def key(self) -> bytes | None:
        """The record's key, untouched."""

    @property
    def value(self) -> bytes | None:
        """The record's bytes; None is a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The record's headers, untouched."""


class PlainRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that was not read from Kafka."""

    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True, slots=True)
class TopicPartition:
    """An input that is a partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input that is a file; a record's offset is its line."""

    path: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one input, in order, such as those that one fetch brought for one partition."""

    input: TopicPartition | InputFile
    records: Sequence[Record]


class RejectReason(StrEnum):
    """Why a unit is not an event. The reasons are few and stable: they are metric labels and
    dead-letter headers.
    """

    EMPTY = "empty"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    NUMBER_TOO_LONG = "number_too_long"
    BAD_BASE64 = "bad_base64"
    BAD_GZIP = "bad_gzip"
    INFLATES_TOO_LARGE = "inflates_too_large"
    NESTED_TOO_OFTEN = "nested_too_often"
    TOO_MANY_UNITS = "too_many_units"
    RULE_FAILED = "rule_failed"
    """A rule raised an error on an acceptable event: a bug in this program, but nothing is lost."""
    INTERNAL_ERROR = "internal_error"
    """Unwrapping, attribution or normalization raised an error: a bug in this program, but nothing
    is lost.
    """


class SkipReason(StrEnum):
    """Why a unit is understood but is not an audit event: it is counted, and neither matched nor
    rejected.
    """

    TOMBSTONE = "tombstone"
    CONTROL_MESSAGE = "control_message"
    DIGEST = "digest"
    S3_NOTIFICATION = "s3_notification"


@dataclass(frozen=True, slots=True)
class Reject:
    """The smallest unit that could not be processed.

    ``index`` is its place among the units of its record (from 0). ``offset`` is the byte of the
    opened envelope at which the problem begins, or None if it concerns the whole unit. ``raw`` are
    the unit's own bytes; ``detail`` is one line for a person.
    """

    reason: RejectReason
    detail: str
    raw: bytes
    index: int = 0
    offset: int | None = None
