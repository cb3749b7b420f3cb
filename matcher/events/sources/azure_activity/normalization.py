"""Azure Activity records: Event Hub, REST, SDK and Log Analytics forms.

Source: docs/reference/azure.md, "Activity log".
"""

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
from matcher.events.sources import azure
from matcher.events.sources.azure_activity import recognition
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.times import milliseconds

_EVENT_DATA_ID = sdk_spellings("eventDataId")
_RESOURCE_URI = sdk_spellings("resourceUri")
_RESULT_SIGNATURE = sdk_spellings("resultSignature")
_STATUS = sdk_spellings("status")
_ACTIVITY_STATUS = (*spellings("activityStatusValue"), *spellings("activityStatus"))
_HTTP_REQUEST = sdk_spellings("httpRequest")
_CLIENT_ADDRESS = sdk_spellings("clientIpAddress")
_CALLER = sdk_spellings("caller")
_CLAIMS = sdk_spellings("claims")
_AUTHORIZATION = sdk_spellings("authorization")
_SCOPE = sdk_spellings("scope")
_EVIDENCE = sdk_spellings("evidence")
_PRINCIPAL = sdk_spellings("principalId")
_DATA = spellings("data")
_ID = spellings("id")

_CLAIM_ADDRESS = ("ipaddr",)
_WHO = (
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "name",
    "unique_name",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "appid",
)


def operation(document: dict[str, Any]) -> str | None:
    """The operation of an Activity record."""
    return azure.operation(_record(document))


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of an Activity record."""
    document = _record(document)
    identity = child(document, azure.IDENTITY)
    claims = child(identity, _CLAIMS) or child(document, _CLAIMS)
    authorization = child(identity, _AUTHORIZATION) or child(document, _AUTHORIZATION)
    time = azure.first_time(document)
    resource = text(document, azure.RESOURCE) or text(document, _RESOURCE_URI)
    status = _status(document)
    written = azure.caller_address(document)
    return ExtractedFields(
        operation=azure.operation(document),
        devicetime=milliseconds(time),
        time=time,
        username=_username(document, claims, authorization),
        sourceip=address(written)
        or address(text(child(document, _HTTP_REQUEST), _CLIENT_ADDRESS))
        or address(text(claims, _CLAIM_ADDRESS)),
        errorcode=status,
        region=text(document, azure.LOCATION),
        account=azure.subscription(document, resource or text(authorization, _SCOPE)),
        id=number_or_text(document, _EVENT_DATA_ID),
        resource=resource,
        status=status,
        correlation=number_or_text(document, azure.CORRELATION),
        properties={} if written is None else {"sourceIPAddress": written},
    )


def _record(document: dict[str, Any]) -> dict[str, Any]:
    """The record itself; for an event of Event Grid, the record inside it, with the time and the id
    that only the event has.
    """
    if not recognition.is_of_event_grid(document):
        return document
    own = {"eventTimestamp": azure.first_time(document), "eventDataId": value(document, _ID)}
    return own | child(document, _DATA)


def _status(document: dict[str, Any]) -> str | None:
    """resultType, else resultSignature, else REST's status."""
    return (
        number_or_text(document, azure.RESULT_TYPE)
        or number_or_text(document, _RESULT_SIGNATURE)
        or named(document, _STATUS)
        or text(document, _ACTIVITY_STATUS)
    )


def _username(
    document: dict[str, Any], claims: dict[str, Any], authorization: dict[str, Any]
) -> str | None:
    """The caller, else the most specific claim, else the principal that was authorized."""
    found = text(document, _CALLER)
    for name in _WHO:
        found = found or text(claims, (name,))
    found = found or text(child(authorization, _EVIDENCE), _PRINCIPAL) or _plain_identity(document)
    return None if found is None else found.strip() or None


def _plain_identity(document: dict[str, Any]) -> str | None:
    """An identity that is plain text and not JSON."""
    found = text(document, azure.IDENTITY)
    return found if found is not None and not found.lstrip().startswith("{") else None
