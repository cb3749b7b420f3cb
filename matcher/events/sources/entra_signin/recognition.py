"""Recognises Entra sign-ins: diagnostic, Graph and Log Analytics forms."""

from typing import Any

from matcher.events.document import has, sdk_spellings
from matcher.events.sources import azure
from matcher.events.sources.entra_signin.normalization import SIGN_IN

_CREATED = sdk_spellings("createdDateTime")
_MARKS = tuple(
    sdk_spellings(mark)
    for mark in (
        *("userPrincipalName", "appDisplayName", "servicePrincipalName", "ipAddress", "status"),
        *("clientAppUsed", "conditionalAccessStatus", "isInteractive", "resourceDisplayName"),
    )
)
_CATEGORY = "signinlogs"

READS = (*azure.CATEGORY, *azure.OPERATION_VALUE, *azure.OPERATION)


def has_sign_in_category(document: dict[str, Any]) -> bool:
    """Whether the record has a category of the sign-in logs: of users, applications, identities,
    ADFS.
    """
    return azure.category(document).endswith(_CATEGORY)


def is_sign_in(document: dict[str, Any]) -> bool:
    """Whether the record has the operation of a sign-in, or looks like a sign-in of Graph.

    Users and applications also have a creation date and a name, so two marks of a sign-in are
    required.
    """
    if azure.operation(document) == SIGN_IN:
        return True
    if not has(document, _CREATED):
        return False
    return sum(has(document, mark) for mark in _MARKS) > 1
