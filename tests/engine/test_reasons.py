"""Where the text that a leaf compared stands in the payload, in bytes."""

import pytest

from matcher.engine.expression import Like, Matches
from matcher.engine.reasons import Explanation
from tests.factories import PAYLOAD, key, make_event

RAW = '{"a":"createuser","b":"CreateUser","who":"Éva 𝄞 É"}'.encode()


def offset(leaf, raw=RAW, **document):
    (reason,) = Explanation(leaf).reasons(make_event(document, raw=raw))
    return reason.offset


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        (Matches(PAYLOAD, "CreateUser", caseless=False), "CreateUser"),
        (Matches(PAYLOAD, "CreateUser", caseless=True), "createuser"),
        (Matches(PAYLOAD, "éva", caseless=True), "Éva"),
        (Matches(PAYLOAD, "𝄞 .", caseless=False), "𝄞"),
        (Like(PAYLOAD, "%éVA%", caseless=True), "Éva"),
        (Like(PAYLOAD, "%𝄞 é%", caseless=True), "𝄞"),
        (Matches(key("b"), "^Create", caseless=False), "create"),
        (Matches(key("who"), "^é", caseless=True), "É"),
    ],
)
def test_the_offset_is_the_byte_at_which_the_text_stands(leaf, text):
    assert offset(leaf, b="CreateUser", who="Éva 𝄞 É") == RAW.index(text.encode())


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"\xe2\x82", b"\xf0\x9f\x98", "é\ufffd".encode()])
def test_bytes_that_are_no_utf8_count_as_they_are(junk):
    raw = b'{"pad":"' + junk + b'","a":"CreateUser"}'
    for leaf in (
        Matches(PAYLOAD, "CreateUser", caseless=False),
        Like(PAYLOAD, "%createuser%", caseless=True),
    ):
        assert offset(leaf, raw) == raw.index(b"CreateUser")


def test_a_text_that_is_only_found_in_another_form_has_no_offset():
    assert offset(Matches(PAYLOAD, "a/b", caseless=False), rb'{"x":"a\/b"}') is None
    assert offset(Matches(key("x"), "^$|a/b", caseless=False), rb'{"x":"a\/b"}', x="a/b") is None
