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

# The categories of Azure Monitor's Activity log. Before 2019 the category in the Event Hub form was
# the operation's last word (docs/reference/azure.md). The categories of the second set are common
# words: they count only if the record also has an operation or a resource.
_OWN_CATEGORIES = frozenset({"administrative", "servicehealth", "resourcehealth", "autoscale"})
_COMMON_CATEGORIES = frozenset(
    {"alert", "recommendation", "security", "policy", "write", "delete", "action"}
)
_OPERATION = re.compile(r"[\w.]+/.+/(?:write|delete|action)", re.IGNORECASE | re.DOTALL)

_EVENT_SOURCE = spellings("eventSource")
_DATA = spellings("data")
_GRID_TYPE = (*spellings("eventType"), *_TABLE)
_OF_RESOURCE = re.compile(r"Microsoft\.Resources\.Resource(?:Write|Delete|Action)\w+")

READS = (
    *(*azure.CATEGORY, *azure.OPERATION_VALUE, *azure.OPERATION),
    *(*_EVENT_SOURCE, *_GRID_TYPE),
)


def has_activity_category(document: dict[str, Any]) -> bool:
    """Whether the record has a category of the Activity log and the fields of such a record."""
    category = azure.category(document) or _category_of_alert(document)
    if category in _OWN_CATEGORIES:
        return (
            has(document, azure.OPERATION) or has(document, azure.RESOURCE) or has(document, _TIMES)
        )
    return category in _COMMON_CATEGORIES and (
        has(document, azure.OPERATION) or has(document, azure.RESOURCE)
    )


def is_of_event_grid(document: dict[str, Any]) -> bool:
    """Whether it is an event of Event Grid about a subscription or a resource group, in its own
    schema or as CloudEvents has it.
    """
    kind = value(document, _GRID_TYPE)
    return isinstance(kind, str) and _OF_RESOURCE.match(kind) is not None and has(document, _DATA)


def _category_of_alert(document: dict[str, Any]) -> str:
    """The category where an action group puts it, in lower case."""
    found = value(document, _EVENT_SOURCE)
    return found.lower() if isinstance(found, str) else ""


def names_activity(document: dict[str, Any]) -> bool:
    """Whether the record is of Log Analytics' table AzureActivity or of Event Grid, or has no
    category and an operation of Azure Resource Manager.
    """
    if value(document, _TABLE) == "AzureActivity" or is_of_event_grid(document):
        return True
    operation = azure.operation(document)
    if operation is None or azure.category(document):
        return False
    return _OPERATION.fullmatch(operation) is not None
