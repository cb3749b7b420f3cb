"""Reports batches that cannot be decoded: a wrong checksum, a broken compression, an unknown
format.

aiokafka raises in the middle of a read. The exception loses what was read of other partitions and
what stands before the broken batch, and tells neither the partition nor the offset. Here such a
batch ends what is read of its own partition, just before it, and is reported
(docs/reference/kafka.md, *What a fetch does not tell*).
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiokafka
from aiokafka.consumer import fetcher

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


_report: ContextVar[Callable[[UnreadableBatch], None]] = ContextVar("report")


def broken_batches_can_be_reported() -> None:
    """Make aiokafka's consumers decode in the way that :func:`reported_to` needs. A second call
    changes nothing.
    """
    fetcher.PartitionRecords = _PartitionRecords


@contextlib.contextmanager
def reported_to(report: Callable[[UnreadableBatch], None]) -> Iterator[None]:
    """While the block runs, a read by this task reports broken batches and does not raise.

    The client stays before the batch and fetches it again at once: ``report`` pauses the partition
    when it has seen enough. Outside such a block, or before :func:`broken_batches_can_be_reported`,
    aiokafka behaves as usual.
    """
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


class _Batches:
    """The batches of one fetch; it remembers the batch that is being decoded."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.has_next = records.has_next
        self.current: Any = None

    def next_batch(self) -> Any:
        self.current = None
        self.current = self._records.next_batch()
        return self.current


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # untyped
    """aiokafka's iterator over one partition's fetched records."""

    def __init__(self, tp: TheirPartition, records: Any, *rest: Any) -> None:
        self._batches = _Batches(records)
        self._first = True
        super().__init__(tp, self._batches, *rest)

    def __next__(self) -> Any:
        try:
            record = super().__next__()
        except (StopIteration, MemoryError):
            raise
        except Exception as error:
            report = _report.get(None)
            if report is None:
                raise
            if self._first:
                reason = str(error) or repr(error)
                report(UnreadableBatch(self._tp, self.next_fetch_offset, self._batch_end(), reason))
            # what was read before it is handed out; the next fetch begins with the broken batch
            raise StopIteration from None
        self._first = False
        return record

    def _batch_end(self) -> int:
        after = int(self.next_fetch_offset) + 1
        try:
            return max(after, int(self._batches.current.next_offset))
        except Exception:  # noqa: BLE001 - the header is what may be broken
            return after
