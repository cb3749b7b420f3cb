"""One broken element of an envelope costs itself, and nothing that is not an element is one."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcher.events.envelope import Limits, unwrap, unwrap_tolerantly
from matcher.events.record import RejectReason

FAKE = b'{"eventName":"FAKE","eventSource":"iam.amazonaws.com"}'
GOOD = (
    b'{"eventName":"A","eventSource":"iam.amazonaws.com"}',
    b'{ "time" : "t", "properties" : {"a":[1,{"b":"]}"}], "list":[{"c":1},{"d":2}]} }',
    json.dumps({"note": f"}},{FAKE.decode()},{{", "more": f"{FAKE.decode()}]}}"}).encode(),
    b'{"n":1,"brackets":"{","[":"},{","x":"]}"}',
)
EVEN = {
    "single quotes": b"""{"a":{'b':'c'}}""",
    "no value": b'{"a":1,"v":}',
    "no colon": b'{"a" 1}',
    "no comma between members": b'{"a":1 "b":2}',
    "a comma before the end": b'{"a":[1,],"b":{"c":1,}}',
    "two commas": b'{"a":1,,"b":2}',
    "a key without quotes": b"{a:1}",
    "a text without quotes": b'{"a":yes, "b":{"c":[{"d":1},{"e":2}]}}',
    "a word of another language": b'{"a":None,"b":True}',
    "an unknown escape": b'{"a":"\\x41"}',
    "a number of another language": b'{"a":0x1f}',
    "a comment": b'{"a":1 /* , */}',
    "a semicolon": b'{"a":1;"b":2}',
    "an object in a text": b'{"p":{"body":"{"Id":"1","more":{"a":"b"}}"}}',
    "events in a text": b'{"p":"got [%b,%b,%b] here"}' % (FAKE, FAKE, FAKE),
    "a word": b"oops",
    "a tag": b'<event name="x"/>',
    "a list that is none": b"[1;2]",
}
"""Quotes and brackets come out even."""
UNEVEN = {
    "no closing quote": b'{"a":"x,"b":1}',
    "no closing quote of the last text": b'{"a":"x}',
    "no closing quote of a key": b'{"a:{"b":1}}',
    "a quote in a text": b'{"a":"5" pipe"}',
    "a quote in a text, and events in another": b'{"a":"5" pipe","b":"[{},%b,%b]"}' % (FAKE, FAKE),
    "no closing brace": b'{"a":{"b":1}',
    "no closing bracket": b'{"a":[1,2}',
    "another bracket": b'{"a":1]',
    "no opening brace": b'"a":1}',
    "escaped once more": b'{\\"a\\":1}',
    "a brace too many inside": b'{"a":[{"b":1}},{"c":2}],"d":3}',
    "a bracket too many inside": b'{"a":[1]],"b":[{"c":1},{"d":2}]}',
}
"""What follows reads otherwise than it is meant."""
BROKEN = EVEN | UNEVEN
AROUND = {
    "array": (b"[", b"]"),
    "Records": (b'{"Records":[', b"]}"),
    "records": (b'{"a":[{}],"records" : [ ', b' ],"y":"]}","z":[{"b":1},{"c":2}]}'),
}


def unwrapped(record: bytes) -> tuple[list[bytes], list[bytes]]:
    """Events and rejects, the same by both ways; each reject stands where it says."""
    found = unwrap(record)
    other = unwrap_tolerantly(record)
    assert [e.raw for e in found.events] == [e.raw for e in other.events]
    assert found.rejects == other.rejects
    for reject in found.rejects:
        assert reject.offset is None or record.startswith(reject.raw, reject.offset)
    return [e.raw for e in found.events], [r.raw for r in found.rejects]


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_element_costs_itself(broken, around, place):
    good = [GOOD[0], GOOD[2], GOOD[1]]
    elements = [*good[:place], broken, *good[place:]]
    events, rejects = unwrapped(around[0] + b", ".join(elements) + around[1])
    assert events == good
    assert rejects == [broken] or (place == len(good) and rejects)


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize(
    ("broken", "rejected"),
    [
        (b"%b}, %b", b"}"), (b"%b,, %b", b","), (b"%b, %b,", b"]"), (b"%b; %b", b"; %b"),
        (b"%b}}}, %b", b"}}}"), (b"%b %b", None), (b",%b,%b", b","),
    ],
)  # fmt: skip
def test_what_is_wrong_between_two_elements_costs_neither(broken, rejected, around):
    if rejected == b"; %b":
        broken, rejected = b"%b;, %b", b";"
    record = around[0] + broken % GOOD[:2] + around[1]
    assert unwrapped(record) == (list(GOOD[:2]), [] if rejected is None else [rejected])


good = st.sampled_from(GOOD)
even = st.sampled_from(list(EVEN.values()))


@given(st.sampled_from(sorted(AROUND)), st.lists(good | even, max_size=8), st.data())
def test_each_of_many_broken_elements_costs_itself(kind, elements, data):
    """And of those after which the rest reads otherwise, one."""
    head, tail = AROUND[kind]
    if elements and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(elements) - 1))
        broken = data.draw(st.sampled_from(list(UNEVEN.values())))
        elements = [*elements[:at], GOOD[0], broken, GOOD[0], *elements[at:]]
    events, rejects = unwrapped(head + b",".join(elements) + tail)
    assert events == [element for element in elements if element in GOOD]
    assert rejects == [element for element in elements if element not in GOOD]


halves = UNEVEN["no opening brace"]  # together with one that lacks its closing brace it is whole
anything = st.sampled_from([b"", b"}", b'"', *(raw for raw in BROKEN.values() if raw != halves)])


@example("records", [UNEVEN["a brace too many inside"], GOOD[0], EVEN["no value"]], 107)
@example("Records", [UNEVEN["a brace too many inside"]] * 2, 33)
@settings(max_examples=400)
@given(st.sampled_from(sorted(AROUND)), st.lists(good | anything, max_size=8), st.integers(0, 400))
def test_no_event_is_invented(kind, elements, cut):
    """Whatever breaks, and wherever the text is cut off: nothing in a string is an event."""
    head, tail = AROUND[kind]
    record = head + b",".join(elements) + tail
    for text in (record, record[: max(0, len(record) - cut)]):
        if text.endswith(UNEVEN["a brace too many inside"]):
            continue  # it reads as an envelope that ends there, with an element less broken
        events, _ = unwrapped(text)
        assert FAKE not in events
        assert set(events) <= set(GOOD)


@given(st.lists(good, min_size=1, max_size=4), st.lists(st.integers(0, 900), max_size=4), st.data())
def test_no_event_is_invented_of_damaged_ones(elements, places, data):
    record = bytearray(b'{"Records":[' + b",".join(elements) + b"]}")
    for place in places:
        at = place % len(record)
        record[at : at + 1] = data.draw(st.sampled_from([b"", b'"', b"{", b"}", b",", b"]", b"\\"]))
    events, _ = unwrapped(bytes(record))
    assert FAKE not in events


@pytest.mark.parametrize(
    "broken",
    [
        b'{"body":"{"a":1},%b' % FAKE,
        b'{"body":"here: [ {"a":1},%b' % FAKE,
        b'{"body":"as sent {"a":1},%b' % FAKE,
    ],
)
def test_a_text_that_was_not_escaped_and_is_cut_off_is_no_event(broken):
    """The rest reads as if the text were elements and the envelope ended with it."""
    events, rejects = unwrapped(b'{"Records":[%b,%b]}' % (GOOD[0], broken))
    assert events == [GOOD[0]]
    assert rejects == [broken + b"]}"]


def test_a_reading_that_swaps_strings_and_what_stands_between_them_is_not_followed():
    """Each key would then be a comma or a colon of the real text."""
    swapped = b'{"a":"},{",":":","x":"}"}'
    events, _ = unwrapped(b'[{"a":"x}},%b,%b]' % (swapped, GOOD[0]))
    assert set(events) <= {swapped, GOOD[0]}


def test_what_is_skipped_counts_as_units():
    record = b"[{}" + b",x" * 10 + b',{"a":1}]'
    assert len(unwrapped(record)[1]) == 10
    found = unwrap(record, Limits(max_units=6))
    assert [r.reason for r in found.rejects] == [RejectReason.TOO_MANY_UNITS]
