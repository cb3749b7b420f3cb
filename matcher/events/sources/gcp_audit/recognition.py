"""Recognises Google Cloud's audit log entries. Source: docs/reference/gcp.md, "What tells an
entry".
"""

from typing import Any

from matcher.events.document import child, has, sdk_spellings, text

PAYLOAD = sdk_spellings("protoPayload")

LOG_NAME = sdk_spellings("logName")
_AUDIT_LOGS = "cloudaudit.googleapis.com"
_TYPE = ("@type",)
_AUDIT_LOG = "google.cloud.audit.AuditLog"
METHOD = sdk_spellings("methodName")
_SERVICE = sdk_spellings("serviceName")

READS = LOG_NAME


def is_in_audit_log(document: dict[str, Any]) -> bool:
    """Whether the entry belongs to one of the audit logs, by the log's name."""
    return has(document, PAYLOAD) and _AUDIT_LOGS in (text(document, LOG_NAME) or "")


def holds_audit_record(document: dict[str, Any]) -> bool:
    """Whether the entry's payload is an audit record, for entries that lost the log's name on their
    way.

    App Engine's request logs have a ``protoPayload`` as well.
    """
    if not has(document, PAYLOAD):
        return False
    payload = child(document, PAYLOAD)
    kind = text(payload, _TYPE)
    if kind is not None:
        return kind.endswith(_AUDIT_LOG)
    return has(payload, METHOD) and has(payload, _SERVICE)
