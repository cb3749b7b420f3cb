"""What is read of a partition when one of its batches cannot be decoded: all before it."""

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from matcher.stream.unreadable import broken_batches_can_be_reported, reported_to

PLACE = TopicPartition("t", 0)
GZIP = 1
_CHECKED = (None, None, True, 0)
"""No deserializers, checksums checked, uncommitted records read."""


def _batch(first, count, compression=0):
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 100_000)
    for number in range(count):
        builder.append(number, 1000, None, b"value", [])
    built = builder.build()
    built[:8] = first.to_bytes(8, "big")
    return bytearray(built)


def _broken(first, count):
    batch = _batch(first, count)
    batch[-1] ^= 0xFF
    return batch


def _read(*batches, at=0):
    """One fetch's records, decoded until it ends; the offsets, where it stands, what was told."""
    broken_batches_can_be_reported()
    records = MemoryRecords(bytes(b"".join(batches)))
    read = fetcher.PartitionRecords(PLACE, records, [], at, *_CHECKED)
    told = []
    with reported_to(told.append):
        return [record.offset for record in read], read.next_fetch_offset, told


def test_what_stands_before_a_broken_batch_is_read():
    assert _read(_batch(0, 3), _broken(3, 2), _batch(5, 1)) == ([0, 1, 2], 3, [])


def test_a_fetch_that_begins_with_it_tells_where_it_ends():
    offsets, at, told = _read(_broken(3, 2), _batch(5, 1), at=3)
    assert (offsets, at) == ([], 3)
    (batch,) = told
    assert (batch.partition, batch.offset, batch.end) == (PLACE, 3, 5)
    assert "CRC" in batch.reason


def test_a_compression_that_breaks_under_a_right_checksum_is_told_too():
    batch = _batch(7, 2, GZIP)
    fine = len(batch)
    # a record batch's checksum covers what follows it: put junk in, and the right sum over it
    batch[61:] = b"x" * (fine - 61)
    from aiokafka.record._crc32c import crc  # noqa: PLC0415 - only this test makes a batch by hand

    batch[17:21] = crc(memoryview(bytes(batch))[21:]).to_bytes(4, "big")
    offsets, at, told = _read(batch, at=7)
    assert (offsets, at) == ([], 7)
    assert [(one.offset, one.end) for one in told] == [(7, 9)]
    assert "CRC" not in told[0].reason


def test_a_header_that_says_nothing_usable_ends_at_the_next_offset():
    batch = _broken(3, 2)
    batch[23:27] = (-2).to_bytes(4, "big", signed=True)
    _, _, told = _read(batch, at=3)
    assert told[0].end == 4


def test_nobody_else_is_kept_from_the_error():
    broken_batches_can_be_reported()
    records = MemoryRecords(bytes(_broken(0, 1)))
    read = fetcher.PartitionRecords(PLACE, records, [], 0, *_CHECKED)
    with pytest.raises(CorruptRecordException):
        next(read)
