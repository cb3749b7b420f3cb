"""Entra ID audit and sign-in records: diagnostic, Graph and Log Analytics forms.

The diagnostic form keeps under ``properties`` what the others have at the top. Source:
docs/reference/azure.md, "Entra audit" and "Entra sign-ins".
"""

import re
from typing import Any

from matcher.events import azure_activity as azure
from matcher.events.addresses import address
from matcher.events.catalogue.catalogue import SIGN_IN
from matcher.events.document import (
    Names,
    as_text,
    child,
    number_or_text,
    sdk_spellings,
    text,
    value,
)
from matcher.events.facts import Facts
from matcher.events.text import fold
from matcher.events.times import milliseconds

_PROPERTIES = sdk_spellings("properties")
_ID = sdk_spellings("id")
_ACTIVITY = sdk_spellings("activityDisplayName")
_ACTIVITY_TIME = sdk_spellings("activityDateTime")
_CREATED = sdk_spellings("createdDateTime")
_RESULT = sdk_spellings("result")
_INITIATED_BY = sdk_spellings("initiatedBy")
_USER = sdk_spellings("user")
_APP = sdk_spellings("app")
_PRINCIPAL_NAME = sdk_spellings("userPrincipalName")
_DISPLAY_NAME = sdk_spellings("displayName")
_USER_DISPLAY_NAME = sdk_spellings("userDisplayName")
_SERVICE_PRINCIPAL = sdk_spellings("servicePrincipalName")
_ADDRESS = sdk_spellings("ipAddress")
_STATUS = sdk_spellings("status")
_ERROR = sdk_spellings("errorCode")

_NOBODY = frozenset({"NA", "<null>"})
_IN_TENANT = re.compile(r"/tenants/([^/]+)", re.IGNORECASE)


def audit_facts(document: dict[str, Any]) -> Facts:
    """What an audit record says."""
    inner = child(document, _PROPERTIES)
    initiator = child(inner, _INITIATED_BY) or child(document, _INITIATED_BY)
    user, app = child(initiator, _USER), child(initiator, _APP)
    time = azure.first_time(document)
    if time is None:
        time = _either(inner, document, _ACTIVITY_TIME)
    result = _either(inner, document, _RESULT)
    status = number_or_text(document, azure.RESULT_TYPE) or as_text(result)
    written = azure.caller_address(document)
    username = (
        text(user, _PRINCIPAL_NAME)
        or text(user, _DISPLAY_NAME)
        or text(user, _ID)
        or text(app, _DISPLAY_NAME)
        or text(app, _SERVICE_PRINCIPAL)
        or _identity(document)
    )
    found = Facts(
        operation=as_name(_either(inner, document, _ACTIVITY)) or azure.operation(document),
        username=username,
        sourceip=address(written)
        or address(text(user, _ADDRESS))
        or address(text(document, _ADDRESS)),
        errorcode=status,
        status=status,
        result="success" if result == 0 and not isinstance(result, bool) else as_name(result),
        properties={} if written is None else {"sourceIPAddress": written},
    )
    return _complete(found, document, inner, time)


def sign_in_facts(document: dict[str, Any]) -> Facts:
    """What a sign-in record says. Its operation is always the same, and Graph leaves it out."""
    inner = child(document, _PROPERTIES)
    time = azure.first_time(document)
    if time is None:
        time = _either(inner, document, _CREATED)
    status = number_or_text(document, azure.RESULT_TYPE) or _error(inner) or _error(document)
    written = azure.caller_address(document) or as_name(_either(inner, document, _ADDRESS))
    username = (
        as_name(_either(inner, document, _PRINCIPAL_NAME))
        or as_name(_either(inner, document, _USER_DISPLAY_NAME))
        or as_name(_either(inner, document, _SERVICE_PRINCIPAL))
        or text(child(document, azure.IDENTITY), _PRINCIPAL_NAME)
        or _identity(document)
    )
    found = Facts(
        operation=SIGN_IN,
        username=username,
        sourceip=address(written) or address(text(inner, _ADDRESS)),
        errorcode=status,
        status=status,
        properties={} if written is None else {"sourceIPAddress": written},
    )
    return _complete(found, document, inner, time)


def as_name(found: Any) -> str | None:
    """The value, where it is text and not empty."""
    return found if found and isinstance(found, str) else None


def _complete(found: Facts, document: dict[str, Any], inner: dict[str, Any], time: Any) -> Facts:
    """What both kinds of record have in the same places."""
    found.time, found.devicetime = time, milliseconds(time)
    found.region = text(document, azure.LOCATION)
    found.resource = text(document, azure.RESOURCE)
    found.account = _tenant(document, found.resource)
    found.id = number_or_text(inner, _ID) or number_or_text(document, _ID)
    found.correlation = number_or_text(document, azure.CORRELATION) or number_or_text(
        inner, azure.CORRELATION
    )
    return found


def _either(inner: dict[str, Any], document: dict[str, Any], names: Names) -> Any:
    found = value(inner, names)
    return value(document, names) if found is None else found


def _error(holder: dict[str, Any]) -> str | None:
    return number_or_text(child(holder, _STATUS), _ERROR)


def _tenant(document: dict[str, Any], resource: str | None) -> str | None:
    """The tenant, lower-cased, since records differ in the case."""
    found = text(document, azure.TENANT)
    if found is None and resource is not None and (match := _IN_TENANT.match(resource)):
        found = match[1]
    return None if found is None else fold(found)


def _identity(document: dict[str, Any]) -> str | None:
    """The display text of who did it; Entra writes NA where it has none."""
    found = text(document, azure.IDENTITY)
    if found is None or found in _NOBODY or found.lstrip().startswith("{"):
        return None
    return found
