"""The parts of a file hold what the file holds, line by line."""

import gzip
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.cli.parts import Part, cut_into_parts
from matcher.cli.reading import Span, read_portions

PIECES = [
    b'{"a":1}',
    b'{"text":"' + b"x" * 40 + b'"}',
    b"{broken",
    b"[1,2]",
    b"",
    b"  ",
    b"\r",
    b'{"a":1}\r',
    b"\xff\xfe",
    b"\x1f\x8b",
    b"\xef\xbb\xbf{}",
]


def records(parts):
    """Every record and reject of these parts: line and value."""
    found = []
    for part in parts:
        for portion in read_portions(part.path, part.span):
            found += [(unit.record.offset, unit.reject) for unit in portion.rejects]
            found += [(record.offset, record.value) for record in portion.batch.records]
    return found


@settings(max_examples=400)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=30),
    part_bytes=st.integers(1, 120),
    ends=st.booleans(),
)
def test_the_parts_together_are_the_file(tmp_path, pieces, part_bytes, ends):
    file = tmp_path / "events"
    file.write_bytes(b"\n".join(pieces) + (b"\n" if ends else b""))
    parts = list(cut_into_parts([str(file)], part_bytes))
    assert records(parts) == records([Part(str(file))])


def test_a_file_of_lines_is_cut_behind_line_feeds(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'{"a":1}\n' * 10)
    parts = list(cut_into_parts([str(file)], 20))
    assert parts[:2] == [
        Part(str(file), Span(0, 16, 1)),
        Part(str(file), Span(16, 40, 3)),
    ]
    assert parts[-1].span == Span(80, None, 11)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b'{"a":1}\n' * 1000, 0),
        ('{"a":1}\n' * 100).encode("utf-16"),
        ('{"a":1}\n' * 100).encode("utf-16-be"),
        b'{\n"a":1\n}' + b" \n" * 100,
        b"\n" * 100,
    ],
    ids=["gzip", "UTF-16", "UTF-16 without a mark", "a document over several lines", "nothing"],
)
def test_what_is_not_lines_is_one_part(tmp_path, content):
    file = tmp_path / "events"
    file.write_bytes(content)
    assert list(cut_into_parts([str(file)], 20)) == [Part(str(file))]


def test_what_can_be_read_once_is_one_part(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    missing = str(tmp_path / "missing")
    paths = ["-", str(pipe), missing]
    assert list(cut_into_parts(paths, 1)) == [Part(path) for path in paths]
