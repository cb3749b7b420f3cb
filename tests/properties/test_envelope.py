"""Laws 3, 4 and 5 of unwrapping, for any envelope; and both ways of splitting give the same."""

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.events.acceptable import parse
from matcher.events.envelope import Limits, Unwrapped, unwrap, unwrap_tolerantly
from matcher.events.record import RejectReason

GOOD = (
    b'{"eventName":"A","eventSource":"iam.amazonaws.com"}',
    b'{ "operationName" : "x/write", "properties" : {"a":[1,{"b":"]}"}]} }',
    '{"note":"ünïcode \\u003d \\/ \\"[{\\\\"}'.encode(),
    b'{"Message":"hello","message":"{}","source":"x","detail":5}',
    b'{"n":123456789012345678901234567890,"n":1.50}',
    b'{"Records":"no array","\\u0052ecords":7}',
    b"{}",
)
ODD = (
    b'{"a":"\\ud800"}',
    b'{"a":NaN,"b":-Infinity}',
    b'{"a":"\xff\xfe"}',
    b'{"\xc3":1e999}',
)
BAD = (
    (b"5", RejectReason.NOT_AN_OBJECT),
    (b"null", RejectReason.NOT_AN_OBJECT),
    (b'"text, [ and {"', RejectReason.NOT_AN_OBJECT),
    (b'[{"a":1}]', RejectReason.NOT_AN_OBJECT),
    (b'{"a":"\x01"}', RejectReason.NOT_JSON),
    (b'{"a":"line\nbreak"}', RejectReason.NOT_JSON),
    (b'{"n":%b}' % (b"7" * 4301), RejectReason.NUMBER_TOO_LONG),
    (b'{"a":' + b"[" * 201 + b"]" * 201 + b"}", RejectReason.TOO_DEEP),
    (b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}", RejectReason.TOO_DEEP),
)
REASONS = dict(BAD)

ARRAYS = {
    "Records": (b'{"Records":[', b"]}"),
    "records": (b'{"x":{"Records":[]},"records" : [ ', b' ],"y":"]}"}'),
    "value": (b'{"value":[{},', b'],"nextLink":null}'),
    "array": (b"[", b"]"),
    "escaped": (b'{"\\u0052ecords":[', b"]}"),
    "odd": (b'{"x":"\\udfff","Records":[', b'],"z":NaN}'),
    "deep": (b'{"Records":[', b'],"z":' + b"[" * 2000 + b"]" * 2000 + b"}"),
}
blanks = st.sampled_from([b"", b" ", b"\n", b"\r\n\t "])
good = st.sampled_from(GOOD + ODD)
bad = st.sampled_from([raw for raw, _ in BAD])


def units(found: Unwrapped) -> tuple:
    """Everything except the probes, which only the fast way has."""
    return [(event.raw, event.index) for event in found.events], found.rejects, found.skipped


def both(record: bytes) -> Unwrapped:
    """What the record is unwrapped to; checks that both ways agree."""
    found = unwrap(record)
    assert units(found) == units(unwrap_tolerantly(record))
    for event in found.events:
        assert isinstance(parse(event.raw), dict)
    indexes = [e.index for e in found.events] + [r.index for r in found.rejects]
    assert len(set(indexes)) == len(indexes)
    assert all(index < len(indexes) + len(found.skipped) for index in indexes)
    return found


@given(st.sampled_from(sorted(ARRAYS)), st.lists(good | bad, max_size=6), blanks)
def test_every_element_shows_up_once_in_its_place_with_its_bytes(kind, elements, blank):
    head, tail = ARRAYS[kind]
    before = [b"{}"] if kind == "value" and elements else []
    if kind == "value" and not elements:
        head = b'{"value":['
    separator = blank + b"," + blank
    found = both(blank + head + separator.join(elements) + tail + blank)
    seen = {event.index: event.raw for event in found.events}
    for reject in found.rejects:
        assert reject.reason is REASONS[reject.raw]
        assert reject.offset is None
        seen[reject.index] = reject.raw
    assert seen == dict(enumerate(before + elements))
    assert not found.skipped
    assert {reject.raw for reject in found.rejects} <= set(REASONS)


@given(st.sampled_from(sorted(ARRAYS)), good, st.binary(max_size=12), good)
def test_damage_never_costs_what_came_before_it(kind, before, damage, after):
    head, tail = ARRAYS[kind]
    record = head + before + b"," + damage + b"," + after + tail
    found = both(record)
    first = 1 if kind == "value" else 0
    assert (before, first) in [(event.raw, event.index) for event in found.events]


@given(st.lists(good | bad.filter(lambda raw: b"\n" not in raw), min_size=1, max_size=6), blanks)
def test_every_line_is_judged_alone(lines, blank):
    found = both(GOOD[0] + b"\n" + (blank + b"\n").join(lines) + b"\n")
    alone = [unwrap(line) for line in [GOOD[0], *lines]]
    assert [e.raw for e in found.events] == [e.raw for one in alone for e in one.events]
    assert [(r.reason, r.raw) for r in found.rejects] == [
        (r.reason, r.raw) for one in alone for r in one.rejects
    ]


def in_text(raw: bytes) -> bytes:
    return json.dumps(raw.decode()).encode()


def log_group(raw: bytes) -> bytes:
    return b'{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":%b}]}' % in_text(raw)


LAYERS = {
    "sns": lambda raw: b'{"Type":"Notification","Message":%b}' % in_text(raw),
    "cloudwatch": log_group,
    "lookup": lambda raw: b'{"EventId":"1","CloudTrailEvent":%b}' % in_text(raw),
    "eventbridge": lambda raw: b'{"detail-type":"x","source":"y","detail":%b}' % raw,
    "gzip": gzip.compress,
    "base64": lambda raw: base64.b64encode(gzip.compress(raw)),
    "awslogs": lambda raw: b'{"awslogs":{"data":"%b"}}' % base64.b64encode(gzip.compress(raw)),
}


@given(st.sampled_from(GOOD), st.lists(st.sampled_from(sorted(LAYERS)), max_size=3))
def test_an_event_comes_out_of_its_layers_with_its_own_bytes(event, layers):
    record = event
    for layer in layers:
        if record.startswith((b"{", b"[")) or layer == "gzip":
            record = LAYERS[layer](record)
    found = unwrap(record, Limits(max_layers=9))
    assert [e.raw for e in found.events] == [event]
    assert not found.rejects


# Where a bar stands, the event before it is complete.
CUT = {
    "Records": b'{"Records": [<1>|,\n<2>| , <3>|], "x": [true, -1.5e3, {"y": null}]}',
    "records": b'{"time":"x","records":[<1>|,<2>|]}',
    "value": b'{"@odata.context":"x","value":[<1>|,<2>|,<3>|]}',
    "array": b"[<1>|, <2>|, <3>|]",
    "eventbridge": b'{"version":"0","detail":<1>|,"detail-type":"AWS","source":"aws.iam"}',
    "cloudwatch": b'{"messageType":"x","logEvents":[{"message":"<1>"}|,{"message":"<2>"}|]}',
    "sns": b'{"Type":"Notification","Message":"<1>"|,"Timestamp":"2024"}',
    "lookup": b'{"Events":[{"CloudTrailEvent":"<1>"}|,{"CloudTrailEvent":"<2>"}|],"x":"y"}',
    "lines": b"<1>|\n<2>|\n<3>|\n",
    "odd": b'{"x":"\\udfff","Records":[<1>|,{"a":NaN},<2>|]}',
    "a line each": b'{"Records":[\n<1>|,\n<2>|,\n<3>|\n]}',
}
CUT_EVENTS = (
    b'{"eventName":"A","eventSource":"iam.amazonaws.com"}',
    b'{ "a" : [1.5, true, null, "\xc3\xa9 \\u003d \\ud83d\\ude00 ]}"], "b":{"c":[{}]} }',
    b'{"eventName":"B","x":-0.1E+7}',
)


def filled(template: bytes) -> tuple[bytes, list[int]]:
    """The record, and for each of its events the length from which on the event is complete."""
    for number, event in enumerate(CUT_EVENTS, 1):
        template = template.replace(b'"<%d>"' % number, in_text(event))
        template = template.replace(b"<%d>" % number, event)
    parts = template.split(b"|")
    ends = [sum(map(len, parts[: count + 1])) for count in range(len(parts) - 1)]
    return b"".join(parts), ends


@pytest.mark.parametrize("template", CUT.values(), ids=CUT.keys())
def test_wherever_a_record_is_cut_off_the_complete_events_come_out(template):
    record, ends = filled(template)
    for length in range(1, len(record)):
        found = both(record[:length])
        wanted = [event for event, end in zip(CUT_EVENTS, ends, strict=False) if end <= length]
        events = [e.raw for e in found.events if e.raw != b'{"a":NaN}']
        assert events == wanted, record[:length]
        assert len(found.rejects) <= 1
        if found.rejects:
            assert found.rejects[0].reason is RejectReason.TRUNCATED, record[:length]
        else:
            assert template.startswith(b"<1>")  # lines may end anywhere between two of them
    assert len(both(record).rejects) == 0


PIECES = (
    *(b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\0", b"{}\n"),
    *(b'{"Records":[', b'"Records":[{}],', b'"value":5,', b'"detail":{},', b'"Message":"{}",'),
)


@st.composite
def mutilated(draw):
    """Envelopes of all kinds with a few bytes replaced, removed or added."""
    template = draw(st.sampled_from(sorted(CUT.values())))
    raw = bytearray(filled(template)[0])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 3))] = draw(
            st.sampled_from(PIECES) | st.binary(max_size=2)
        )
    return bytes(raw)


@settings(max_examples=400)
@given(mutilated() | st.binary(max_size=40))
def test_whatever_the_bytes_both_ways_agree_and_something_comes_of_them(record):
    found = both(record)
    assert found.events or found.rejects or found.skipped or b"[" in record
