"""What the records of Azure's log sources have in common."""

import re
from typing import Any

from matcher.events.document import has, named, sdk_spellings, spellings, text, value
from matcher.events.text import fold

CALLER_ADDRESS = sdk_spellings("callerIpAddress")
CATEGORY = sdk_spellings("category")
RESOURCE = sdk_spellings("resourceId")
CORRELATION = sdk_spellings("correlationId")
LOCATION = sdk_spellings("location")
OPERATION = sdk_spellings("operationName")
OPERATION_VALUE = spellings("operationNameValue")
RESULT_TYPE = sdk_spellings("resultType")
IDENTITY = sdk_spellings("identity")

_TIMES = (
    *(sdk_spellings("time"), sdk_spellings("eventTimestamp"), sdk_spellings("timeGenerated")),
    *(sdk_spellings("timeStamp"), sdk_spellings("eventTime")),
)
_TENANT = sdk_spellings("tenantId")
_TENANT_OF_ROW = sdk_spellings("aadTenantId")
_ROW_TIME = sdk_spellings("timeGenerated")
_SUBSCRIPTION = sdk_spellings("subscriptionId")
_IN_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


def category(document: dict[str, Any]) -> str:
    """The category in lower case; empty if there is none."""
    for name in CATEGORY:
        found = document.get(name)
        if found is not None:
            if isinstance(found, dict):
                found = found.get("value")
            return found.lower() if isinstance(found, str) else ""
    return ""


def operation(document: dict[str, Any]) -> str | None:
    """The operation as it was sent; newer Log Analytics tables keep it in OperationNameValue."""
    return text(document, OPERATION_VALUE) or named(document, OPERATION)


def caller_address(document: dict[str, Any]) -> str | None:
    """The caller's address as it is written; it may hold a port, or be no address."""
    return text(document, CALLER_ADDRESS)


def first_time(document: dict[str, Any]) -> Any:
    """The record's time as it is written, under the first of its names that the record has."""
    for names in _TIMES:
        found = value(document, names)
        if found is not None:
            return found
    return None


def tenant(document: dict[str, Any]) -> str | None:
    """The Entra tenant. A row of Log Analytics has it as ``AADTenantId``: its ``TenantId`` is the
    workspace.
    """
    found = text(document, _TENANT_OF_ROW)
    if found is None and not has(document, _ROW_TIME):
        found = text(document, _TENANT)
    return found


def subscription(document: dict[str, Any], resource: str | None) -> str | None:
    """The subscription, else the tenant; lower-cased, since records differ in the case."""
    found = text(document, _SUBSCRIPTION)
    if found is None and resource is not None and (match := _IN_SUBSCRIPTION.match(resource)):
        found = match[1]
    found = found or tenant(document)
    return None if found is None else fold(found)
