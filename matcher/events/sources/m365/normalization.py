"""Records of Microsoft 365's unified audit log (docs/reference/qradar.md, "Microsoft 365")."""

from typing import Any

from matcher.events.addresses import address
from matcher.events.document import number_or_text, spellings, text, value
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.times import milliseconds

_OPERATION = spellings("operation")
_TIME = spellings("creationTime")
_USER = (spellings("userKey"), spellings("userId"))
_ADDRESS = spellings("clientIP")
_STATUS = spellings("resultStatus")
_ORGANIZATION = spellings("organizationId")
_ID = spellings("id")


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of a record of the unified audit log."""
    time = value(document, _TIME)
    written = text(document, _ADDRESS)
    status = number_or_text(document, _STATUS)
    return ExtractedFields(
        operation=text(document, _OPERATION),
        devicetime=milliseconds(time),
        time=time,
        username=text(document, _USER[0]) or text(document, _USER[1]),
        sourceip=address(written),
        errorcode=status,
        account=text(document, _ORGANIZATION),
        id=text(document, _ID),
        status=status,
        properties={} if written is None else {"sourceIPAddress": written},
    )
