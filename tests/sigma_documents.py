"""Plain events to build upon, one a log source type, and their values by name."""

from typing import Any

from tests.sigma_truth import KEYWORDS

_TENANT = "22222222-2222-2222-2222-222222222222"
BASES: dict[int, dict[str, Any]] = {
    347: {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::111122223333:user/maker",
            "accountId": "111122223333",
            "userName": "maker",
        },
        "eventTime": "2024-05-01T10:00:00Z",
        "eventSource": "made.amazonaws.com",
        "eventName": "MadeUp",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "maker/1.0",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    },
    413: {
        "time": "2024-05-01T10:00:00.0000000Z",
        "resourceId": "/SUBSCRIPTIONS/1/RESOURCEGROUPS/MADE",
        "operationName": "Made.Up/things/read/action",
        "Type": "AzureActivity",
        "resultType": "Success",
        "callerIpAddress": "192.0.2.7",
        "level": "Information",
    },
    445: {
        "time": "2024-05-01T10:00:00.0000000Z",
        "resourceId": f"/tenants/{_TENANT}/providers/Microsoft.aadiam",
        "operationName": "Made up",
        "category": "AuditLogs",
        "tenantId": _TENANT,
        "properties": {"activityDisplayName": "Made up", "loggedByService": "Maker"},
    },
    4001: {
        "time": "2024-05-01T10:00:00.0000000Z",
        "resourceId": f"/tenants/{_TENANT}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "category": "SignInLogs",
        "tenantId": _TENANT,
        "properties": {"userPrincipalName": "maker@example.com"},
    },
    0: {"made": "up"},
}
"""By log source type: an event of it that no rule is about."""


def _way(document: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """The object that a name's last key stands in; keywords stand where any value may."""
    *above, last = ["requestParameters", "note"] if name == KEYWORDS else name.split(".")
    for key in above:
        inner = document.get(key)
        if not isinstance(inner, dict):
            inner = {} if inner is None else {"note": inner}
            document[key] = inner
        document = inner
    return document, last


def put(document: dict[str, Any], name: str, value: Any) -> None:
    """Set what stands under a name; where that is an object, set something in it."""
    node, key = _way(document, name)
    if value and isinstance(node.get(key), dict) and node[key]:
        node[key]["note"] = value
    else:
        node[key] = value


def drop(document: dict[str, Any], name: str) -> None:
    """Leave out what stands under a name."""
    node, key = _way(document, name)
    node.pop(key, None)


def get(document: dict[str, Any], name: str) -> str:
    """What :func:`put` set."""
    node, key = _way(document, name)
    found = node.get(key)
    return str(found["note"] if isinstance(found, dict) else found)
