"""Events and what becomes of them: (name, event, expected fields)."""

ROOT = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "awsRegion": "r"}


def _trail(**identity):
    return {**ROOT, "userIdentity": identity}


SESSION = "arn:aws:sts::111122223333:assumed-role/Admin/alice/x"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

CASES = [
    (
        "cloudtrail",
        {
            "eventVersion": "1.08",
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "eventTime": "2021-07-29T23:53:26Z",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.9",
            "errorCode": "AccessDenied",
            "eventID": "e-1",
            "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "999"},
        },
        {
            "devicetime": 1627602806000,
            "qidname": "CreateUser",
            "category": 3031,
            "categoryname": "User Account Added",
            "highlevelcategory": 3000,
            "username": "alice",
            "sourceip": "203.0.113.9",
            "errorcode": "AccessDenied",
            "region": "us-east-1",
            "account": "111122223333",
            "logsourcename": "Amazon AWS CloudTrail @ 111122223333",
            "uid": '[347,"e-1","CreateUser","2021-07-29T23:53:26Z","111122223333",'
            '"AccessDenied",null]',
        },
    ),
    (
        "cloudtrail in lower case",
        {
            "eventsource": "iam.amazonaws.com",
            "eventname": "CreateUser",
            "eventtime": "2023-01-10 21:04:02",
            "awsregion": "eu-west-1",
            "useridentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/path/bob"},
        },
        {"qidname": "CreateUser", "username": "bob", "region": "eu-west-1"},
    ),
    (
        "an aggregated event has its account, id and time in other fields",
        {
            "eventVersion": "1.0",
            "accountId": "111122223333",
            "eventId": "aaaaaaaa-0000-0000-0000-000000000001",
            "eventCategory": "Aggregated",
            "eventType": "AwsAggregatedEvent",
            "awsRegion": "us-east-1",
            "eventSource": "s3.amazonaws.com",
            "timeWindow": {
                "windowStart": "2026-01-20T10:00:00Z",
                "windowEnd": "2026-01-20T10:05:00Z",
                "windowSize": "PT5M",
            },
            "summary": {"primaryDimension": {"dimension": "eventName", "statistics": []}},
        },
        {
            "devicetime": 1768903200000,
            "account": "111122223333",
            "region": "us-east-1",
            "qidname": None,
            "logsourcename": "Amazon AWS CloudTrail @ 111122223333",
            "uid": '[347,"aaaaaaaa-0000-0000-0000-000000000001",null,"2026-01-20T10:00:00Z",'
            '"111122223333",null,null]',
        },
    ),
    (
        "insights have no name, user or address of their own",
        {
            "eventType": "AwsCloudTrailInsight",
            "awsRegion": "us-east-1",
            "eventID": "e-2",
            "insightDetails": {"eventName": "CreateUser", "eventSource": "iam.amazonaws.com"},
        },
        {"qidname": None, "qid": 0, "username": None, "sourceip": None, "category": 19001},
    ),
    ("a name that is a list", {**ROOT, "eventName": ["CreateUser"]}, {"qidname": None}),
    ("a name that is null", {**ROOT, "eventName": None}, {"qidname": None}),
    ("a name that is a number", {**ROOT, "eventName": 5}, {"qidname": None}),
    ("an identity that is a text", {**ROOT, "userIdentity": "alice"}, {"username": None}),
    ("root", _trail(type="Root"), {"username": "root"}),
    ("root's alias", _trail(type="Root", userName="acme"), {"username": "acme"}),
    (
        "an assumed role",
        _trail(
            type="AssumedRole",
            arn=SESSION,
            sessionContext={"sessionIssuer": {"userName": "Admin"}},
        ),
        {"username": "Admin", "properties": {"Session Name": "alice/x"}},
    ),
    ("a role without issuer", _trail(type="AssumedRole", arn=SESSION), {"username": "Admin"}),
    (
        "a person behind an Identity Center role",
        _trail(
            type="AssumedRole",
            principalId="AROA:alice@example.com",
            sessionContext={"sessionIssuer": {"userName": "AWSReservedSSO_Admin_0a"}},
        ),
        {"username": "alice@example.com"},
    ),
    (
        "a federated user",
        _trail(type="FederatedUser", arn="arn:aws:sts::1:federated-user/Bob"),
        {"username": "Bob"},
    ),
    (
        "a service",
        _trail(type="AWSService", invokedBy="autoscaling.amazonaws.com"),
        {"username": "autoscaling.amazonaws.com"},
    ),
    ("another account", _trail(type="AWSAccount", accountId=123), {"username": "123"}),
    (
        "an Identity Center user",
        {
            **_trail(type="IdentityCenterUser", onBehalfOf={"userId": "u-1"}),
            "additionalEventData": {"UserName": "carol"},
        },
        {"username": "carol"},
    ),
    (
        "an Identity Center user by id",
        _trail(type="IdentityCenterUser", onBehalfOf={"userId": "u-1"}),
        {"username": "u-1"},
    ),
    ("a SAML user", _trail(type="SAMLUser", userName="sub"), {"username": "sub"}),
    (
        "a source that is no address",
        {**ROOT, "sourceIPAddress": "AWS Internal/3"},
        {"sourceip": None, "properties": {"sourceIPAddress": "AWS Internal/3"}},
    ),
    (
        "azure activity, Event Hub form",
        {
            "time": "2018-03-07T14:23:51.991Z",
            "resourceId": "/SUBSCRIPTIONS/C088DC46/RESOURCEGROUPS/G",
            "operationName": "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            "category": "Write",
            "resultType": "Start",
            "callerIpAddress": "203.0.113.9:4433",
            "correlationId": "c-1",
            "location": "global",
            "identity": {"claims": {CLAIMS + "name": " bob@example.com", "name": "Bob"}},
        },
        {
            "devicetime": 1520432631991,
            "qidname": "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",
            "category": 3023,
            "username": "bob@example.com",
            "sourceip": "203.0.113.9",
            "errorcode": "Start",
            "region": "global",
            "account": "c088dc46",
            "logsourcename": "Azure Activity Log @ c088dc46",
            "properties": {"sourceIPAddress": "203.0.113.9:4433"},
            "uid": '[413,null,"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",'
            '"2018-03-07T14:23:51.991Z","c088dc46","Start","c-1"]',
        },
    ),
    (
        "azure activity, REST form",
        {
            "caller": "alice@example.com",
            "eventDataId": "d-1",
            "eventTimestamp": "2019-04-17T07:47:27.4654134Z",
            "operationName": {"value": "Microsoft.Compute/virtualMachines/write"},
            "category": {"value": "Administrative", "localizedValue": "Administrative"},
            "eventName": {"value": "BeginRequest", "localizedValue": "Begin request"},
            "httpRequest": {"clientIpAddress": "203.0.113.9"},
            "status": {"value": "Started"},
            "subscriptionId": "S-1",
        },
        {
            "qidname": "Microsoft.Compute/virtualMachines/write",
            "username": "alice@example.com",
            "sourceip": "203.0.113.9",
            "errorcode": "Started",
            "account": "s-1",
            "uid": '[413,"d-1","Microsoft.Compute/virtualMachines/write",'
            '"2019-04-17T07:47:27.4654134Z","s-1","Started",null]',
        },
    ),
    (
        "azure activity, SDK form",
        {
            "event_timestamp": "2019-04-17T07:47:27Z",
            "operation_name": {"value": "Microsoft.Compute/virtualMachines/write"},
            "category": {"value": "Administrative"},
            "http_request": {"client_ip_address": "203.0.113.9"},
            "subscription_id": "s-1",
        },
        {"sourceip": "203.0.113.9", "devicetime": 1555487247000, "account": "s-1"},
    ),
    (
        "a sign-in, a row of Log Analytics: acronyms in capitals, TenantId is the workspace",
        {
            "Type": "SigninLogs",
            "Category": "SignInLogs",
            "TimeGenerated": "2026-07-01T10:45:17Z",
            "OperationName": "Sign-in activity",
            "IPAddress": "198.51.100.7",
            "UserPrincipalName": "ann@example.com",
            "TenantId": "99999999-0000-0000-0000-000000000000",
            "AADTenantId": "AAAA1111-0000-0000-0000-000000000000",
        },
        {
            "sourceip": "198.51.100.7",
            "properties": {"sourceIPAddress": "198.51.100.7"},
            "account": "aaaa1111-0000-0000-0000-000000000000",
        },
    ),
    (
        "azure activity, a row of Log Analytics that names no tenant",
        {
            "Type": "AzureActivity",
            "TimeGenerated": "2026-07-01T10:45:17Z",
            "OperationNameValue": "Microsoft.Compute/disks/delete",
            "CallerIPAddress": "203.0.113.9",
            "TenantId": "99999999-0000-0000-0000-000000000000",
        },
        {"sourceip": "203.0.113.9", "account": None},
    ),
    (
        "an Entra audit record of an Event Hub: tenantId is the tenant",
        {
            "category": "AuditLogs",
            "time": "2026-07-01T10:45:17Z",
            "tenantId": "AAAA1111",
            "callerIPAddress": "203.0.113.9",
        },
        {"sourceip": "203.0.113.9", "account": "aaaa1111"},
    ),
    (
        "cloudtrail with its acronyms as words and in capitals",
        {
            "EventSource": "iam.amazonaws.com",
            "EventName": "CreateUser",
            "AWSRegion": "eu-west-1",
            "SourceIpAddress": "203.0.113.9",
            "EventId": "e-9",
        },
        {
            "region": "eu-west-1",
            "sourceip": "203.0.113.9",
            "uid": '[347,"e-9","CreateUser",null,null,null,null]',
        },
    ),
    (
        "azure activity, Log Analytics form",
        {
            "TimeGenerated": "2018-05-25T15:43:16.52Z",
            "OperationName": "Create VM",
            "OperationNameValue": "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
            "Type": "AzureActivity",
            "ActivityStatus": "Started",
            "HTTPRequest": '{"clientIpAddress": "203.0.113.9"}',
            "Authorization": '{"evidence": {"principalId": "p-1"}}',
        },
        {
            "qidname": "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
            "sourceip": "203.0.113.9",
            "username": "p-1",
            "errorcode": "Started",
        },
    ),
    (
        "azure activity, identity as JSON text",
        {
            "operationName": "a/b/write",
            "category": "Write",
            "identity": '{"claims": {"name": "Bob", "appid": "\\u0041bc"}}',
        },
        {"username": "Bob"},
    ),
    (
        "azure activity, escaped once more: only what stands there as it reads",
        {
            "operationName": "a/b/write",
            "category": "Write",
            "identity": '{"claims": {"name": "\\u0041bc", "appid": "xyz"}}',
        },
        {"username": "xyz"},
    ),
    (
        "azure activity, identity as plain text",
        {"operationName": "a/b/write", "category": "Write", "identity": "bob"},
        {"username": "bob"},
    ),
    (
        "entra audit, diagnostic form",
        {
            "time": "2024-12-10 14:33:09.049661100",
            "resourceId": "/tenants/T-1/providers/Microsoft.aadiam",
            "operationName": "Add member to group",
            "category": "AuditLogs",
            "callerIpAddress": "<null>",
            "correlationId": "c-1",
            "properties": {
                "id": "a-1",
                "activityDisplayName": "Add member to group",
                "result": "success",
                "initiatedBy": {
                    "user": {"userPrincipalName": "a@example.com", "ipAddress": "203.0.113.9"}
                },
            },
        },
        {
            "qidname": "Add member to group",
            "categoryname": "Group Member Added",
            "username": "a@example.com",
            "sourceip": "203.0.113.9",
            "errorcode": "success",
            "account": "t-1",
            "properties": {"sourceIPAddress": "<null>"},
            "uid": '[445,"a-1","Add member to group","2024-12-10 14:33:09.049661100","t-1",'
            '"success","c-1"]',
        },
    ),
    (
        "entra audit, Graph form, by an application",
        {
            "id": "g-1",
            "activityDateTime": "2026-05-01T10:01:00Z",
            "activityDisplayName": "Add user",
            "category": "UserManagement",
            "result": "failure",
            "initiatedBy": {"user": None, "app": {"displayName": "Provisioning"}},
        },
        {
            "qidname": "Add user",
            "username": "Provisioning",
            "errorcode": "failure",
            "devicetime": 1777629660000,
            "logsourcename": "Azure Audit Log",
            "uid": '[445,"g-1","Add user","2026-05-01T10:01:00Z",null,"failure",null]',
        },
    ),
    (
        "entra audit with nobody",
        {"category": "AuditLogs", "operationName": "Sync", "identity": "NA"},
        {"qidname": "Sync", "username": None},
    ),
    (
        "sign-in, diagnostic form",
        {
            "time": "2022-04-05T13:07:16.7796535Z",
            "operationName": "Sign-in activity",
            "category": "SignInLogs",
            "resultType": "50140",
            "tenantId": "t-1",
            "location": "FR",
            "properties": {"userPrincipalName": "a@example.com", "ipAddress": "203.0.113.9"},
        },
        {
            "qidname": "Sign-in activity",
            "username": "a@example.com",
            "sourceip": "203.0.113.9",
            "errorcode": "50140",
            "region": "FR",
            "account": "t-1",
        },
    ),
    (
        "sign-in, Graph form",
        {
            "id": "s-1",
            "createdDateTime": "2026-05-01T10:00:00Z",
            "userPrincipalName": "a@example.com",
            "appDisplayName": "Office 365",
            "ipAddress": "203.0.113.9",
            "status": {"errorCode": 50126},
            "location": {"city": "Berlin"},
        },
        {
            "qidname": "Sign-in activity",
            "errorcode": "50126",
            "sourceip": "203.0.113.9",
            "region": None,
            "uid": '[4001,"s-1","Sign-in activity","2026-05-01T10:00:00Z",null,"50126",null]',
        },
    ),
    (
        "Microsoft 365",
        {
            "CreationTime": "2020-09-29T08:59:26",
            "Operation": "UserLoggedIn",
            "Workload": "AzureActiveDirectory",
            "RecordType": 15,
            "UserKey": "user1",
            "ClientIP": "203.0.113.9",
            "Id": "m-1",
        },
        {
            "devicetime": 1601369966000,
            "qidname": "UserLoggedIn",
            "username": "user1",
            "sourceip": "203.0.113.9",
        },
    ),
    (
        "Google Cloud audit log",
        {
            "insertId": "g-1",
            "logName": "projects/shop-prod/logs/cloudaudit.googleapis.com%2Factivity",
            "timestamp": "2026-03-04T05:06:07.123456789Z",
            "receiveTimestamp": "2026-03-04T05:06:09Z",
            "resource": {
                "type": "service_account",
                "labels": {"project_id": "shop-prod", "location": "europe-west3"},
            },
            "operation": {"id": "operation-7", "first": True},
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "iam.googleapis.com",
                "methodName": "google.iam.admin.v1.CreateServiceAccount",
                "resourceName": "projects/shop-prod",
                "authenticationInfo": {"principalEmail": "kim@example.org"},
                "requestMetadata": {"callerIp": "203.0.113.9"},
                "status": {"code": 7, "message": "PERMISSION_DENIED"},
            },
        },
        {
            "devicetime": 1772600767123,
            "qidname": "google.iam.admin.v1.CreateServiceAccount",
            "categoryname": "User Account Added",
            "username": "kim@example.org",
            "sourceip": "203.0.113.9",
            "errorcode": "7",
            "region": "europe-west3",
            "account": "shop-prod",
            "logsourcename": "Google Cloud Audit Logs @ shop-prod",
            "uid": '[449,"g-1","google.iam.admin.v1.CreateServiceAccount",'
            '"2026-03-04T05:06:07.123456789Z","shop-prod","7","operation-7"]',
        },
    ),
    (
        "Google Cloud: a caller without an address, of an organization's log, that succeeded",
        {
            "logName": "organizations/42/logs/cloudaudit.googleapis.com%2Fdata_access",
            "receiveTimestamp": "2026-03-04T05:06:09Z",
            "protoPayload": {
                "methodName": "storage.objects.list",
                "authenticationInfo": {"principalSubject": "principal://iam.example/subject/ci"},
                "requestMetadata": {"callerIp": "private"},
                "resourceLocation": {"currentLocations": ["eu", "us"]},
                "status": {},
            },
        },
        {
            "devicetime": 1772600769000,
            "username": "principal://iam.example/subject/ci",
            "sourceip": None,
            "properties": {"sourceIPAddress": "private"},
            "errorcode": None,
            "region": "eu",
            "account": "42",
        },
    ),
    (
        "Google Cloud, in snake_case and with nothing in it",
        {
            "log_name": "cloudaudit.googleapis.com",
            "proto_payload": {"method_name": "m", "status": {"code": 0}},
        },
        {"qidname": "m", "account": None, "region": None, "devicetime": None, "errorcode": None},
    ),
    (
        "a surrogate in the uid is made writable",
        {**ROOT, "eventID": "\ud800"},
        {"uid": '[347,"\ufffd","ConsoleLogin",null,null,null,null]'},
    ),
]
