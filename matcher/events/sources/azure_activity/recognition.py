"""Recognises Azure Activity records: Event Hub, REST, SDK and Log Analytics forms."""

import re
from typing import Any

from matcher.events.document import has, sdk_spellings, spellings, value
from matcher.events.sources import azure

_TABLE = spellings("type")
_TIMES = tuple(
    name
    for time in ("time", "eventTimestamp", "timeGenerated", "submissionTimestamp")
    for name in sdk_spellings(time)
)

# Azure Monitor's Activity categories; before 2019 the Event Hub form had the operation's last word
# there (docs/reference/azure.md). Those of the second set are common words: they count beside an
# operation or a resource only.
_OWN_CATEGORIES = frozenset({"administrative", "servicehealth", "resourcehealth", "autoscale"})
_COMMON_CATEGORIES = frozenset(
    {"alert", "recommendation", "security", "policy", "write", "delete", "action"}
)
_OPERATION = re.compile(r"[\w.]+/.+/(?:write|delete|action)", re.IGNORECASE | re.DOTALL)

READS = (*azure.CATEGORY, *azure.OPERATION_VALUE, *azure.OPERATION, *_TABLE)


def has_activity_category(document: dict[str, Any]) -> bool:
    """Whether the record has a category of the Activity log and the fields of such a record."""
    category = azure.category(document)
    if category in _OWN_CATEGORIES:
        return (
            has(document, azure.OPERATION) or has(document, azure.RESOURCE) or has(document, _TIMES)
        )
    return category in _COMMON_CATEGORIES and (
        has(document, azure.OPERATION) or has(document, azure.RESOURCE)
    )


def names_activity(document: dict[str, Any]) -> bool:
    """Whether the record is of Log Analytics' table AzureActivity, or has no category and an
    operation of Azure Resource Manager.
    """
    if value(document, _TABLE) == "AzureActivity":
        return True
    operation = azure.operation(document)
    if operation is None or azure.category(document):
        return False
    return _OPERATION.fullmatch(operation) is not None
