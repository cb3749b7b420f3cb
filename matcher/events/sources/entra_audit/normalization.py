"""Entra audit records: diagnostic, Graph and Log Analytics forms.

Source: docs/reference/azure.md, "Entra audit".
"""

from typing import Any

from matcher.events.addresses import address
from matcher.events.document import as_text, child, number_or_text, sdk_spellings, text
from matcher.events.sources import azure, entra
from matcher.events.sources.extracted_fields import ExtractedFields

_ACTIVITY = sdk_spellings("activityDisplayName")
_ACTIVITY_TIME = sdk_spellings("activityDateTime")
_RESULT = sdk_spellings("result")
_INITIATED_BY = sdk_spellings("initiatedBy")
_USER = sdk_spellings("user")
_APP = sdk_spellings("app")
_DISPLAY_NAME = sdk_spellings("displayName")


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of an audit record."""
    inner = child(document, entra.PROPERTIES)
    initiator = child(inner, _INITIATED_BY) or child(document, _INITIATED_BY)
    user, app = child(initiator, _USER), child(initiator, _APP)
    time = azure.first_time(document)
    if time is None:
        time = entra.either(inner, document, _ACTIVITY_TIME)
    result = entra.either(inner, document, _RESULT)
    status = number_or_text(document, azure.RESULT_TYPE) or as_text(result)
    written = azure.caller_address(document)
    username = (
        text(user, entra.PRINCIPAL_NAME)
        or text(user, _DISPLAY_NAME)
        or text(user, entra.ID)
        or text(app, _DISPLAY_NAME)
        or text(app, entra.SERVICE_PRINCIPAL)
        or entra.identity(document)
    )
    activity = entra.as_name(entra.either(inner, document, _ACTIVITY))
    found = ExtractedFields(
        operation=activity or azure.operation(document),
        username=username,
        sourceip=address(written)
        or address(text(user, entra.ADDRESS))
        or address(text(document, entra.ADDRESS)),
        errorcode=status,
        status=status,
        result="success" if result == 0 and not isinstance(result, bool) else entra.as_name(result),
        properties={} if written is None else {"sourceIPAddress": written},
    )
    return entra.complete(found, document, inner, time)
