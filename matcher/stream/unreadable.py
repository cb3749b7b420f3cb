"""A batch that cannot be decoded: a wrong checksum, a broken compression, an unknown format."""

from dataclasses import dataclass
from typing import TypeAlias

import aiokafka

TheirPartition: TypeAlias = aiokafka.TopicPartition


@dataclass(frozen=True, slots=True)
class UnreadableBatch:
    """The records of ``partition`` from ``offset`` up to but not including ``end`` cannot be
    decoded. ``end`` comes from the batch's own header, or is the next offset if the header is not
    usable.
    """

    partition: TheirPartition
    offset: int
    end: int
    reason: str
