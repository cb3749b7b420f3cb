"""What each node means, over every kind of value."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine.compiler import operand, predicate
from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Nulls,
    Or,
    Recent,
)
from matcher.engine.patterns import like_test
from matcher.events.schema import Kind, Property
from tests.factories import PAYLOAD, key, make_event

MISSING = object()
X = key("x")


def holds(expression, value=MISSING, now=None, **fields):
    document = {} if value is MISSING else {"x": value}
    return predicate(expression, now)(make_event(document, **fields))


def compare(sign, value):
    return Compare(Comparison(sign), X, Constant(value))


@pytest.mark.parametrize("null", [MISSING, None, ""])
def test_null_satisfies_no_comparison_and_its_not_holds(null):
    for leaf in (
        *(compare(sign, "a") for sign in ("=", "!=", "<", "<=", ">", ">=")),
        compare("=", ""),
        Among(X, ("a", "")),
        Like(X, "%", caseless=True),
        Matches(X, ".*", caseless=False),
        InNetwork(X, ip_network("0.0.0.0/0")),
    ):
        assert not holds(leaf, null), leaf
        assert holds(Not(leaf), null), leaf
    assert holds(IsNull(X), null)


def test_what_is_not_null():
    for value in ("a", 0, False, [], {}):
        assert not holds(IsNull(X), value)


@pytest.mark.parametrize(
    ("sign", "constant", "value", "expected"),
    [
        ("=", "a", "a", True),
        ("=", "a", "A", False),
        ("=", "5", 5, True),
        ("=", 5, "5", True),
        ("=", "5.0", 5, True),
        ("=", "5", "5.0", False),
        ("=", "true", True, True),
        ("=", "True", True, True),
        ("=", "true", "true", True),
        ("=", "1", True, False),
        ("=", '{"a":1}', {"a": 1}, True),
        ("!=", "a", "b", True),
        ("!=", "a", "a", False),
        ("!=", 5, 6, True),
        ("<", 10, "9", True),
        ("<", "10", "9", True),
        ("<", "b", "a", True),
        (">=", 10, 10, True),
        (">", 10, "x", True),
        ("<=", 10, [], False),
        ("=", "1_0", 10, False),
    ],
)
def test_comparisons(sign, constant, value, expected):
    assert holds(compare(sign, constant), value) is expected


@pytest.mark.parametrize(
    ("values", "value", "expected"),
    [
        (("CreateUser",), "CreateUser", True),
        (("CreateUser",), "createuser", False),
        (("CreateUser",), "CreateUser ", False),
        ((5,), "5", True),
        (("5",), 5, True),
        ((5,), "x", False),
        (("a", "b"), "b", True),
    ],
)
def test_in_is_exact_and_case_sensitive(values, value, expected):
    assert holds(Among(X, values), value) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "like", "ilike"),
    [
        ("abc", "abc", True, True),
        ("abc", "xabc", False, False),
        ("a%", "abc", True, True),
        ("%c", "abc", True, True),
        ("%b%", "abc", True, True),
        ("%B%", "abc", False, True),
        ("a_c", "abc", True, True),
        ("a_c", "ac", False, False),
        ("%a%c%", "xxa\n\nc", True, True),
        ("a%b%c", "a1b2c", True, True),
        ("a%b%c", "acb", False, False),
        ("_", "\U0001f600", True, True),
        ("É", "é", False, True),
        ("%K%", "\u212a", False, False),
        ("%k%", "\u212a", False, False),
        ("İ", "i", False, False),
        ("a.c", "abc", False, False),
        ("%", "x\ny", True, True),
        ("%%b_%", "abcd", True, True),
    ],
)
def test_like_is_anchored_and_crosses_newlines(pattern, text, like, ilike):
    assert holds(Like(X, pattern, caseless=False), text) is like
    assert holds(Like(X, pattern, caseless=True), text) is ilike


@pytest.mark.parametrize(
    ("pattern", "text", "matches", "imatches"),
    [
        ("b+", "abbc", True, True),
        ("B+", "abbc", False, True),
        ("^b", "abc", False, False),
        ("É", "é", False, True),
        (r"^\w+$", "é", False, False),
        ("[A-C]", "b", False, True),
    ],
)
def test_matches_finds(pattern, text, matches, imatches):
    assert holds(Matches(X, pattern, caseless=False), text) is matches
    assert holds(Matches(X, pattern, caseless=True), text) is imatches


def test_networks_hold_addresses_alone():
    inside = InNetwork(X, ip_network("192.0.2.0/24"))
    assert holds(inside, "192.0.2.7")
    assert not holds(inside, "198.51.100.1")
    assert not holds(inside, "2001:db8::1")
    assert not holds(inside, "cloudformation.amazonaws.com")
    assert holds(InNetwork(X, ip_network("2001:db8::/32")), "2001:db8::1")
    assert holds(InNetwork(X, ip_network("10.0.0.0/8")), "::ffff:10.1.2.3")
    assert not holds(InNetwork(X, ip_network("10.0.0.0/8")), "::ffff:11.1.2.3")


def test_last_holds_on_a_stream_and_is_measured_against_a_given_now():
    day = Recent(86_400_000, "LAST 1 DAYS")
    assert holds(day, starttime=0)
    assert holds(day, starttime=1_000_000, now=1_000_000 + 86_400_000)
    assert not holds(day, starttime=999_999, now=1_000_000 + 86_400_000)
    assert holds(day, starttime=1_000_000, now=1_000_000)
    assert not holds(day, starttime=1_000_001, now=1_000_000)


def test_and_or_not_always():
    yes, no = Always(holds=True), Always(holds=False)
    assert holds(And((yes, Not(no))))
    assert not holds(And((yes, no)))
    assert holds(Or((no, yes)))
    assert not holds(Or(()))
    assert holds(And(()))


@pytest.mark.parametrize(
    ("raw", "pattern", "expected"),
    [
        (b'{"a":"roleAssignments/write"}', "%roleAssignments/write%", True),
        (b'{"a":"ROLEASSIGNMENTS/WRITE"}', "%roleAssignments/write%", True),
        (rb'{"a":"roleAssignments\/write"}', "%roleAssignments/write%", True),
        (rb'{"a":"role\u0041ssignments/write"}', "%roleAssignments/write%", True),
        (rb'{"a":"role\\u0041ssignments/write"}', "%roleAssignments/write%", False),
        (rb'{"a":"roleAssignments\/write"}', r"%roleAssignments\/write%", True),
        (b'{"a":"\xff roleAssignments/write"}', "%roleAssignments/write%", True),
        (b'{"a":"\xff"}', "%\ufffd%", True),
        (rb'{"a":"\u0022x"}', '%""x%', False),
    ],
)
def test_payload_is_read_raw_and_once_unescaped(raw, pattern, expected):
    expression = Like(PAYLOAD, pattern, caseless=True)
    assert holds(expression, raw=raw) is expected
    assert holds(Not(expression), raw=raw) is not expected


PARTS = st.sampled_from(
    [
        *(
            b"k",
            b"K",
            b"ab",
            b"AB",
            b"/",
            rb"\/",
            rb"\u0041",
            rb"\u006b",
            b"\\",
            b'"',
            b"\xff",
            b"\xc3",
        ),
        *("\u212a".encode(), "\u0130".encode(), "\ufffd".encode(), "é".encode(), rb"\u212a"),
    ]
)


@given(
    st.lists(PARTS).map(b"".join), st.sampled_from(["k", "K", "ab", "a", "bk", "kk/", "u0041", '"'])
)
def test_a_plain_part_of_the_payload_is_found_as_in_its_texts(inner, part):
    event = make_event(raw=b'{"x":"' + inner + b'"}')
    expected = any(like_test(f"%{part}%", caseless=True)(text) for text in event.payload.texts)
    assert predicate(Like(PAYLOAD, f"%{part}%", caseless=True))(event) is expected


def test_equal_and_matches_on_the_payload_read_both_texts_too():
    raw = rb'{"a":"b\/c"}'
    assert holds(Among(PAYLOAD, ('{"a":"b/c"}',)), raw=raw)
    assert holds(Compare(Comparison.EQUAL, PAYLOAD, Constant('{"a":"b/c"}')), raw=raw)
    assert holds(Matches(PAYLOAD, "b/c", caseless=False), raw=raw)
    assert holds(Matches(PAYLOAD, r"b\\/c", caseless=False), raw=raw)


@pytest.mark.parametrize("swapped", [False, True])
def test_equal_and_unequal_on_the_payload_are_opposites_on_both_sides(swapped):
    event = make_event(raw=rb'{"a":"x\/y"}')
    for text, expected in (('{"a":"x/y"}', True), (r'{"a":"x\/y"}', True), ("x", False)):
        sides = (Constant(text), PAYLOAD) if swapped else (PAYLOAD, Constant(text))
        assert predicate(Compare(Comparison.EQUAL, *sides))(event) is expected
        assert predicate(Compare(Comparison.UNEQUAL, *sides))(event) is not expected
    for null in (None, ""):
        sides = (Constant(null), PAYLOAD) if swapped else (PAYLOAD, Constant(null))
        assert not predicate(Compare(Comparison.UNEQUAL, *sides))(event)


def test_several_values_are_shown_as_json_values():
    raw = b'{"a":{"b":"line\\nbreak","c":[1.50,-0,1e400,"x"]}}'
    event = make_event({"a": 1}, raw=raw)
    held = Property("a", Kind.VALUES, lambda e: (e.payload.written["a"],))
    shown = operand(Field(held, "a"))(event)
    assert shown == {"b": "line\nbreak", "c": [1.5, 0, float("inf"), "x"]}
    assert [type(value) for value in shown["c"]] == [float, int, float, str]


def test_the_texts_of_a_field_are_made_once_for_an_event():
    """Thirty needles in a megabyte of JSON are one megabyte to write, not thirty."""
    reads = []

    def get(event):
        reads.append(event)
        return ({"a": "x"}, "\u00c9")

    field = Field(Property("a", Kind.VALUES, get), "a")
    needles = [Like(field, f"%{n}%", caseless=True, nulls=Nulls.SIGMA) for n in range(30)]
    holds = predicate(Or((*needles, Among(field, ("\u00e9",), Nulls.SIGMA, caseless=True))))
    first, second = make_event(), make_event()
    assert [holds(event) for event in (first, first, second)] == [True, True, True]
    assert len(reads) == 4, "for each event as patterns see it, and as equality does"


@pytest.mark.parametrize("node", [And, Or])
@pytest.mark.parametrize("wrap", [lambda leaf: leaf, lambda leaf: Not(Not(Or((leaf,))))])
def test_the_payload_is_not_searched_where_a_field_decides(node, wrap):
    payload = wrap(Like(PAYLOAD, "%needle%", caseless=True))
    decisive = Among(key("eventName"), ("CreateUser",))
    if node is And:
        decisive = Not(decisive)
    event = make_event({"eventName": "CreateUser"})
    read = set(vars(event.payload))
    assert predicate(node((payload, decisive)))(event) is (node is Or)
    assert set(vars(event.payload)) == read
