"""Which log source an event comes from.

:func:`classify` is the rule. :func:`attribute` gives the same answer without parsing all of the
event; ``tests/events/test_attribution.py`` holds the two together.
"""

import re
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from matcher.events import acceptable
from matcher.events.catalogue import Catalogue, SourceKind
from matcher.events.catalogue.catalogue import SIGN_IN
from matcher.events.document import Names, child, has, named, sdk_spellings, spellings, text, value
from matcher.events.envelope import RawEvent
from matcher.events.probe import Probe
from matcher.events.record import Reject
from matcher.events.schema import LogSourceType

_VETOES = (*spellings("acsRegion"), *spellings("serviceName"))
_EVENT_SOURCE = spellings("eventSource")
_INSIGHT = spellings("insightDetails")
_EVENT_NAME = spellings("eventName")
_REGION_OR_IDENTITY = (*spellings("awsRegion"), *spellings("userIdentity"))
_AWS = ".amazonaws.com"

_CATEGORY = sdk_spellings("category")
_OPERATION = sdk_spellings("operationName")
_OPERATION_VALUE = spellings("operationNameValue")
_RESOURCE = sdk_spellings("resourceId")
_PROPERTIES = sdk_spellings("properties")
_ACTIVITY_NAME = sdk_spellings("activityDisplayName")
_TABLE = spellings("type")
_READ = (*_EVENT_SOURCE, *_CATEGORY, *_OPERATION, *_OPERATION_VALUE, *_RESOURCE, *_TABLE)
_TIMES = tuple(
    name
    for time in ("time", "eventTimestamp", "timeGenerated", "submissionTimestamp")
    for name in sdk_spellings(time)
)
_AUDIT_MARKS = tuple(
    name
    for mark in ("activityDateTime", "initiatedBy", "targetResources", "loggedByService")
    for name in sdk_spellings(mark)
)
_CREATED = sdk_spellings("createdDateTime")
_SIGN_IN_MARKS = tuple(
    sdk_spellings(mark)
    for mark in (
        *("userPrincipalName", "appDisplayName", "servicePrincipalName", "ipAddress", "status"),
        *("clientAppUsed", "conditionalAccessStatus", "isInteractive", "resourceDisplayName"),
    )
)
_M365 = (spellings("operation"), spellings("creationTime"))
_M365_MARKS = (*spellings("workload"), *spellings("recordType"))

# Azure Monitor's Activity categories; before 2019 the Event Hub form had the operation's last word
# (docs/reference/azure.md). Those of the second set are common words: they count beside an
# operation or a resource only.
_OWN_CATEGORIES = frozenset({"administrative", "servicehealth", "resourcehealth", "autoscale"})
_COMMON_CATEGORIES = frozenset(
    {"alert", "recommendation", "security", "policy", "write", "delete", "action"}
)
_ACTIVITY_OPERATION = re.compile(r"[\w.]+/.+/(?:write|delete|action)", re.IGNORECASE | re.DOTALL)
_ENTRA = "microsoft.aadiam"
_SIGN_IN_CATEGORY = "signinlogs"
_AUDIT_CATEGORY = "auditlogs"


def attribute(event: RawEvent, catalogue: Catalogue) -> LogSourceType:
    """The log source type of an event; of one that is not acceptable, the Unknown one."""
    if event.probe is not None and _probes_cloudtrail(event.probe):
        return catalogue.type_of(SourceKind.CLOUDTRAIL)
    kind = _shallowly(event.raw)
    if kind is None:
        document = acceptable.parse(event.raw)
        kind = SourceKind.UNKNOWN if isinstance(document, Reject) else classify(document)
    return catalogue.type_of(kind)


def classify(document: dict[str, Any]) -> SourceKind:
    """How the event is to be read.

    A key counts where it is there, whatever it holds, in camelCase, PascalCase or lower case;
    for Azure in snake_case, too.
    """
    if _is_cloudtrail(document):
        return SourceKind.CLOUDTRAIL
    category = (named(document, _CATEGORY) or "").lower()
    if category.endswith(_SIGN_IN_CATEGORY):
        return SourceKind.ENTRA_SIGNIN
    if category == _AUDIT_CATEGORY or _is_audit(document):
        return SourceKind.ENTRA_AUDIT
    operation = text(document, _OPERATION_VALUE) or named(document, _OPERATION)
    if _is_activity_category(category, document):
        return SourceKind.AZURE_ACTIVITY
    if operation == SIGN_IN or _is_graph_sign_in(document):
        return SourceKind.ENTRA_SIGNIN
    if _is_activity(document, category, operation):
        return SourceKind.AZURE_ACTIVITY
    return SourceKind.M365 if _is_m365(document) else SourceKind.UNKNOWN


def _is_cloudtrail(document: dict[str, Any]) -> bool:
    if has(document, _VETOES):
        return False
    for name in _EVENT_SOURCE:
        source = document.get(name)
        if isinstance(source, str) and source.endswith(_AWS):
            return True
    if has(document, _INSIGHT):
        return True
    return has(document, _EVENT_NAME) and has(document, _REGION_OR_IDENTITY)


def _is_audit(document: dict[str, Any]) -> bool:
    if has(document, _ACTIVITY_NAME) and has(document, _AUDIT_MARKS):
        return True
    return _is_entra_resource(document) and has(child(document, _PROPERTIES), _ACTIVITY_NAME)


def _is_entra_resource(document: dict[str, Any]) -> bool:
    return _ENTRA in (text(document, _RESOURCE) or "").lower()


def _is_activity_category(category: str, document: dict[str, Any]) -> bool:
    if category in _OWN_CATEGORIES:
        return has(document, _OPERATION) or has(document, _RESOURCE) or has(document, _TIMES)
    return category in _COMMON_CATEGORIES and (
        has(document, _OPERATION) or has(document, _RESOURCE)
    )


def _is_graph_sign_in(document: dict[str, Any]) -> bool:
    """Users and applications, too, have a date of creation and a name: two marks must be there."""
    if not has(document, _CREATED):
        return False
    return sum(has(document, mark) for mark in _SIGN_IN_MARKS) > 1


def _is_activity(document: dict[str, Any], category: str, operation: str | None) -> bool:
    if value(document, _TABLE) == "AzureActivity":
        return True
    return not category and operation is not None and _names_activity(operation)


def _names_activity(operation: str) -> bool:
    return _ACTIVITY_OPERATION.fullmatch(operation) is not None


def _is_m365(document: dict[str, Any]) -> bool:
    return all(has(document, names) for names in _M365) and has(document, _M365_MARKS)


def _probes_cloudtrail(probe: Probe) -> bool:
    """Whether what the probe saw makes the event CloudTrail for certain; else nothing is said.

    The probe has both vetoing keys in every spelling, and the others in camelCase alone.
    """
    if not (
        probe.acsRegion is UNSET
        and probe.AcsRegion is UNSET
        and probe.acsregion is UNSET
        and probe.serviceName is UNSET
        and probe.ServiceName is UNSET
        and probe.servicename is UNSET
    ):
        return False
    source = probe.eventSource
    if source is not UNSET and bytes(source).endswith(b'.amazonaws.com"'):
        return True
    if probe.insightDetails is not UNSET:
        return True
    return probe.eventName is not UNSET and (
        probe.awsRegion is not UNSET or probe.userIdentity is not UNSET
    )


_TOP = msgspec.json.Decoder(dict[str, Raw])


def _shallowly(raw: bytes) -> SourceKind | None:
    """:func:`classify`'s answer from the top-level keys and the few values it reads; None where
    a parser that is stricter than the rule for acceptable events refuses.
    """
    try:
        document: dict[str, Any] = _TOP.decode(raw)
        _open_values(document, _READ)
        if _is_entra_resource(document):
            _open_values(document, _PROPERTIES)
        return classify(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _open_values(document: dict[str, Any], names: Names) -> None:
    for name in names:
        if name in document:
            document[name] = msgspec.json.decode(document[name])
