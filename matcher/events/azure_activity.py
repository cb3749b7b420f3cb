"""Azure Activity records: Event Hub, REST, SDK and Log Analytics forms.

Source: docs/reference/azure.md, "Activity log".
"""

import re
from typing import Any

from matcher.events.addresses import address
from matcher.events.document import (
    child,
    named,
    number_or_text,
    sdk_spellings,
    spellings,
    text,
    value,
)
from matcher.events.facts import Facts
from matcher.events.text import fold
from matcher.events.times import milliseconds

CALLER_ADDRESS = sdk_spellings("callerIpAddress")
RESOURCE = sdk_spellings("resourceId")
TENANT = sdk_spellings("tenantId")
CORRELATION = sdk_spellings("correlationId")
LOCATION = sdk_spellings("location")
OPERATION = sdk_spellings("operationName")
RESULT_TYPE = sdk_spellings("resultType")
IDENTITY = sdk_spellings("identity")

_OPERATION_VALUE = spellings("operationNameValue")
_TIMES = (
    *(sdk_spellings("time"), sdk_spellings("eventTimestamp"), sdk_spellings("timeGenerated")),
    *(sdk_spellings("timeStamp"), sdk_spellings("eventTime")),
)
_EVENT_DATA_ID = sdk_spellings("eventDataId")
_SUBSCRIPTION = sdk_spellings("subscriptionId")
_RESOURCE_URI = sdk_spellings("resourceUri")
_RESULT_SIGNATURE = sdk_spellings("resultSignature")
_STATUS = sdk_spellings("status")
_ACTIVITY_STATUS = (*spellings("activityStatusValue"), *spellings("activityStatus"))
_HTTP_REQUEST = (*sdk_spellings("httpRequest"), "HTTPRequest")
_CLIENT_ADDRESS = sdk_spellings("clientIpAddress")
_CALLER = sdk_spellings("caller")
_CLAIMS = sdk_spellings("claims")
_AUTHORIZATION = sdk_spellings("authorization")
_SCOPE = sdk_spellings("scope")
_EVIDENCE = sdk_spellings("evidence")
_PRINCIPAL = sdk_spellings("principalId")

_CLAIM_ADDRESS = ("ipaddr",)
_WHO = (
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "name",
    "unique_name",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "appid",
)
_IN_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


def facts(document: dict[str, Any]) -> Facts:
    """What an Activity record says."""
    identity = child(document, IDENTITY)
    claims = child(identity, _CLAIMS) or child(document, _CLAIMS)
    authorization = child(identity, _AUTHORIZATION) or child(document, _AUTHORIZATION)
    time = first_time(document)
    resource = text(document, RESOURCE) or text(document, _RESOURCE_URI)
    status = _status(document)
    written = caller_address(document)
    return Facts(
        operation=operation(document),
        devicetime=milliseconds(time),
        time=time,
        username=_username(document, claims, authorization),
        sourceip=address(written)
        or address(text(child(document, _HTTP_REQUEST), _CLIENT_ADDRESS))
        or address(text(claims, _CLAIM_ADDRESS)),
        errorcode=status,
        region=text(document, LOCATION),
        account=subscription(document, resource or text(authorization, _SCOPE)),
        id=number_or_text(document, _EVENT_DATA_ID),
        resource=resource,
        status=status,
        correlation=number_or_text(document, CORRELATION),
        properties={} if written is None else {"sourceIPAddress": written},
    )


def operation(document: dict[str, Any]) -> str | None:
    """The operation as it was sent; newer Log Analytics tables keep it in OperationNameValue."""
    return text(document, _OPERATION_VALUE) or named(document, OPERATION)


def caller_address(document: dict[str, Any]) -> str | None:
    """The caller's address as it is written; it may hold a port, or be no address."""
    return text(document, CALLER_ADDRESS)


def first_time(document: dict[str, Any]) -> Any:
    """The record's time as it is written, under the first of its names that is there."""
    for names in _TIMES:
        found = value(document, names)
        if found is not None:
            return found
    return None


def subscription(document: dict[str, Any], resource: str | None) -> str | None:
    """The subscription, else the tenant; lower-cased, since records differ in the case."""
    found = text(document, _SUBSCRIPTION)
    if found is None and resource is not None and (match := _IN_SUBSCRIPTION.match(resource)):
        found = match[1]
    found = found or text(document, TENANT)
    return None if found is None else fold(found)


def _status(document: dict[str, Any]) -> str | None:
    """resultType, else resultSignature, else REST's status."""
    return (
        number_or_text(document, RESULT_TYPE)
        or number_or_text(document, _RESULT_SIGNATURE)
        or named(document, _STATUS)
        or text(document, _ACTIVITY_STATUS)
    )


def _username(
    document: dict[str, Any], claims: dict[str, Any], authorization: dict[str, Any]
) -> str | None:
    """The caller, else the claim that says most, else the principal that was authorized."""
    found = text(document, _CALLER)
    for name in _WHO:
        found = found or text(claims, (name,))
    found = found or text(child(authorization, _EVIDENCE), _PRINCIPAL) or _plain_identity(document)
    return None if found is None else found.strip() or None


def _plain_identity(document: dict[str, Any]) -> str | None:
    """An identity that is a plain text, and no JSON."""
    found = text(document, IDENTITY)
    return found if found is not None and not found.lstrip().startswith("{") else None
