"""Every property is there, and what it promises the literal prefilter holds."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.normalize import normalize
from matcher.events.properties import CustomProperty, json_text
from matcher.events.schema import Kind
from tests.events.documents import DOCUMENTS, written
from tests.events.promises import check_promises

DEFAULT = Catalogue.load()
NAMES = """
qid category highLevelCategory logsourceid deviceType devicegrouplist startTime deviceTime endTime
userName sourceIP sourceaddress sourcev6 destinationIP destinationaddress destinationv6 sourcePort
destinationPort sourceMAC destinationMAC preNatSourceIP preNatSourcePort preNatDestinationIP
preNatDestinationPort postNatSourceIP postNatSourcePort postNatDestinationIP postNatDestinationPort
identityip identityhostname hasIdentity severity credibility relevance magnitude eventCount
eventDirection payload protocolID processorId domainID duration hasOffense isCREEvent isduplicate
isunparsed creEventList partialMatchList partialorMatchList pcappacket adekey adevalue
geographiclocation sourcegeographiclocation destinationgeographiclocation logsourceidentifier
qidname categoryname logsourcename logsourcetypename
"""
FIELDS = NAMES.split()


@pytest.fixture(scope="module")
def renaming(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "qid_names.tsv").write_text(
        "kind\toperation\tname\tqid\tcategory\n"
        "cloudtrail\tCreateUser\tA User Is Made\t\t\n"
        "cloudtrail\tAssumeRole\tA User Is Made\t\t\n"
        "azure_activity\tMicrosoft.Compute/virtualMachines/write\tMachine Written\t\t\n"
        "entra_audit\tAdd user\tUser Added\t\t\n"
        "entra_signin\tSign-in activity\tLogged On\t\t\n"
        "unknown\trenamed thing\tThing\t\t\n"
    )
    (folder / "properties.yml").write_text(
        "Any Identity: {paths: [identity, userIdentity], anything: true}\n"
        "Any Level: {paths: [level, result], anything: true}\n"
        "Plain Level: [level, result, properties.result]\n"
    )
    return [
        Catalogue.load(profile, directory)
        for profile in ("default", "qradar-stock")
        for directory in (None, folder)
    ]


def event_of(document, catalogue=DEFAULT):
    return normalize(RawEvent(json.dumps(document).encode(), 0, None), 77, catalogue)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_an_event_is_found_in_any_case(name):
    table = DEFAULT.properties
    found = table.find(name)
    assert found is table.find(name.upper()) is table.by_field[name.lower()]
    found.get(event_of({}))


def test_what_a_cloud_event_never_has():
    event = event_of({"eventSource": "iam.amazonaws.com", "sourceIPAddress": "2001:db8::1"})
    values = {name: DEFAULT.properties.find(name).get(event) for name in FIELDS}
    assert values["sourcePort"] == values["duration"] == 0
    assert values["destinationIP"] is values["identityhostname"] is None
    assert values["hasOffense"] is False
    assert (values["eventCount"], values["credibility"], values["magnitude"]) == (1, 5, 4)
    assert values["devicegrouplist"] == []
    assert values["endTime"] == values["startTime"] == 77
    assert values["sourcev6"] == values["sourceIP"] == "2001:db8::1"
    assert (values["deviceType"], values["logsourcetypename"]) == (347, "Amazon AWS CloudTrail")
    assert DEFAULT.properties.find("highlevelcategoryname").get(event) == "Audit"
    assert DEFAULT.properties.find("payload").kind is Kind.PAYLOAD


def test_custom_properties():
    event = event_of(
        {
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "errorCode": "AccessDenied",
            "awsRegion": "eu-west-1",
            "userAgent": ["a", {"b": 1.5}],
            "readOnly": False,
            "sourceIPAddress": "AWS Internal",
            "eventVersion": 1.08,
            "userIdentity": {
                "type": "AssumedRole",
                "accountId": 111122223333,
                "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
                "sessionContext": {"sessionIssuer": {"userName": "Admin"}},
            },
        }
    )
    expected = {
        "Error Code": "AccessDenied",
        "aws region": "eu-west-1",
        "USER AGENT": '["a",{"b":1.5}]',
        "Event Source": "iam.amazonaws.com",
        "Account ID": "111122223333",
        "Session Name": "alice",
        "Role Name": "Admin",
        "sourceIPAddress": "AWS Internal",
        "Read Only": False,
        "Event Version": None,
        "Request Parameters": None,
    }
    table = DEFAULT.properties
    assert {name: table.find(name).get(event) for name in expected} == expected
    assert table.find("No Such Property") is None


def test_arcsight_names_are_aliases_only():
    table = DEFAULT.properties
    assert table.find("deviceCustomString1") is None
    assert table.find_alias("deviceCustomString1") is table.find("Error Code")
    assert table.find_alias("DEVICECUSTOMSTRING2") is table.find("AWS Region")
    assert table.find_alias("deviceCustomString3") is None
    azure = event_of({"operationName": "a/b/write", "resultType": "Start", "location": "global"})
    assert table.find_alias("deviceCustomString1").get(azure) == "Start"
    assert table.find_alias("deviceCustomString2").get(azure) == "global"


def test_every_name_can_be_found():
    names = DEFAULT.properties.names()
    assert len(names) == len(set(names)) > 100
    assert all(DEFAULT.properties.find(name).name == name for name in names)


def test_the_prefilter_gets_the_names_of_the_rule_and_the_sources_of_renamed_ones(renaming):
    default, renamed, stock, _ = renaming
    name = default.properties.find("qidname")
    assert name.verbatim("CreateUser")
    assert name.derived(lambda v: v == "CreateUser") == frozenset()
    assert name.derived(lambda v: v == "Sign-in activity") is None
    name = renamed.properties.find("qidname")
    assert name.derived(lambda v: v == "A User Is Made") == {"CreateUser", "AssumeRole"}
    assert name.derived(lambda v: v == "Logged On") is None
    name = stock.properties.find("qidname")
    assert name.verbatim("Add member to group")
    assert not name.verbatim("group-success")
    assert not name.verbatim("success")


def test_json_text_shows_no_tail_of_an_escape():
    assert json_text({"a": '\nbad\x1bc"\\n'}) == '{"a":"\nbad\x1bc\\"\\\\n"}'


@settings(max_examples=300)
@given(DOCUMENTS, st.randoms(use_true_random=False), st.sampled_from([0, 0.05, 0.7]))
def test_what_a_property_promises_stands_in_the_event(renaming, document, random, share):
    raw = written(document, lambda: random.random() < share)
    for catalogue in renaming:
        check_promises(normalize(RawEvent(raw, 0, None), 77, catalogue), catalogue)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("resources[0].ARN", "a"),
        ("resources[1].ARN", "b"),
        ("resources[-1].ARN", None),
        ("resources[3].ARN", None),
        ("resources[-4].ARN", None),
        ("resources[].ARN", "a"),
        ("resources[*].type", "t"),
        ("resources{}.type", "t"),
        ("resources[].tags[-1]", "y"),
        ("resources.ARN", None),
        ("one[0].ARN", None),
        ("deep.list[1][0]", "z"),
        ([["resources[0]", "ARN"]], "plain key"),
    ],
)
def test_brackets_in_a_path_choose_a_member_of_a_list(path, expected):
    document = {
        "eventName": "A",
        "resources": [{"ARN": "a"}, {"arn": "b", "type": "t"}, {"tags": ["x", "y"]}],
        "one": {"ARN": "c"},
        "deep": {"list": [0, ["z"]]},
        "resources[0]": {"ARN": "plain key"},
    }
    event = normalize(RawEvent(json.dumps(document).encode(), 0, None), 0, Catalogue.load())
    assert CustomProperty.of("P", path).read(event) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("resources[0].ARN", "a"),
        ("resources[].type", "t"),
        ("resources{}.type", "t"),
        ("resources[-1].modified[0].name", "n"),
        ("resources.ARN", None),
        ("object[0].ARN", None),
        ("object.ARN", "o"),
        ("one[0].ARN", "in a member"),
        ("escaped[0]", None),
        ("escaped[1]", "b"),
        ("escaped[2].x", None),
        ("escaped[2].y", "c"),
        ("broken[0]", None),
        ("twice[0].inner[0]", "d"),
    ],
)
def test_a_path_enters_a_list_that_stands_as_text(path, expected):
    resources = [{"ARN": "a"}, {"type": "t", "modified": [{"name": "n"}]}]
    document = {
        "eventName": "A",
        "resources": json.dumps(resources),
        "object": json.dumps({"ARN": "o"}),
        "one": [json.dumps({"ARN": "in a member"})],
        "escaped": '["\\u0061", "b", {"x": "\\u0061", "y": "c"}]',
        "broken": '["a"',
        "twice": [{"inner": '["d"]'}],
    }
    event = normalize(RawEvent(json.dumps(document).encode(), 0, None), 0, Catalogue.load())
    assert CustomProperty.of("P", path).read(event) == expected
