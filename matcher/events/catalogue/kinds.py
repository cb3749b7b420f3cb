"""The kinds of log source that are told apart."""

from enum import StrEnum


class SourceKind(StrEnum):
    """How an event is read. Each has a log source type; two kinds may share one (a stock QRadar
    files Entra's audit and sign-in records under one type). The words are the data files' keys.
    """

    CLOUDTRAIL = "cloudtrail"
    AZURE_ACTIVITY = "azure_activity"
    ENTRA_AUDIT = "entra_audit"
    ENTRA_SIGNIN = "entra_signin"
    M365 = "m365"
    UNKNOWN = "unknown"
