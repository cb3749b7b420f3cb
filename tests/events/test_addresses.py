import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.addresses import address


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.9:443", "203.0.113.9"),
        ("2001:0db8::0001", "2001:0db8::0001"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::2a02:cf40:add:4002:91f2:a9b2:6fc6", "::2a02:cf40:add:4002:91f2:a9b2:6fc6"),
        ("X:2a02:cf40:add:4002:91f2:a9b2:e09a:6fc6/", None),
        ("cloudformation.amazonaws.com", None),
        ("AWS Internal", None),
        ("AWS Internal/3", None),
        ("<null>", None),
        ("127.0.0.0/8", None),
        ("30.*.0.210", None),
        ("203.0.113.9:", None),
        ("203.0.113.9:http", None),
        ("[2001:db8::1]x", None),
        ("-", None),
        ("", None),
        (None, None),
        (3405803785, None),
        (["203.0.113.9"], None),
        ("1" * 1000, None),
    ],
)
def test_what_is_an_address(written, expected):
    assert address(written) == expected


@given(st.ip_addresses(), st.integers(0, 65535))
def test_every_address_is_found_as_it_is_written(one, port):
    written = str(one)
    with_port = f"[{written}]:{port}" if one.version == 6 else f"{written}:{port}"
    assert address(written) == written
    assert address(with_port) == written
