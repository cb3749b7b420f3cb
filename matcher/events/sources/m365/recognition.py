"""Recognises records of Microsoft 365's unified audit log."""

from typing import Any

from matcher.events.document import has, spellings

_OPERATION = spellings("operation")
_TIME = spellings("creationTime")
_MARKS = (*spellings("workload"), *spellings("recordType"))


def is_m365(document: dict[str, Any]) -> bool:
    """Whether the record has an operation, a time, and a workload or record type."""
    return has(document, _OPERATION) and has(document, _TIME) and has(document, _MARKS)
