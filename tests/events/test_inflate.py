"""Gzip and base64, bounded."""

import base64
import gzip
import os

import pytest

from matcher.events.inflate import InflateError, gunzip, unbase64
from matcher.events.record import RejectReason

DATA = os.urandom(70_000) + b"x" * 3_000_000
ONE = gzip.compress(b"one", mtime=0)


def test_what_was_packed_is_opened():
    assert gunzip(gzip.compress(DATA), len(DATA)) == DATA
    assert unbase64(base64.encodebytes(DATA)) == DATA


def test_several_members_and_padding():
    assert gunzip(ONE * 50 + b"\0" * 9, 1000) == b"one" * 50
    assert gunzip(gzip.compress(b"", mtime=0), 0) == b""


@pytest.mark.parametrize(
    "packed", [gzip.compress(b"a" * 1001, mtime=0), gzip.compress(b"a", mtime=0) * 1001]
)
def test_the_limit_is_exact(packed):
    assert len(gunzip(packed, 1001)) == 1001
    with pytest.raises(InflateError) as error:
        gunzip(packed, 1000)
    assert error.value.reason is RejectReason.INFLATES_TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"\x1f\x8b", ONE[:-1], ONE[:12], ONE + b"x", ONE + ONE[:5],
     ONE[:-6] + b"zz" + ONE[-4:], ONE[:10] + b"\xff" * 8 + ONE[10:]],
)  # fmt: skip
def test_a_damaged_gzip(data):
    with pytest.raises(InflateError) as error:
        gunzip(data, 1000)
    assert error.value.reason is RejectReason.BAD_GZIP


@pytest.mark.parametrize("text", [b"abc", b"====", b"YQ==YQ==", b"$$$$", b"\xff"])
def test_damaged_base64(text):
    with pytest.raises(InflateError) as error:
        unbase64(text)
    assert error.value.reason is RejectReason.BAD_BASE64
