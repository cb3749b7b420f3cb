"""Entra sign-in records: diagnostic, Graph and Log Analytics forms.

Source: docs/reference/azure.md, "Entra sign-ins".
"""

from typing import Any

from matcher.events.addresses import address
from matcher.events.document import child, number_or_text, sdk_spellings, text
from matcher.events.sources import azure, entra
from matcher.events.sources.extracted_fields import ExtractedFields

SIGN_IN = "Sign-in activity"
"""The operation of every sign-in, including Graph records, which do not name it."""

_CREATED = sdk_spellings("createdDateTime")
_USER_DISPLAY_NAME = sdk_spellings("userDisplayName")
_STATUS = sdk_spellings("status")
_ERROR = sdk_spellings("errorCode")


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of a sign-in record. The operation is always the same, and Graph leaves it out."""
    inner = child(document, entra.PROPERTIES)
    time = azure.first_time(document)
    if time is None:
        time = entra.either(inner, document, _CREATED)
    status = number_or_text(document, azure.RESULT_TYPE) or _error(inner) or _error(document)
    written = azure.caller_address(document) or entra.as_name(
        entra.either(inner, document, entra.ADDRESS)
    )
    username = (
        entra.as_name(entra.either(inner, document, entra.PRINCIPAL_NAME))
        or entra.as_name(entra.either(inner, document, _USER_DISPLAY_NAME))
        or entra.as_name(entra.either(inner, document, entra.SERVICE_PRINCIPAL))
        or text(child(document, azure.IDENTITY), entra.PRINCIPAL_NAME)
        or entra.identity(document)
    )
    found = ExtractedFields(
        operation=SIGN_IN,
        username=username,
        sourceip=address(written) or address(text(inner, entra.ADDRESS)),
        errorcode=status,
        status=status,
        properties={} if written is None else {"sourceIPAddress": written},
    )
    return entra.complete(found, document, inner, time)


def _error(holder: dict[str, Any]) -> str | None:
    return number_or_text(child(holder, _STATUS), _ERROR)
