import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events import acceptable
from matcher.events.attribution import attribute, classify
from matcher.events.envelope import RawEvent
from matcher.events.probe import glance
from matcher.events.record import Reject
from matcher.events.sources import SourceKind
from tests.events.documents import DOCUMENTS, written

TRAIL = {"eventName": "CreateUser", "awsRegion": "eu-west-1"}
OPERATION = "Microsoft.Compute/virtualMachines/write"

KINDS = [
    (SourceKind.CLOUDTRAIL, TRAIL),
    (SourceKind.CLOUDTRAIL, {"eventSource": "iam.amazonaws.com"}),
    (SourceKind.CLOUDTRAIL, {"eventname": "CreateUser", "useridentity": {}}),
    (SourceKind.CLOUDTRAIL, {"EventName": None, "UserIdentity": "text"}),
    (SourceKind.CLOUDTRAIL, {"insightDetails": {}}),
    (SourceKind.UNKNOWN, {"eventName": "CreateUser"}),
    (SourceKind.UNKNOWN, {"eventSource": "notamazonaws.com"}),
    (SourceKind.UNKNOWN, {"event_source": "iam.amazonaws.com"}),
    (SourceKind.UNKNOWN, {"eventSource": "iam.amazonaws.com.evil.example"}),
    *[
        (SourceKind.UNKNOWN, {**TRAIL, "eventSource": "a.amazonaws.com", veto: None})
        for veto in ("acsRegion", "AcsRegion", "acsregion")
    ],
    *[
        (SourceKind.UNKNOWN, {**TRAIL, "userIdentity": {}, veto: "x"})
        for veto in ("serviceName", "ServiceName", "servicename")
    ],
    (SourceKind.AZURE_ACTIVITY, {"operationName": OPERATION}),
    (SourceKind.AZURE_ACTIVITY, {"operationName": {"value": OPERATION}}),
    (SourceKind.AZURE_ACTIVITY, {"operation_name": {"value": OPERATION}}),
    (SourceKind.AZURE_ACTIVITY, {"operationName": OPERATION.upper(), "category": "Write"}),
    (SourceKind.AZURE_ACTIVITY, {"OperationName": "Create", "Category": "Administrative"}),
    (SourceKind.AZURE_ACTIVITY, {"time": "01/09/2007 09:41:00", "category": "Administrative"}),
    (SourceKind.AZURE_ACTIVITY, {"category": {"value": "Policy"}, "resourceId": "/x"}),
    (SourceKind.AZURE_ACTIVITY, {"Type": "AzureActivity"}),
    (SourceKind.UNKNOWN, {"time": "01/09/2007 09:41:00", "category": "security"}),
    (SourceKind.UNKNOWN, {"category": "Administrative"}),
    (SourceKind.UNKNOWN, {"operationName": OPERATION, "category": "kube-audit"}),
    (SourceKind.UNKNOWN, {"operationName": "GetBlob", "category": "StorageRead"}),
    (
        SourceKind.UNKNOWN,
        {
            "category": "MicrosoftGraphActivityLogs",
            "operationName": "Microsoft Graph Activity",
            "resourceId": "/TENANTS/T/PROVIDERS/MICROSOFT.AADIAM",
            "properties": {"requestUri": "/v1.0/users"},
        },
    ),
    (SourceKind.UNKNOWN, {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "verb": "create"}),
    (SourceKind.ENTRA_AUDIT, {"category": "AuditLogs"}),
    (SourceKind.ENTRA_AUDIT, {"activityDisplayName": "Add user", "activityDateTime": "x"}),
    (
        SourceKind.ENTRA_AUDIT,
        {
            "ActivityDisplayName": "Add user",
            "Category": "Policy",
            "OperationName": "Add user",
            "LoggedByService": "Core",
        },
    ),
    (
        SourceKind.ENTRA_AUDIT,
        {
            "category": "Policy",
            "operationName": "Add policy",
            "resourceId": "/tenants/t/providers/Microsoft.aadiam",
            "properties": {"activityDisplayName": "Add policy"},
        },
    ),
    *[
        (SourceKind.ENTRA_SIGNIN, {"category": category})
        for category in (
            *("SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs"),
            *("ManagedIdentitySignInLogs", "ADFSSignInLogs"),
        )
    ],
    (SourceKind.ENTRA_SIGNIN, {"operationname": "Sign-in activity"}),
    (
        SourceKind.ENTRA_SIGNIN,
        {"createdDateTime": "x", "userPrincipalName": "a", "appDisplayName": "b"},
    ),
    (SourceKind.UNKNOWN, {"createdDateTime": "x", "userPrincipalName": "a user", "id": "u"}),
    (SourceKind.UNKNOWN, {"createdDateTime": "x", "appDisplayName": "an application"}),
    (
        SourceKind.M365,
        {"Operation": "UserLoggedIn", "CreationTime": "x", "Workload": "w", "RecordType": 15},
    ),
    (
        SourceKind.GCP_AUDIT,
        {"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "protoPayload": {}},
    ),
    (
        SourceKind.GCP_AUDIT,
        {"log_name": "folders/1/logs/cloudaudit.googleapis.com/policy", "proto_payload": None},
    ),
    (SourceKind.GCP_AUDIT, {"protoPayload": {"serviceName": "k8s.io", "methodName": "m"}}),
    (
        SourceKind.GCP_AUDIT,
        {"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog"}},
    ),
    (SourceKind.GCP_AUDIT, {"protoPayload": '{"serviceName": "k8s.io", "methodName": "m"}'}),
    (
        SourceKind.UNKNOWN,
        {
            "logName": "projects/p/logs/appengine.googleapis.com%2Frequest_log",
            "protoPayload": {
                "@type": "type.googleapis.com/google.appengine.logging.v1.RequestLog",
                "serviceName": "default",
                "methodName": "GET",
            },
        },
    ),
    (
        SourceKind.UNKNOWN,
        {"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "textPayload": "x"},
    ),
    (SourceKind.UNKNOWN, {"protoPayload": {"methodName": "m"}}),
    (SourceKind.UNKNOWN, {"protoPayload": [1], "serviceName": "k8s.io", "methodName": "m"}),
    (SourceKind.UNKNOWN, {}),
]


def attributions(raw):
    """Of the bytes, with and without what a glance saw."""
    return {attribute(RawEvent(raw, 0, probe)) for probe in (glance(raw), None)}


@pytest.mark.parametrize(("kind", "document"), KINDS)
def test_classify_and_the_short_way_agree(kind, document):
    raw = json.dumps(document).encode()
    assert classify(document) is kind
    assert attributions(raw) == {kind}


@given(DOCUMENTS, st.randoms(use_true_random=False), st.booleans())
def test_the_short_way_gives_the_rules_answer(document, random, escape):
    raw = written(document, lambda: escape and random.random() < 0.1)
    assert attributions(raw) == {classify(acceptable.parse(raw))}


def test_of_a_key_that_occurs_twice_the_last_counts():
    raw = b'{"eventSource": "a.amazonaws.com", "eventSource": 5}'
    assert attribute(RawEvent(raw, 0, glance(raw))) is SourceKind.UNKNOWN
    raw = b'{"eventSource": 5, "eventSource": "a.amazonaws.com"}'
    assert attribute(RawEvent(raw, 0, glance(raw))) is SourceKind.CLOUDTRAIL


@pytest.mark.parametrize("raw", [b"", b"null", b"[1]", b'{"a"', b"\xff"])
def test_what_is_not_acceptable_is_unknown(raw):
    assert isinstance(acceptable.parse(raw), Reject)
    assert attributions(raw) == {SourceKind.UNKNOWN}
