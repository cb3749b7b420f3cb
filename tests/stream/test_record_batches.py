"""Whole batches give what aiokafka's own iterator gives. Of a fetch with a broken batch, all
records before that batch are given.
"""

import gc
import random
import weakref

import google_crc32c
import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from matcher.stream.record_batches import (
    FetchedBatches,
    PartitionRecords,
    record_batches_can_be_read_whole,
)

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


def _read(*batches, at=0, most=500):
    """Decode one fetch to its end. Returns the offsets of the records, the next offset to fetch,
    and the broken batches that were reported.
    """
    fetched = FetchedBatches(bytes(b"".join(batches)))
    read = PartitionRecords(PLACE, fetched, [], at, *_CHECKED)
    offsets, told = [], []
    while not read.exhausted:
        found = read.take(most, told.append)
        assert len(found) <= most
        offsets += [record.offset for record in found]
        assert not offsets or read.next_fetch_offset > offsets[-1]
    return offsets, read.next_fetch_offset, told


def test_what_stands_before_a_broken_batch_is_read():
    assert _read(_batch(0, 3), _broken(3, 2), _batch(5, 1)) == ([0, 1, 2], 3, [])


def test_a_fetch_is_freed_at_once_when_its_records_are_taken():
    """A reference cycle would keep the whole fetch until a garbage collection, which is rare."""
    gc.disable()
    try:
        read = PartitionRecords(PLACE, FetchedBatches(bytes(_batch(0, 3))), [], 0, *_CHECKED)
        freed = weakref.ref(read)
        assert len(read.take(500, [].append)) == 3
        del read
        assert freed() is None
    finally:
        gc.enable()


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
    batch[17:21] = google_crc32c.value(bytes(batch[21:])).to_bytes(4, "big")
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
    record_batches_can_be_read_whole()
    records = fetcher.MemoryRecords(bytes(_broken(0, 1)))
    read = fetcher.PartitionRecords(PLACE, records, [], 0, *_CHECKED)
    with pytest.raises(CorruptRecordException):
        next(read)


def test_no_more_records_are_given_than_were_asked_for_and_none_is_left_out():
    batches = [_batch(0, 7), _batch(7, 1), _batch(8, 40), _batch(48, 2)]
    for most in (1, 2, 7, 8, 9, 50, 500):
        assert _read(*batches, most=most) == (list(range(50)), 50, [])


# the contract: as aiokafka's own iterator


def _record(read):
    return read.offset, read.timestamp, read.key, read.value, tuple(read.headers)


def _by_aiokafka(data, aborted, at, level):
    """What aiokafka itself reads of one fetch: the records, the offset after them, and the error
    that ended the reading.
    """
    own = PartitionRecords.__base__
    read = own(PLACE, MemoryRecords(data), list(aborted), at, *_CHECKED[:3], level)
    records = []
    try:
        for record in read:
            records.append(_record(record))  # noqa: PERF401 - what stands before an error counts
    except Exception as error:  # noqa: BLE001 - whatever it is
        return records, read.next_fetch_offset, str(error)
    return records, read.next_fetch_offset, None


def _whole(data, aborted, at, level, most):
    told, records = [], []
    fetched = FetchedBatches(data)
    read = PartitionRecords(PLACE, fetched, list(aborted), at, *_CHECKED[:3], level)
    while not read.exhausted:
        records += map(_record, read.take(most, told.append))
    (error,) = [batch.reason for batch in told] or [None]
    return records, read.next_fetch_offset, error


def _agree(data, aborted=(), at=0, level=0, most=500):
    records, after, error = _by_aiokafka(data, aborted, at, level)
    expected = [(*rest[:1], -1 if rest[1] is None else rest[1], *rest[2:]) for rest in records]
    assert _whole(data, aborted, at, level, most) == (expected, after, None if records else error)


HEADERS = ([], [("h", b"1")], [("a", None), ("b", b""), ("h", b"x" * 300)])
TEXTS = (None, b"", b"{}", b'{"eventName":"X"}' * 90)


def _random_batch(rng, magic, first):
    """A batch in any codec of its format; in format 2 it has gaps, as compaction leaves them."""
    codec, count = rng.randrange(5 if magic == 2 else 3 + magic), rng.randrange(1, 30)
    if magic < 2:
        builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
        for number in range(count):
            time = 1_000 + number if magic else None
            builder.append(number, time, rng.choice(TEXTS), rng.choice(TEXTS))
        return _moved(builder.build(), first, count), first + count
    kept = sorted(rng.sample(range(count), rng.randrange(1, count + 1)))
    producer = rng.choice((-1, 0, 1, 2))
    builder = DefaultRecordBatchBuilder(2, codec, int(producer >= 0), producer, 0, 0, 1 << 20)
    for number in kept:
        time, headers = 1_000 + rng.randrange(-500, 500), rng.choice(HEADERS)
        builder.append(number, time, rng.choice(TEXTS), rng.choice(TEXTS), headers)
    return _in_format_2(builder.build(), first, count - 1), first + count


def _moved(built, first, count):
    """Batches of an old format, moved to an offset. A compressed batch has the offset of its last
    record.
    """
    single = len(list(_batches(bytes(built)))) > 1 or count == 1
    moved = bytearray()
    for number, batch in enumerate(_batches(bytes(built))):
        moved += (first + (number if single else count - 1)).to_bytes(8, "big") + batch[8:]
    return bytes(moved)


def _batches(data):
    while data:
        end = 12 + int.from_bytes(data[8:12], "big")
        yield data[:end]
        data = data[end:]


def _in_format_2(built, first, last_delta, attributes=0):
    """A batch at an offset. The batch reaches to its last offset even if that record is gone."""
    batch = bytearray(built)
    batch[:8] = first.to_bytes(8, "big")
    batch[22] |= attributes
    batch[23:27] = last_delta.to_bytes(4, "big")
    batch[17:21] = google_crc32c.value(bytes(batch[21:])).to_bytes(4, "big")
    return bytes(batch)


def _marker(first, producer, *, abort):
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, -1, 1_000)
    kind = b"\0\0\0\0" if abort else b"\0\0\0\1"
    builder.append(0, 1_000, kind, b"\0" * 6, [])
    return _in_format_2(builder.build(), first, 0, attributes=0x20)


def _random_fetch(rng):
    """A fetch of several batches with ends of transactions among them, the aborted transactions,
    and the offset that was asked for.

    All batches have one format, as aiokafka takes for granted. A broker gives no batch that ends
    before the offset that was asked for and, in an old format, no message before that offset.
    """
    begin, magic = rng.randrange(1 << 40), rng.choice((0, 1, 2, 2, 2, 2))
    data, first = _random_batch(rng, magic, begin)
    at, aborted = begin if magic < 2 else rng.randrange(begin, first), []
    for _ in range(rng.randrange(5)):
        if magic == 2 and rng.random() < 0.3:
            producer, abort = rng.randrange(3), rng.random() < 0.6
            if abort:
                aborted.append((producer, rng.randrange(begin, first + 1)))
            batch, first = _marker(first, producer, abort=abort), first + 1
        else:
            batch, first = _random_batch(rng, magic, first)
        data += batch
    return data, aborted, at


@pytest.mark.parametrize("seed", range(6))
def test_whole_batches_are_read_as_aiokafka_reads_them(seed):
    rng = random.Random(seed)  # noqa: S311
    for _ in range(100):
        data, aborted, at = _random_fetch(rng)
        cut = rng.choice((len(data), rng.randrange(len(data) + 1)))
        for level in (fetcher.READ_UNCOMMITTED, fetcher.READ_COMMITTED):
            _agree(data[:cut], aborted, at, level, most=rng.choice((1, 7, 500)))


@pytest.mark.parametrize("seed", range(6))
def test_bits_that_flipped_are_seen_where_aiokafka_sees_them(seed):
    rng = random.Random(seed)  # noqa: S311
    for _ in range(100):
        data, aborted, at = _random_fetch(rng)
        broken = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            broken[rng.randrange(min(len(broken), rng.choice((70, 1 << 20))))] ^= (
                1 << rng.randrange(8)
            )
        if rng.random() < 0.5 and broken[16] == 2:  # a right sum over what is wrong
            end = 12 + int.from_bytes(broken[8:12], "big")
            broken[17:21] = google_crc32c.value(bytes(broken[21:end])).to_bytes(4, "big")
        _agree(bytes(broken), aborted, at, rng.randrange(2), most=rng.choice((1, 7, 500)))
