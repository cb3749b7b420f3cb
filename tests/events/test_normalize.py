import json
import re
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.normalize import NormalizationError, normalize
from matcher.events.record import Reject
from matcher.events.schema import Event
from matcher.events.sources import BY_KIND, SourceKind
from tests.cases.normalize import CASES
from tests.events.documents import DOCUMENTS

DEFAULT = Catalogue.load()
COMPARED = tuple(Event.__annotations__.keys() - {"payload"})


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
    assert {f: getattr(one, f) for f in COMPARED} == {f: getattr(two, f) for f in COMPARED}
    assert isinstance(json.loads(one.uid.encode("utf-8")), list)
    for name in ("username", "qidname", "sourceip", "errorcode", "region", "account"):
        assert getattr(one, name) is None or isinstance(getattr(one, name), str)


@given(DOCUMENTS, st.permutations(COMPARED), st.sampled_from([None, 77]))
def test_the_order_in_which_fields_are_asked_for_changes_nothing(document, order, starttime):
    event = RawEvent(json.dumps(document).encode(), 0, None)
    found = normalize(event, starttime, DEFAULT)
    asked = {name: getattr(found, name) for name in order}
    alone = {name: getattr(normalize(event, starttime, DEFAULT), name) for name in COMPARED}
    assert asked == alone
    assert all(asked[name] is getattr(found, name) for name in order)


def test_nothing_is_computed_before_it_is_asked_for(monkeypatch):
    asked = []
    extract = BY_KIND[SourceKind.CLOUDTRAIL].extract
    spied = replace(
        BY_KIND[SourceKind.CLOUDTRAIL],
        extract=lambda document: asked.append(1) or extract(document),
    )
    monkeypatch.setitem(BY_KIND, SourceKind.CLOUDTRAIL, spied)
    found = normalized(b'{"eventName": "A", "awsRegion": "eu-west-1"}')
    assert found.document["eventName"] == "A"
    assert found.log_source_type.name == "Amazon AWS CloudTrail"
    assert asked == []
    assert (found.qidname, found.region, found.uid[:5]) == ("A", "eu-west-1", "[347,")
    assert asked == [1]


@pytest.mark.parametrize("field", ["qidname", "uid", "logsourcename", "starttime", "properties"])
def test_a_field_that_cannot_be_computed_says_so_each_time(monkeypatch, field):
    def broken(_document):
        raise KeyError(field)

    monkeypatch.setitem(
        BY_KIND, SourceKind.UNKNOWN, replace(BY_KIND[SourceKind.UNKNOWN], extract=broken)
    )
    found = normalize(RawEvent(b"{}", 0, None), None, DEFAULT)
    for _ in range(2):
        with pytest.raises(NormalizationError) as raised:
            getattr(found, field)
        assert isinstance(raised.value.__cause__, KeyError)


def test_a_replaced_field_stays_and_the_event_it_came_from_too():
    found = normalized(b'{"eventName": "A", "awsRegion": "eu-west-1"}')
    other = found.replaced(region="here")
    assert (other.qidname, other.region, other.account) == ("A", "here", None)
    assert (found.qidname, found.region) == ("A", "eu-west-1")


@given(DOCUMENTS)
def test_an_operation_reads_the_same_alone_as_with_all_fields(document):
    alone = [source for source in BY_KIND.values() if source.operation is not None]
    assert len(alone) > 1
    for source in alone:
        found = source.extract(document)
        assert (source.operation(document), None) == (found.operation, found.result)


@given(st.binary(max_size=60))
def test_only_what_is_not_acceptable_is_rejected(raw):
    try:
        acceptable = isinstance(json.loads(raw.decode("utf-8", "replace")), dict)
    except ValueError:
        acceptable = raw.startswith(b"\xef\xbb\xbf") and raw[3:].strip()[:1] == b"{"
    assert isinstance(normalized(raw), Reject) is not acceptable


@given(st.lists(st.text(st.characters() | st.sampled_from("\ud800\udfff")), min_size=4, max_size=4))
def test_the_identity_is_json_as_the_standard_library_writes_it(texts):
    """Alerts are told apart by it, so it is the same in every version."""
    names = ("eventID", "eventName", "recipientAccountId", "errorCode")
    fields = json.loads(json.dumps({n: t for n, t in zip(names, texts, strict=True) if t}))
    document = {"eventVersion": "1", "awsRegion": "r", "eventTime": "x", **fields}
    raw = json.dumps({"userIdentity": {}, "eventName": "", **document}).encode()
    found = normalized(raw)
    identity, operation, account, status = map(fields.get, names)
    identity = identity or sha256(raw).hexdigest()
    parts = [347, identity, operation, "x", account, status, None]
    expected = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    assert found.uid == re.sub("[\ud800-\udfff]", "\ufffd", expected)


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
