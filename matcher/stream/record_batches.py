"""Decodes fetched record batches whole, and reports those that cannot be decoded.

aiokafka decodes a record in compiled code, and then copies it in Python, record by record, which
takes ten times as long; and its checksum of a batch takes as long as the decoding. Here a record
batch is decoded in one go, its checksum is Google's, and its records are handed out as they were
decoded. Which records are read (aborted transactions, markers, gaps that compaction leaves, records
before the offset that was asked for) is decided as aiokafka decides it.

aiokafka raises in the middle of a read. The exception loses what was read of other partitions and
what stands before the broken batch, and tells neither the partition nor the offset. Here the read
of the batch's own partition ends just before such a batch, and the batch is reported
(docs/reference/kafka.md, *What a fetch does not tell*).
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from operator import lt
from typing import Any

import google_crc32c
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from matcher.events.record import PlainRecord, Record
from matcher.stream.unreadable import TheirPartition, UnreadableBatch

_LENGTH_FROM, _LENGTH_TO, _MAGIC_AT = 8, 12, 16
_CHECKSUM, _CHECKED_FROM = slice(17, 21), 21
"""Where a record batch says its length and its format, and, in format 2, its checksum: CRC-32C over
what follows (https://kafka.apache.org/documentation/#recordbatch).
"""
_FORMAT_2 = 2


_report: ContextVar[Callable[[UnreadableBatch], None]] = ContextVar("report")


def record_batches_can_be_read_whole() -> None:
    """Make aiokafka's consumers decode in the way that :func:`read_whole` needs. A second call
    changes nothing.
    """
    fetcher.MemoryRecords = FetchedBatches
    fetcher.PartitionRecords = PartitionRecords
    fetcher.FetchResult = _FetchResult


@contextlib.contextmanager
def read_whole(report: Callable[[UnreadableBatch], None]) -> Iterator[None]:
    """While the block runs, ``getmany`` of this task gives records as they were decoded, and not
    aiokafka's ``ConsumerRecord``; it reports broken batches and does not raise.

    The client's position stays before the broken batch, and the client fetches the batch again at
    once: ``report`` pauses the partition when it has seen enough. Outside such a block, or before
    :func:`record_batches_can_be_read_whole`, aiokafka behaves as usual.
    """
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


class FetchedBatches(MemoryRecords):  # type: ignore[misc]  # untyped
    """aiokafka's iterator over the batches of one fetch. It keeps the bytes, and the last batch."""

    def __init__(self, fetched: bytes) -> None:
        super().__init__(fetched)
        self._fetched = fetched
        self._start = self._end = 0
        self.current: Any = None

    def next_batch(self) -> Any:
        """The next batch, which is then ``current``. Raises CorruptRecordException."""
        self.current = None
        self.current = super().next_batch()
        start = self._start = self._end
        length = self._fetched[start + _LENGTH_FROM : start + _LENGTH_TO]
        self._end += _LENGTH_TO + int.from_bytes(length, "big")
        return self.current

    def is_intact(self) -> bool:
        """Whether the current batch has the checksum that it says."""
        batch = self._fetched[self._start : self._end]
        if batch[_MAGIC_AT] < _FORMAT_2:
            return bool(self.current.validate_crc())
        checksum = google_crc32c.value(batch[_CHECKED_FROM:])
        return bool(checksum == int.from_bytes(batch[_CHECKSUM], "big"))


class PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # untyped
    """One partition's fetched records. Either :meth:`take` is used or aiokafka's iterator."""

    next_fetch_offset: int

    def __init__(self, tp: TheirPartition, records: FetchedBatches, *rest: Any) -> None:
        super().__init__(tp, records, *rest)
        self._decoded: list[Record] = []
        self._after = self.next_fetch_offset
        self._error: Exception | None = None
        self._unreported = True

    def take(self, most: int, report: Callable[[UnreadableBatch], None]) -> list[Record]:
        """The next records, at most ``most``; ``next_fetch_offset`` is the offset after them.

        The records before a broken batch are given as if the fetch ended there. Only a fetch that
        begins with a broken batch reports the batch: the next fetch begins with it.
        """
        # until it is begun, aiokafka's iterator refers to this object, and would keep the whole
        # fetch
        self._records_iterator = iter(())
        while len(self._decoded) < most and not self._ended():
            self._decode_next()
        found, self._decoded = self._decoded[:most], self._decoded[most:]
        self.next_fetch_offset = self._decoded[0].offset if self._decoded else self._after
        if found:
            self._unreported = False
        elif self._error is not None and self._unreported:
            self._unreported = False
            reason = str(self._error) or repr(self._error)
            report(UnreadableBatch(self._tp, self._after, self._batch_end(), reason))
        return found

    @property
    def exhausted(self) -> bool:
        """Whether :meth:`take` has given everything."""
        return not self._decoded and self._ended()

    def _ended(self) -> bool:
        return self._error is not None or not self._records.has_next()

    def _decode_next(self) -> None:
        """Decode the next batch; if it is broken, decode the records before the break."""
        records: list[Record] = []
        after: int | None
        try:
            batch = self._records.next_batch()
            if self._check_crcs and not self._records.is_intact():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")  # noqa: TRY301
            if self._is_read(batch):
                for record in batch:
                    records.append(record)  # noqa: PERF402 - they are kept if the next one raises
            after = int(batch.next_offset)
        except MemoryError as error:
            self._error, self._unreported = error, False  # not the batch's fault: fetched again
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks concerns this batch alone
            self._error, after = error, None
        records = _from(self._after, records)
        self._decoded += _timed(records)
        if after is not None:
            self._after = after
        elif records:
            self._after = records[-1].offset + 1

    def _is_read(self, batch: Any) -> bool:
        """Whether the records of a batch are to be read: the records of a marker never are; the
        records of an aborted transaction are, unless only committed records are read. Batches must
        be asked about in their order.
        """
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return False
        return not batch.is_control_batch

    def _batch_end(self) -> int:
        after = self._after + 1
        try:
            return max(after, int(self._records.current.next_offset))
        except Exception:  # noqa: BLE001 - the header is what may be broken
            return after


class _FetchResult(fetcher.FetchResult):  # type: ignore[misc]  # untyped
    """aiokafka's view of one partition's fetched records."""

    _partition_records: PartitionRecords | None

    def getall(self, max_records: int | None = None) -> list[Record]:
        report, fetched = _report.get(None), self._partition_records
        if report is None:
            return list(super().getall(max_records))
        if fetched is None or not self.check_assignment(self._topic_partition):
            return []
        records = fetched.take(max_records or sys.maxsize, report)
        self._update_position()
        if fetched.exhausted:
            self._partition_records = None
        return records


def _from(position: int, records: list[Record]) -> list[Record]:
    """The records from an offset on. As in aiokafka, a record whose offset does not rise is left
    out.
    """
    offsets = [record.offset for record in records]
    if not records or (offsets[0] >= position and all(map(lt, offsets, offsets[1:]))):
        return records
    found: list[Record] = []
    for record in records:
        if record.offset >= position:
            found.append(record)
            position = record.offset + 1
    return found


def _timed(records: list[Record]) -> list[Record]:
    """The records. Records of format 0 have no time: they get -1, as in format 2."""
    if not records or records[0].timestamp is not None:
        return records
    return [PlainRecord(one.offset, -1, one.value, one.key) for one in records]
