"""Recognises Entra audit records: diagnostic, Graph and Log Analytics forms."""

from typing import Any

from matcher.events.document import child, has, sdk_spellings, text
from matcher.events.sources import azure

_ACTIVITY_NAME = sdk_spellings("activityDisplayName")
_PROPERTIES = sdk_spellings("properties")
_MARKS = tuple(
    name
    for mark in ("activityDateTime", "initiatedBy", "targetResources", "loggedByService")
    for name in sdk_spellings(mark)
)
_CATEGORY = "auditlogs"
_ENTRA = "microsoft.aadiam"

READS = (*azure.CATEGORY, *azure.RESOURCE)


def is_audit(document: dict[str, Any]) -> bool:
    """Whether the record has the audit category, or names an activity as audit records do: together
    with another key of theirs, or in the properties of an Entra record.
    """
    if azure.category(document) == _CATEGORY:
        return True
    if has(document, _ACTIVITY_NAME) and has(document, _MARKS):
        return True
    resource = (text(document, azure.RESOURCE) or "").lower()
    return _ENTRA in resource and has(child(document, _PROPERTIES), _ACTIVITY_NAME)
