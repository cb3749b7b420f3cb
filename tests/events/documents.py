"""Generated documents that look like audit events, and texts of them as producers may write."""

import json

from hypothesis import strategies as st

_KEYS = (
    *("acsRegion", "serviceName", "eventSource", "insightDetails", "eventName", "awsRegion"),
    *("userIdentity", "eventTime", "eventID", "sourceIPAddress", "errorCode", "userAgent"),
    *("recipientAccountId", "additionalEventData", "requestParameters", "eventVersion"),
    *("time", "resourceId", "operationName", "category", "resultType", "resultSignature"),
    *("callerIpAddress", "correlationId", "identity", "level", "location", "properties"),
    *("eventTimestamp", "caller", "claims", "authorization", "httpRequest", "status"),
    *("eventDataId", "subscriptionId", "tenantId", "OperationNameValue", "Type"),
    *("activityDisplayName", "activityDateTime", "initiatedBy", "targetResources", "result"),
    *("createdDateTime", "userPrincipalName", "appDisplayName", "ipAddress", "id"),
    *("Operation", "CreationTime", "Workload", "RecordType", "UserKey", "ClientIP", "readOnly"),
    *("protoPayload", "logName", "insertId", "timestamp", "resource", "operation"),
)
_INNER_KEYS = (
    *("type", "userName", "principalId", "arn", "accountId", "invokedBy", "sessionContext"),
    *("sessionIssuer", "onBehalfOf", "userId", "value", "localizedValue", "claims", "name"),
    *("authorization", "evidence", "scope", "action", "appid", "ipaddr", "clientIpAddress"),
    *("activityDisplayName", "result", "initiatedBy", "user", "app", "userPrincipalName"),
    *("displayName", "ipAddress", "id", "errorCode", "servicePrincipalName", "UserName"),
    *("upn", "unique_name", "correlationId", "userAgent", "city"),
    *("methodName", "serviceName", "@type", "resourceName"),
)
_WORDS = st.sampled_from(
    [
        *(
            "iam.amazonaws.com",
            "notamazonaws.com",
            "CreateUser",
            "AssumeRole",
            "SignInLogs",
            "AuditLogs",
            "Audit",
        ),
        *("Administrative", "Write", "security", "kube-audit", "Sign-in activity", "Security"),
        *("Microsoft.Compute/virtualMachines/write", "A.B/C/DELETE", "AzureActivity", "success"),
        *("IAMUser", "Root", "AssumedRole", "AWSService", "AWSAccount", "FederatedUser"),
        *("IdentityCenterUser", "AWSReservedSSO_Admin_01", "AROA1:session@example.com"),
        *("arn:aws:sts::111122223333:assumed-role/Admin/alice", "203.0.113.9:443", "<null>"),
        *("arn:aws:iam::111122223333:user/path/bob", "[2001:db8::1]:80", "AWS Internal"),
        *("/SUBSCRIPTIONS/ABC-1/x", "/tenants/T-1/providers/Microsoft.aadiam", "Add user"),
        *("2021-07-29T23:53:26.1234567Z", "8/22/2022 6:11:52 PM", "NA", "", "renamed thing"),
        *("projects/p-1/logs/cloudaudit.googleapis.com%2Factivity", "v1.compute.disks.delete"),
        *("type.googleapis.com/google.cloud.audit.AuditLog", "compute.googleapis.com", "private"),
    ]
)
_TEXTS = _WORDS | st.text(max_size=12) | st.text(st.characters(max_codepoint=126), max_size=12)
_SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.integers(0, 3)),
    *(st.floats(), _TEXTS, _TEXTS),
)


def _spelled(keys):
    names = sorted({n for k in keys for n in (k, k[0].upper() + k[1:], k.lower())} | set(keys))
    return st.sampled_from(keys) | st.sampled_from(keys) | st.sampled_from(names)


def _inner(children):
    objects = st.dictionaries(_spelled(_INNER_KEYS), children, max_size=5)
    texts = objects.map(json.dumps)
    # JSON inside a text, with escapes of its own; no word or number of JSON has an m or an o
    escaped = st.builds(str.replace, texts, st.sampled_from("mo"), st.just("\\u006F"))
    return objects | st.lists(children, max_size=3) | texts | escaped


_VALUES = st.recursive(_SCALARS, _inner, max_leaves=12)


def _objects(*keys):
    """An object with some of the keys, words or odd values under them; at times as JSON text."""
    holds = _WORDS | _WORDS | _VALUES
    objects = st.fixed_dictionaries({}, optional=dict.fromkeys(keys, holds))
    escaped = objects.map(lambda held: json.dumps(held).replace("o", "\\u006F"))
    return objects | objects | objects.map(json.dumps) | escaped


def _record(fixed, **optional):
    constants = {key: st.just(value) for key, value in fixed.items()}
    return st.fixed_dictionaries(constants, optional=optional)


_RECORDS = st.one_of(
    _record(
        {"eventSource": "iam.amazonaws.com"},
        eventName=_WORDS,
        sourceIPAddress=_WORDS,
        recipientAccountId=_SCALARS,
        additionalEventData=_objects("UserName"),
        userIdentity=st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        *("Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "Directory"),
                        *("AWSService", "AWSAccount", "IdentityCenterUser"),
                    ]
                )
            },
            optional={
                "sessionContext": _objects("sessionIssuer"),
                "onBehalfOf": _objects("userId"),
                **dict.fromkeys(("userName", "principalId", "arn", "invokedBy"), _WORDS),
            },
        ),
        errorCode=_SCALARS,
    ),
    _record(
        {"category": "Administrative"},
        operationName=_WORDS | _objects("value"),
        resourceId=_WORDS,
        identity=_objects("claims", "authorization") | _TEXTS,
        claims=_objects("name", "upn", "unique_name", "appid", "ipaddr"),
        authorization=_objects("evidence", "scope"),
        httpRequest=_objects("clientIpAddress"),
        tenantId=_TEXTS,
        resultType=_SCALARS,
        location=_SCALARS,
    ),
    _record(
        {"category": "AuditLogs"},
        properties=_objects("activityDisplayName", "result", "initiatedBy", "id"),
        initiatedBy=_objects("user", "app"),
        activityDisplayName=_WORDS,
        result=_SCALARS,
        tenantId=_TEXTS,
        resourceId=_WORDS,
        identity=_TEXTS,
    ),
    _record(
        {"category": "SignInLogs"},
        properties=_objects("userPrincipalName", "ipAddress", "status", "userDisplayName"),
        callerIpAddress=_WORDS,
        tenantId=_TEXTS,
        location=_WORDS,
    ),
    _record(
        {"logName": "organizations/5/logs/cloudaudit.googleapis.com%2Fdata_access"},
        protoPayload=st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(("methodName", "serviceName", "resourceName"), _WORDS),
                "authenticationInfo": _objects("principalEmail", "principalSubject"),
                "requestMetadata": _objects("callerIp", "callerSuppliedUserAgent"),
                "resourceLocation": _objects("currentLocations"),
                "status": _objects("code", "message"),
                "request": _VALUES,
            },
        ),
        insertId=_WORDS,
        timestamp=_SCALARS,
        resource=_objects("type", "labels"),
        operation=_objects("id"),
    ),
)
_ANY = st.dictionaries(_spelled(_KEYS), _VALUES, max_size=12)
DOCUMENTS = _ANY | _RECORDS | st.builds(lambda one, other: one | other, _RECORDS, _ANY)


def _escaped(character):
    if character == "/":
        return "\\/"
    return f"\\u{ord(character):04X}" if ord(character) < 127 else json.dumps(character)[1:-1]


def written(document, draw_escape):
    """The document as JSON, where ``draw_escape()`` says for each plain character whether it is
    escaped without need."""

    def text(value):
        parts = []
        for c in value:
            if c in '"\\' or ord(c) < 0x20 or 0xD800 <= ord(c) <= 0xDFFF:
                parts.append(json.dumps(c)[1:-1])
            elif draw_escape():
                parts.append(_escaped(c))
            else:
                parts.append(c)
        return '"' + "".join(parts) + '"'

    def any_value(value):
        if isinstance(value, str):
            return text(value)
        if isinstance(value, dict):
            return "{" + ", ".join(f"{text(k)}: {any_value(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + " ,".join(map(any_value, value)) + "]"
        return json.dumps(value)

    return any_value(document).encode("utf-8", "surrogatepass")
