"""What an acceptable event is: the standard library's verdict, and the bounds that are ours."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matcher.events.acceptable import MAX_DEPTH, is_too_deep, is_within_bounds, parse
from matcher.events.probe import glance
from matcher.events.record import Reject, RejectReason


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        (b"{}", {}),
        (b' {"a": 1}\n', {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":"\xff"}', {"a": "\ufffd"}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a":-Infinity}', {"a": -math.inf}),
        (b'{"a":1e999}', {"a": math.inf}),
        (b'{"a":-0}', {"a": 0}),
        (b'{"a":"%b"}' % (b"1" * 5000), {"a": "1" * 5000}),
        (b'{"a":%b}' % (b"1" * 4300), {"a": int("1" * 4300)}),
        (b'{"a":-%b}' % (b"1" * 4300), {"a": -int("1" * 4300)}),
        (b'{"a":"%b"}' % (b"[" * 1000), {"a": "[" * 1000}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_acceptable(raw, document):
    assert parse(raw) == document


def test_a_float_may_have_any_number_of_digits():
    assert parse(b'{"a":1.%b}' % (b"3" * 5000)) == {"a": 4 / 3}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", RejectReason.EMPTY),
        (b" \xef\xbb\xbf", RejectReason.NOT_JSON),
        (b"\xef\xbb\xbf \n", RejectReason.EMPTY),
        (b"5", RejectReason.NOT_AN_OBJECT),
        (b"null", RejectReason.NOT_AN_OBJECT),
        (b"true", RejectReason.NOT_AN_OBJECT),
        (b"NaN", RejectReason.NOT_AN_OBJECT),
        (b'"x"', RejectReason.NOT_AN_OBJECT),
        (b"[{}]", RejectReason.NOT_AN_OBJECT),
        (b"{} {}", RejectReason.NOT_JSON),
        (b'{"a":"\x01"}', RejectReason.NOT_JSON),
        (b"{'a':1}", RejectReason.NOT_JSON),
        (b'{"a":01}', RejectReason.NOT_JSON),
        (b'{"a":"\\x"}', RejectReason.NOT_JSON),
        (b'\xff{"a":1}', RejectReason.NOT_JSON),
        (b'{"a":', RejectReason.TRUNCATED),
        (b'{"a":"x', RejectReason.TRUNCATED),
        (b'{"a":%b}' % (b"1" * 4301), RejectReason.NUMBER_TOO_LONG),
        (b'{"a":-%b}' % (b"1" * 4301), RejectReason.NUMBER_TOO_LONG),
        (b"[" * 100_000, RejectReason.TOO_DEEP),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", RejectReason.TOO_DEEP),
    ],
    ids=lambda value: str(value)[:30],
)
def test_not_acceptable(raw, reason):
    reject = parse(raw)
    assert isinstance(reject, Reject)
    assert reject.reason is reason
    assert reject.raw == raw
    assert reject.offset is None


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_two_hundred_levels_are_the_most(opened):
    closed = "]" if opened == "[" else "}"

    def nested(depth):
        inner = depth - 1
        return f'{{"x":{opened * inner}1{closed * inner},"y":"]}}"}}'.encode()

    assert isinstance(parse(nested(200)), dict)
    assert parse(nested(201)).reason is RejectReason.TOO_DEEP


def test_many_brackets_are_not_deep():
    assert isinstance(parse(b'{"a":[%b]}' % b",".join([b'{"b":"}"}'] * 1000)), dict)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def same(one, other):
    """Equal, of the same types, NaN like NaN."""
    return repr(one) == repr(other)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.booleans())
def test_the_document_is_the_standard_librarys(document, ascii_only):
    text = json.dumps(document, ensure_ascii=ascii_only)
    raw = text.encode("utf-8", "surrogatepass")
    assert same(parse(raw), json.loads(raw.decode("utf-8", "replace")))


@st.composite
def damaged(draw):
    """A JSON text with a few of its bytes replaced, removed or added."""
    raw = bytearray(json.dumps(draw(st.dictionaries(st.text(), JSON, max_size=4))).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"{", b"}", b"[", b",", b":", b"0", b".", b"e", b"-"]
            )
            | st.binary(max_size=2)
        )
    return bytes(raw)


@given(damaged() | st.binary())
@example(b'{"a":1e5,"b":0.1e-7,"c":1E+2}')
@example(b'{"a":2.2250738585072011e-308,"b":9007199254740993.0}')
def test_acceptable_is_what_the_standard_library_takes(raw):
    try:
        expected = json.loads(raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    except json.JSONDecodeError:
        expected = None
    found = parse(raw)
    if isinstance(expected, dict):
        assert same(found, expected)
    else:
        assert isinstance(found, Reject)
    if glance(raw) is not None:
        assert isinstance(expected, dict), "the fast parser takes more than is acceptable"
        assert is_within_bounds(raw)


def _deepest(raw):
    """How deep the brackets outside strings are nested, byte by byte."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in raw.decode("latin-1"):
        if in_string:
            in_string = escaped or byte != '"'
            escaped = byte == "\\" and not escaped
        elif byte == '"':
            in_string = True
        elif byte in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in "}]":
            depth -= 1
    return deepest


pieces = st.sampled_from(
    [b"[" * 150, b"]" * 150, b"[" * 60, b"]" * 60, b"{", b"}", b'"', b'""', b"\\", b"\\\\", b'\\"']
)


@given(
    st.recursive(
        st.sampled_from([b'"["', b'"\\""', b'"\\\\"', b'"]\\"]"', b'""', b"1"]),
        lambda inner: st.lists(inner, max_size=4).map(lambda items: b"[" + b",".join(items) + b"]"),
        max_leaves=20,
    ),
    st.integers(190, 210),
    st.lists(pieces, max_size=3).map(b"".join),
)
def test_how_deep_brackets_are_nested_is_told_outside_of_strings(inside, levels, text):
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    raw = b"[" * levels + b'"' + text + b'",' + inside + b"]" * levels
    assert is_too_deep(raw) == (_deepest(raw) > MAX_DEPTH)
