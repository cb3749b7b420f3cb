"""What Entra's audit and sign-in records have in common.

The diagnostic form has under ``properties`` what the Graph and Log Analytics forms have at the top.
"""

import re
from typing import Any

from matcher.events.document import Names, number_or_text, sdk_spellings, text, value
from matcher.events.sources import azure
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.text import fold
from matcher.events.times import milliseconds

PROPERTIES = sdk_spellings("properties")
ID = sdk_spellings("id")
PRINCIPAL_NAME = sdk_spellings("userPrincipalName")
SERVICE_PRINCIPAL = sdk_spellings("servicePrincipalName")
ADDRESS = sdk_spellings("ipAddress")

_NOBODY = frozenset({"NA", "<null>"})
_IN_TENANT = re.compile(r"/tenants/([^/]+)", re.IGNORECASE)


def as_name(found: Any) -> str | None:
    """The value if it is a non-empty text."""
    return found if found and isinstance(found, str) else None


def either(inner: dict[str, Any], document: dict[str, Any], names: Names) -> Any:
    """The value under the name in the properties, else at the top."""
    found = value(inner, names)
    return value(document, names) if found is None else found


def identity(document: dict[str, Any]) -> str | None:
    """The display text of the acting identity; Entra writes NA if there is none."""
    found = text(document, azure.IDENTITY)
    if found is None or found in _NOBODY or found.lstrip().startswith("{"):
        return None
    return found


def complete(
    found: ExtractedFields, document: dict[str, Any], inner: dict[str, Any], time: Any
) -> ExtractedFields:
    """Fill in the fields that both kinds of record have in the same places; ``inner`` are the
    properties.
    """
    found.time, found.devicetime = time, milliseconds(time)
    found.region = text(document, azure.LOCATION)
    found.resource = text(document, azure.RESOURCE)
    found.account = _tenant(document, found.resource)
    found.id = number_or_text(inner, ID) or number_or_text(document, ID)
    found.correlation = number_or_text(document, azure.CORRELATION) or number_or_text(
        inner, azure.CORRELATION
    )
    return found


def _tenant(document: dict[str, Any], resource: str | None) -> str | None:
    """The tenant in lower case, since records differ in its case."""
    found = azure.tenant(document)
    if found is None and resource is not None and (match := _IN_TENANT.match(resource)):
        found = match[1]
    return None if found is None else fold(found)
