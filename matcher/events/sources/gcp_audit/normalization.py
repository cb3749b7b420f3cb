"""Google Cloud's audit log entries: a LogEntry of Cloud Logging that holds an AuditLog.

Source: docs/reference/gcp.md.
"""

import re
from typing import Any

from matcher.events.addresses import address
from matcher.events.document import child, number_or_text, sdk_spellings, text, value
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.sources.gcp_audit.recognition import LOG_NAME, METHOD, PAYLOAD
from matcher.events.times import milliseconds

_INSERT_ID = sdk_spellings("insertId")
_TIMES = (sdk_spellings("timestamp"), sdk_spellings("receiveTimestamp"))
_RESOURCE = sdk_spellings("resource")
_LABELS = sdk_spellings("labels")
_PROJECT = sdk_spellings("projectId")
_PLACES = (sdk_spellings("location"), sdk_spellings("region"), sdk_spellings("zone"))
_OPERATION = sdk_spellings("operation")
_ID = sdk_spellings("id")

_RESOURCE_NAME = sdk_spellings("resourceName")
_RESOURCE_LOCATION = sdk_spellings("resourceLocation")
_CURRENT_LOCATIONS = sdk_spellings("currentLocations")
_STATUS = sdk_spellings("status")
_CODE = sdk_spellings("code")
_AUTHENTICATION = sdk_spellings("authenticationInfo")
_EMAIL = sdk_spellings("principalEmail")
_SUBJECT = sdk_spellings("principalSubject")
_REQUEST = sdk_spellings("requestMetadata")
_CALLER_ADDRESS = sdk_spellings("callerIp")

_OK = "0"
_OWNER = re.compile(r"(?:projects|folders|organizations|billingAccounts)/([^/]+)/logs/")
"""The owner of a log, in the log's name."""


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of an audit log entry. Only a call that failed has a status code other than 0."""
    payload = child(document, PAYLOAD)
    labels = child(child(document, _RESOURCE), _LABELS)
    authentication = child(payload, _AUTHENTICATION)
    time = value(document, _TIMES[0])
    if time is None:
        time = value(document, _TIMES[1])
    written = text(child(payload, _REQUEST), _CALLER_ADDRESS)
    code = number_or_text(child(payload, _STATUS), _CODE)
    if code == _OK:
        code = None
    return ExtractedFields(
        operation=text(payload, METHOD),
        devicetime=milliseconds(time),
        time=time,
        username=text(authentication, _EMAIL) or text(authentication, _SUBJECT),
        sourceip=address(written),
        errorcode=code,
        region=_region(labels, payload),
        account=text(labels, _PROJECT) or _owner(document),
        id=text(document, _INSERT_ID),
        resource=text(payload, _RESOURCE_NAME),
        status=code,
        correlation=text(child(document, _OPERATION), _ID),
        properties={} if written is None else {"sourceIPAddress": written},
    )


def _owner(document: dict[str, Any]) -> str | None:
    """The project, folder or organization of the log."""
    found = _OWNER.match(text(document, LOG_NAME) or "")
    return None if found is None else found[1]


def _region(labels: dict[str, Any], payload: dict[str, Any]) -> str | None:
    """The place of the resource: a region, a zone, or a name such as ``global`` or ``eu``."""
    for names in _PLACES:
        found = text(labels, names)
        if found is not None:
            return found
    places = value(child(payload, _RESOURCE_LOCATION), _CURRENT_LOCATIONS)
    first = places[0] if places and isinstance(places, list) else None
    return first if first and isinstance(first, str) else None
