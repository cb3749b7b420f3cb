"""The verbatim rule decided a second time, on raw bytes, by nothing but the standard library.

``decide(record)`` yields for each event of a record whether the rule holds. It shares no code with
the product, and its gate is coarser: of Azure's records it tells only those of a sign-in apart.
"""

import base64
import binascii
import gzip
import json
from typing import Any

NAMES = {
    *("CreateUser", "AttachUserPolicy", "CreateAccessKey", "CreateRole", "AssumeRole"),
    *("GetSessionToken", "PutBucketPolicy", "DeleteBucketPolicy", "CreateFunction"),
    *("UpdateFunctionCode", "RunInstances", "CreateKeyPair", "StopLogging", "DeleteTrail"),
    *("PutEventSelectors", "DisableGuardDuty", "DeleteDetector", "CreateGroup"),
    "AddMemberToGroup",
}
NEEDLES = ("roledefinitions/write", "roleassignments/write", "virtualmachines/write")


def matches(event: dict[str, Any]) -> bool:
    text = json.dumps(event, ensure_ascii=False).lower()
    name, source = event.get("eventName"), event.get("eventSource")
    cloudtrail = (
        str(source).endswith(".amazonaws.com") or "awsRegion" in event or "userIdentity" in event
    ) and not {"acsRegion", "serviceName"} & set(event)
    keys = {key.lower().replace("_", "") for key in event}
    azure = keys & {"operationname", "activitydisplayname"} and "signinlogs" not in text
    needle = any(needle in text for needle in NEEDLES)
    return bool((cloudtrail and name in NAMES) or ((cloudtrail or azure) and needle))


def events(value: Any) -> list[Any]:
    """The events in a JSON value, in order, out of whatever envelope."""
    if isinstance(value, list):
        return [event for item in value for event in events(item)]
    skipped = ("digestStartTime", "CONTROL_MESSAGE")
    if not isinstance(value, dict) or any(s in (*value, value.get("messageType")) for s in skipped):
        return []
    for key in ("Records", "records", "value", "logEvents", "detail", "Events"):
        if isinstance(value.get(key), list | dict) and "eventName" not in value:
            return events(value[key])
    if {"id", "timestamp", "message"} <= set(value) and value["message"].startswith("{"):
        return events(json.loads(value["message"]))
    for key in ("Message", "CloudTrailEvent"):
        if isinstance(value.get(key), str) and "userIdentity" not in value:
            return events(json.loads(value[key]))
    if isinstance(value.get("awslogs"), dict):
        return decoded(value["awslogs"]["data"])
    return [value]


def decoded(text: str | bytes) -> list[Any]:
    return events(json.loads(gzip.decompress(base64.b64decode(text))))


def decide(record: bytes) -> list[bool]:
    """One truth value an event, in order; none where the record is no JSON."""
    try:
        if not record.lstrip().startswith((b"{", b"[")):
            return [matches(event) for event in decoded(record)]
        return [matches(event) for event in events(json.loads(record, strict=False))]
    except (ValueError, binascii.Error, OSError):
        return []
