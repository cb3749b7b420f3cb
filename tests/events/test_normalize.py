import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from tests.cases.normalize import CASES
from tests.events.documents import DOCUMENTS

DEFAULT = Catalogue.load()


def normalized(raw, catalogue=DEFAULT):
    return normalize(RawEvent(raw, 0, None), 77, catalogue)


@pytest.mark.parametrize(
    ("event", "expected"), [pytest.param(e, x, id=name) for name, e, x in CASES]
)
def test_fields(event, expected):
    raw = json.dumps(event).encode()
    found = normalized(raw)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.starttime == 77
    assert found.payload.raw is raw


@given(DOCUMENTS)
def test_odd_types_are_survived_and_the_event_is_a_function_of_its_bytes(document):
    raw = json.dumps(document).encode()
    one, two = normalized(raw), normalized(raw)
    assert {f: getattr(one, f) for f in one.__struct_fields__ if f != "payload"} == {
        f: getattr(two, f) for f in two.__struct_fields__ if f != "payload"
    }
    assert isinstance(json.loads(one.uid.encode("utf-8")), list)
    for name in ("username", "qidname", "sourceip", "errorcode", "region", "account"):
        assert getattr(one, name) is None or isinstance(getattr(one, name), str)


@given(st.binary(max_size=60))
def test_only_what_is_not_acceptable_is_rejected(raw):
    try:
        acceptable = isinstance(json.loads(raw.decode("utf-8", "replace")), dict)
    except ValueError:
        acceptable = raw.startswith(b"\xef\xbb\xbf") and raw[3:].strip()[:1] == b"{"
    assert isinstance(normalized(raw), Reject) is not acceptable


def test_without_id_and_correlation_the_bytes_identify_the_event():
    raw = b'{"a": 1}'
    assert json.loads(normalized(raw).uid)[1] == sha256(raw).hexdigest()
    assert normalized(raw).uid != normalized(b'{"a": 2}').uid


def test_the_stock_profile_joins_activity_and_result():
    stock = Catalogue.load("qradar-stock")
    audit = {"category": "AuditLogs", "properties": {"activityDisplayName": "Add member to group"}}
    for result, name in (
        ("success", "Add member to group-success"),
        ("timeout", "Add member to group-timeout"),
        (0, "Add member to group-success"),
        (None, "Add member to group"),
        ({}, "Add member to group"),
    ):
        audit["properties"]["result"] = result
        found = normalized(json.dumps(audit).encode(), stock)
        assert (found.qidname, found.category) == (name, 3036)
    assert found.log_source_type.name == "Microsoft Azure Active Directory"


@pytest.mark.parametrize(
    ("event", "starttime", "expected"),
    [
        ({"eventName": "A", "eventTime": "2024-05-01T10:00:00Z"}, None, 1_714_557_600_000),
        ({"eventName": "A", "eventTime": "no time"}, None, 0),
        ({"eventName": "A", "eventTime": "2024-05-01T10:00:00Z"}, 0, 0),
    ],
)
def test_without_a_start_time_the_events_own_stands_for_it(event, starttime, expected):
    raw = json.dumps({**event, "awsRegion": "eu-west-1"}).encode()
    assert normalize(RawEvent(raw, 0, None), starttime, DEFAULT).starttime == expected


def test_the_log_source_may_be_told():
    raw = b'{"category": "AuditLogs", "id": "1"}'
    event = RawEvent(raw, 0, None)
    found = normalize(event, 77, DEFAULT, attribute(event))
    assert found.log_source_type.name == "Azure Audit Log"
    assert found.uid == normalized(raw).uid
