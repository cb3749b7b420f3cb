"""How files become records: lines, whole files, gzip, and files that break."""

import gzip
import os
import tracemalloc

import pytest

from matcher.cli import reading
from matcher.cli.reading import read_portions
from matcher.errors import UsageError


def records(tmp_path, data: bytes) -> list[tuple[int, bytes | None]]:
    """Line and value of every record; nothing may be rejected."""
    found, rejected, _cut = everything(tmp_path, data)
    assert rejected == []
    return found


def everything(tmp_path, data: bytes):
    file = tmp_path / "f"
    file.write_bytes(data)
    portions = list(read_portions(str(file)))
    found = [(r.offset, r.value) for portion in portions for r in portion.batch.records]
    rejected = [(u.record.offset, str(u.reject.reason)) for p in portions for u in p.rejects]
    return found, rejected, [portion.cut for portion in portions]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":1}\n{"b":2}\n', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"a":1}\n{"b":2}', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"a":1}\r\n{"b":2}\r\n', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'\n \n{"a":1}\n\n{"b":2}\n\n', [(3, b'{"a":1}'), (5, b'{"b":2}')]),
        (b'{"a":1}\nnot json\n\nnull\n', [(1, b'{"a":1}'), (2, b"not json"), (4, b"null")]),
        (b'\xef\xbb\xbf{"a":1}\n2\n', [(1, b'\xef\xbb\xbf{"a":1}'), (2, b"2")]),
        (b'{"a":"\xff"}\n2', [(1, b'{"a":"\xff"}'), (2, b"2")]),
        (b'{"a":"\\ud800"}\n2', [(1, b'{"a":"\\ud800"}'), (2, b"2")]),
        ('{"a":"\u00e9"}\r\n2'.encode("utf-16"), [(1, '{"a":"\u00e9"}'.encode()), (2, b"2")]),
        (b"\xfe\xff" + '{\n"a":1}'.encode("utf-16-be"), [(1, b'{\n"a":1}')]),
        ('{"a":"\u00e9"}\r\n2'.encode("utf-16-le"), [(1, '{"a":"\u00e9"}'.encode()), (2, b"2")]),
        ("[\n1]".encode("utf-16-be"), [(1, b"[\n1]")]),
        (b'{"a":NaN}\n2', [(1, b'{"a":NaN}'), (2, b"2")]),
        (b'{"a":"x\ty"}\n2', [(1, b'{"a":"x\ty"}'), (2, b"2")]),
        (b"9" * 4400 + b"\n2", [(1, b"9" * 4400), (2, b"2")]),
        (b'{"a":1}\n\x0b\x0c\n2', [(1, b'{"a":1}'), (2, b"\x0b\x0c"), (3, b"2")]),
        (b"null\n1\n", [(1, b"null"), (2, b"1")]),
        (b"[" * 5000 + b"]" * 5000 + b"\n1", [(1, b"[" * 5000 + b"]" * 5000), (2, b"1")]),
        (b'{"a":1}', [(1, b'{"a":1}')]),
        (b'{"a":1}\n', [(1, b'{"a":1}')]),
        (b'{\n "a": 1\n}\n', [(1, b'{\n "a": 1\n}\n')]),
        (b'\n[\n{"a":1}\n]', [(2, b'[\n{"a":1}\n]')]),
        (b'not json\n{"a":1}\n', [(1, b'not json\n{"a":1}\n')]),
        (b'{"a":1}{"b":2}\n{"c":3}\n', [(1, b'{"a":1}{"b":2}\n{"c":3}\n')]),
        (b"", [(1, b"")]),
        (b"\n\n", [(1, b"")]),
    ],
)
def test_what_is_a_record(tmp_path, data, expected):
    assert records(tmp_path, data) == expected
    assert records(tmp_path, gzip.compress(data)) == expected


def test_gzip_members_behind_each_other_are_one_file(tmp_path):
    data = gzip.compress(b"1\n2") + gzip.compress(b"3\n4\n")
    assert records(tmp_path, data) == [(1, b"1"), (2, b"23"), (3, b"4")]


def test_a_large_file_comes_in_portions_and_the_position_grows(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b'{"a":1}\n' * 2000)
    portions = list(read_portions(str(file)))
    assert len(portions) > 2
    assert sum(len(portion.batch.records) for portion in portions) == 2000
    assert portions[-1].position == file.stat().st_size
    lines = [record.offset for portion in portions for record in portion.batch.records]
    assert lines == list(range(1, 2001))


def noise(count: int) -> bytes:
    return b"".join(b'{"a":"%s"}\n' % os.urandom(40).hex().encode() for _ in range(count))


def test_a_cut_gzip_gives_the_lines_before_the_cut_and_one_reject(tmp_path):
    data = noise(2000)
    lines = data.splitlines()
    squeezed = gzip.compress(data)
    found, rejected, cut = everything(tmp_path, squeezed[: len(squeezed) // 2])
    *whole, last = found
    assert 100 < len(whole) < 2000
    assert [value for _, value in whole] == lines[: len(whole)]
    assert lines[len(whole)].startswith(last[1])
    assert rejected == [(last[0], "bad_gzip")]
    assert cut[-1] is True


def test_zeros_behind_a_gzip_are_padding_and_anything_else_is_a_reject(tmp_path):
    squeezed = gzip.compress(b"1\n2")
    assert records(tmp_path, squeezed + bytes(1000)) == [(1, b"1"), (2, b"2")]
    assert len(records(tmp_path, squeezed + bytes(1000) + squeezed)) == 3
    for tail in (b"x", b"\0\0x", b"{}"):
        found, rejected, _cut = everything(tmp_path, squeezed + tail)
        assert [line for line, _ in found] == [1, 2]
        assert rejected == [(2, "bad_gzip")]


@pytest.mark.parametrize("spoil", ["checksum", "length", "middle"])
def test_a_damaged_gzip_is_one_reject(tmp_path, spoil):
    squeezed = bytearray(gzip.compress(noise(2000)))
    squeezed[{"checksum": -8, "length": -1, "middle": len(squeezed) // 2}[spoil]] ^= 0xFF
    _found, rejected, _cut = everything(tmp_path, bytes(squeezed))
    assert [reason for _, reason in rejected] == ["bad_gzip"]


def test_every_cut_of_a_gzip_is_survived(tmp_path):
    squeezed = gzip.compress(b'{"a":1}\n{"b":2}\n')
    for length in range(2, len(squeezed)):
        _found, rejected, _cut = everything(tmp_path, squeezed[:length])
        assert [reason for _, reason in rejected] == ["bad_gzip"]


def test_a_cut_document_gives_what_it_has_as_the_record(tmp_path):
    document = b"{\n" + noise(500) + b"}"
    squeezed = gzip.compress(document)
    found, rejected, cut = everything(tmp_path, squeezed[: len(squeezed) // 2])
    ((line, value),) = found
    assert line == 1
    assert document.startswith(value)
    assert rejected == [(1, "bad_gzip")]
    assert cut == [True]


@pytest.mark.parametrize(
    ("data", "lines", "rejected"),
    [
        (b"1\n" + b"2" * 200 + b"\n3\n", [1, 3], [(2, "inflates_too_large")]),
        (b"1\n" + b"2" * 200, [1], [(2, "inflates_too_large")]),
        (b"2" * 200 + b"\n3\n", [], [(1, "inflates_too_large")]),
        (b"[\n" * 60, [], [(1, "inflates_too_large")]),
    ],
)
def test_a_record_beyond_the_limit_is_a_reject(tmp_path, monkeypatch, data, lines, rejected):
    monkeypatch.setattr(reading, "MAX_RECORD_BYTES", 100)
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 30)
    found, seen, _cut = everything(tmp_path, data)
    assert [line for line, _ in found] == lines
    assert seen == rejected


def test_memory_stays_bounded_however_large_the_file_is(tmp_path):
    line = b'{"a":"' + b"x" * 1000 + b'"}\n'
    file = tmp_path / "large.gz"
    with gzip.open(file, "wb", compresslevel=1) as out:
        for _ in range(100):
            out.write(line * 1000)
    tracemalloc.start()
    count = sum(len(portion.batch.records) for portion in read_portions(str(file)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 30_000_000 < count * len(line)


def test_a_directory_or_a_missing_file_is_one_clear_error(tmp_path):
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(UsageError, match="cannot be read"):
            list(read_portions(str(path)))
