"""What is in a record, by table; the bounds; and the public corpus."""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from matcher.events import json_text, opening
from matcher.events.envelope import (
    Limits,
    Unwrapped,
    unwrap,
    unwrap_tolerantly,
)
from matcher.events.probe import EVENT_KEYS
from matcher.events.record import RejectReason, SkipReason
from tests.work import calls

E = '{"eventName":"A","eventSource":"iam.amazonaws.com"}'
F = r'{"properties": {"note":"Ünïcode \u003d \/ \"q\""},"n":12345678901234567890 }'
CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "envelopes.yml").read_text("utf-8"))

PACKED = {
    "gzip": gzip.compress,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "utf-16-be": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "utf-16-le-bare": lambda data: data.decode().encode("utf-16-le"),
    "utf-16-be-bare": lambda data: data.decode().encode("utf-16-be"),
    "base64": base64.b64encode,
    "awslogs": lambda data: b'{"awslogs":{"data":"%b"}}' % data,
    "pubsub": lambda data: b'{"data":"%b","publishTime":"t"}' % base64.b64encode(data),
    "push": lambda data: (
        b'{"message":{"data":"%b","messageId":"1"},"subscription":"projects/p/subscriptions/s"}'
        % base64.b64encode(data)
    ),
    "sns": lambda data: json.dumps({"Message": data.decode()}).encode(),
}


def written(text: str) -> bytes:
    for name, event in (("<E>", E), ("<F>", F)):
        text = text.replace(f'"{name}"', json.dumps(event, ensure_ascii=False))
        text = text.replace(name, event)
    return text.encode()


def units(found: Unwrapped) -> tuple:
    """Everything but the probes, which only the fast way has."""
    events = [(event.raw, event.index) for event in found.events]
    return events, found.rejects, found.skipped


@pytest.mark.parametrize("way", [unwrap, unwrap_tolerantly])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_record_is_unwrapped_to(case, way):
    record = written(case["record"])
    for packing in case.get("then", ()):
        record = PACKED[packing](record)
    found = way(record)
    assert [event.raw for event in found.events] == [written(e) for e in case.get("events", ())]
    rejects = [
        [reject.index, str(reject.reason), *([] if reject.offset is None else [reject.offset])]
        for reject in found.rejects
    ]
    assert rejects == case.get("rejects", [])
    assert [str(reason) for reason in found.skipped] == case.get("skipped", [])


def test_what_begins_as_utf_16_and_is_not_is_rejected_with_its_own_bytes():
    for value in (b"\xff\xfe\x00", b"\xff\xfe\x00\xd8", b"\xfe\xff\xdc\x00{}"):
        (reject,) = unwrap(value).rejects
        assert reject.raw == value
        assert units(unwrap(value)) == units(unwrap_tolerantly(value))


def test_a_tombstone_is_skipped():
    assert unwrap(None).skipped == [SkipReason.TOMBSTONE]
    assert units(unwrap(None)) == units(unwrap_tolerantly(None))


def test_the_index_counts_every_unit_in_order():
    s3 = '{"eventSource":"aws:s3","s3":{}}'
    found = unwrap(f'{{"Records":[{E},5,{s3},{E},{{"a":"\x01"}},{E}]}}'.encode())
    assert [event.index for event in found.events] == [0, 3, 5]
    assert [reject.index for reject in found.rejects] == [1, 4]


def test_an_event_has_a_probe_where_the_fast_parser_takes_it():
    found = unwrap(b'{"Records":[{"eventName":"A","log":"x"},{"a":NaN}]}')
    assert bytes(found.events[0].probe.eventName) == b'"A"'
    assert found.events[1].probe is None


def test_bytes_that_are_not_utf8_stay_as_they_are():
    odd = b'{"eventName":"\xff\xfe"}'
    record = b'{"Records":[%b,{"a":"\\ud800"},%b]}' % (odd, E.encode())
    assert [event.raw for event in unwrap(record).events] == [
        odd,
        b'{"a":"\\ud800"}',
        E.encode(),
    ]


def test_the_rest_of_a_broken_envelope_is_one_reject_with_its_bytes():
    (reject,) = unwrap(f'  {{"Records":[{E}, {{"a":'.encode()).rejects
    assert reject.reason is RejectReason.TRUNCATED
    assert reject.raw == b'{"a":'
    assert reject.offset == len(f'  {{"Records":[{E}, ')


def test_a_deep_neighbour_costs_itself():
    deep = '{"a":' + "[" * 20_000 + "]" * 20_000 + "}"
    found = unwrap(f'{{"Records":[{E},{deep},{F}],"x":{"[" * 999}{"]" * 999}}}'.encode())
    assert [event.raw for event in found.events] == [E.encode(), F.encode()]
    assert [(r.index, r.reason) for r in found.rejects] == [(1, RejectReason.TOO_DEEP)]


def test_an_endless_number_costs_itself():
    number = '{"n":' + "7" * 4301 + "}"
    found = unwrap(f'{{"Records":[{E},{number},{F}]}}'.encode())
    assert [event.index for event in found.events] == [0, 2]
    assert found.rejects[0].reason is RejectReason.NUMBER_TOO_LONG


@pytest.mark.parametrize("packing", ["gzip", "base64"])
def test_a_gzip_bomb_is_rejected_before_it_is_inflated(packing):
    bomb = gzip.compress(b" " * (8 << 20))
    record = bomb if packing == "gzip" else base64.b64encode(bomb)
    found = unwrap(record, Limits(max_inflated_bytes=1 << 20))
    assert [reject.reason for reject in found.rejects] == [RejectReason.INFLATES_TOO_LARGE]
    assert found.rejects[0].raw == record


def test_the_inflated_bytes_of_a_record_are_counted_in_all():
    part = base64.b64encode(gzip.compress(b'{"a":"%b"}' % (b"x" * 600)))
    record = b"\n".join([b'{"awslogs":{"data":"%b"}}' % part] * 3)
    found = unwrap(record, Limits(max_inflated_bytes=1300))
    assert len(found.events) == 2
    assert [reject.reason for reject in found.rejects] == [RejectReason.INFLATES_TOO_LARGE]


@pytest.mark.parametrize("way", [unwrap, unwrap_tolerantly])
@pytest.mark.parametrize(
    "text",
    [
        *(b"[%b]" % b",".join([b"{}"] * 6), b"{}\n" * 6, b"{}" * 6, b"[1,2,3,4,5,6]", b"1\n" * 6),
        *(b'{"Records":[{},{},{},{},{},{}]}', b'{"Records":[{},{},{},{},{},{},'),
        *(b'{"Records":[{},{},{}],"Records":[{},{},{}]}', b"\n \n{}\n\n{}\nx\n{}\n{}\n{}"),
    ],
)
def test_a_record_of_too_many_units_is_one_reject(way, text):
    for record in (text, gzip.compress(text)):
        found = way(record, Limits(max_units=5))
        assert not found.events
        assert [r.reason for r in found.rejects] == [RejectReason.TOO_MANY_UNITS]
        assert found.rejects[0].raw == record
        allowed = way(record, Limits(max_units=7))
        assert units(allowed) == units(way(record))


def test_the_number_of_layers_is_a_setting():
    record = json.dumps({"Message": f'{{"Records":[{E}]}}'}).encode()
    assert len(unwrap(record, Limits(max_layers=2)).events) == 1
    (reject,) = unwrap(record, Limits(max_layers=1)).rejects
    assert reject.reason is RejectReason.NESTED_TOO_OFTEN


def test_size_alone_is_no_reason():
    large = b'{"eventName":"A","x":"%b","n":[%b]}' % (b"y" * 5_000_000, b"1," * 50_000 + b"1")
    assert [event.raw for event in unwrap(large).events] == [large]


def test_an_envelope_of_a_hundred_thousand_events():
    found = unwrap(b'{"Records":[%b]}' % b",".join([E.encode()] * 100_000))
    assert len(found.events) == 100_000
    assert found.events[-1].index == 99_999


GROWING = {
    "brackets": lambda n: b"[" * n,
    "objects": lambda n: b'{"a":' * n,
    "nested": lambda n: b"[" * n + b"]" * n,
    "quotes": lambda n: b'[[["' + b'\\"' * n,
    "an envelope that breaks": lambda n: b'{"Records":[' + b'{"a":"b"},' * (n // 10),
    "one event that breaks": lambda n: b'{"eventName":"A","x":[' + b'{"a":"b"},' * (n // 10),
    "deep elements": lambda n: b"[%b]" % b",".join([b"[" * 1500 + b"]" * 1500] * (n // 3000)),
    "bad lines": lambda n: b'{"a":1}\n' + b'{"a":\n' * (n // 6),
    "bad lines alone": lambda n: b'{"a"\n' * (n // 5),
    "repeated keys": lambda n: b"{%b}" % b",".join([b'"Records":[]'] * (n // 13)),
    "nested envelopes": lambda n: b'{"Records":[' * (n // 12),
    "blanks": lambda n: b"[" + b" " * n,
    "small gzips": lambda n: gzip.compress(b"{}") * (n // 22),
    "log streams": lambda n: b"{LogStreamName: x\n" * (n // 18),
    "broken elements": lambda n: b"[" + b'{"a":b},{"a":1},' * (n // 16) + b"{}]",
    "commas": lambda n: b"[" + b"," * n + b"{}]",
    "elements without a quote": lambda n: b"[" + b'{"a":"x,"b":1},{"a":1},' * (n // 23) + b"{}]",
    "objects in a broken element": lambda n: (
        b'[{"a":b,"c":[' + b'{"a":1},' * (n // 8) + b"{}]},{}]"
    ),
    "lists that are open": lambda n: b"[{}" + b',{"a":1},[x' * (n // 11) + b',{"a":1}]',
    "broken arrays": lambda n: (
        b"{" + b'"Records":[{"a":"x,"b":1},{"a":1}],' * (n // 35) + b'"a":1}'
    ),
    "lines of sns": lambda n: b'{"Message":"[[[[","Message":"{\\""}\n' * (n // 34),
}


@pytest.fixture
def work(monkeypatch):
    """The work that unwrapping a record does: the bytes that its parsers look at, and the calls."""
    looked_at = 0

    def scan(text, start, scan=json_text._scan):
        nonlocal looked_at
        try:
            value, end = scan(text, start)
        except json.JSONDecodeError as error:
            looked_at += max(error.pos, start) - start
            raise
        except RecursionError:
            looked_at += 1000
            raise
        looked_at += end - start
        return value, end

    def parsing(parse):
        def counted(text, *rest):
            nonlocal looked_at
            looked_at += len(text)
            return parse(text, *rest)

        return counted

    monkeypatch.setattr(json_text, "_scan", scan)
    for name in ("glance", "_decode_array", "gunzip", "text_of"):
        monkeypatch.setattr(opening, name, parsing(getattr(opening, name)))

    def counted(record):
        nonlocal looked_at
        looked_at = 0
        called = calls(lambda: unwrap(record))
        return looked_at + called

    return counted


@pytest.mark.parametrize("shape", GROWING.values(), ids=GROWING.keys())
def test_four_times_the_bytes_cost_about_four_times_as_much(shape, work):
    """16 times as much would be quadratic."""
    assert work(shape(400_000)) < 6 * work(shape(100_000))


@pytest.mark.corpus
def test_every_record_of_the_corpus_is_accounted_for(corpus):
    summary: dict[str, Counter[str]] = {}
    for file in sorted(corpus.glob("*.jsonl.gz")):
        kind = file.name.removesuffix(".jsonl.gz").split("__")[0]
        counts = summary.setdefault(kind, Counter())
        for line in gzip.decompress(file.read_bytes()).splitlines():
            found = unwrap(line)
            assert units(found) == units(unwrap_tolerantly(line))
            if kind not in ("env_cwlogs", "streamalert_cases"):  # which hold text in strings
                assert all(event.raw in line for event in found.events)
            counts["records"] += 1
            counts["events"] += len(found.events)
            counts.update(f"skipped {reason}" for reason in found.skipped)
            counts.update(f"rejected {reject.reason}" for reject in found.rejects)
            assert found.events or found.rejects or found.skipped
    for kind, counts in summary.items():
        print(kind, dict(counts))  # noqa: T201 - shown with -s
    assert summary["malformed_not_json"]["rejected not_json"] == 1
    assert summary["cloudtrail_digest"]["skipped digest"] == 1
    assert summary["env_cwlogs"]["skipped control_message"] == 1
    assert sum(sum(v for k, v in c.items() if "rejected" in k) for c in summary.values()) == 1
    assert summary["env_records"]["events"] > summary["env_records"]["records"]


@pytest.mark.parametrize("key", EVENT_KEYS)
def test_a_key_that_only_an_event_has_tells_an_event_whole_or_broken(key):
    """What such an object holds is its own, and a text that breaks behind the key is an event."""
    event = json.dumps({key: "x", "message": E})
    assert [one.raw.decode() for one in unwrap(event.encode()).events] == [event]
    broken = json.dumps({"message": f'{{"{key}":"x","a":'}).encode()
    assert [reject.reason for reject in unwrap(broken).rejects] == [RejectReason.TRUNCATED]
