"""Everything else: Microsoft 365 records (docs/reference/qradar.md, "Microsoft 365"), and events of
no known log source.
"""

from typing import Any

from matcher.events import azure_activity as azure
from matcher.events.addresses import address
from matcher.events.document import number_or_text, sdk_spellings, spellings, text, value
from matcher.events.facts import Facts
from matcher.events.times import milliseconds

_M365_OPERATION = spellings("operation")
_M365_TIME = spellings("creationTime")
_M365_USER = (spellings("userKey"), spellings("userId"))
_M365_ADDRESS = spellings("clientIP")
_M365_STATUS = spellings("resultStatus")
_M365_ORGANIZATION = spellings("organizationId")
_M365_ID = spellings("id")

_EVENT_NAME = spellings("eventName")
_EVENT_TIME = spellings("eventTime")
_EVENT_ID = spellings("eventID")
_EVENT_DATA_ID = sdk_spellings("eventDataId")
_SOURCE_ADDRESS = spellings("sourceIPAddress")
_ERROR = spellings("errorCode")


def m365_facts(document: dict[str, Any]) -> Facts:
    """What a record of the unified audit log says."""
    time = value(document, _M365_TIME)
    written = text(document, _M365_ADDRESS)
    status = number_or_text(document, _M365_STATUS)
    return Facts(
        operation=text(document, _M365_OPERATION),
        devicetime=milliseconds(time),
        time=time,
        username=text(document, _M365_USER[0]) or text(document, _M365_USER[1]),
        sourceip=address(written),
        errorcode=status,
        account=text(document, _M365_ORGANIZATION),
        id=text(document, _M365_ID),
        status=status,
        properties={} if written is None else {"sourceIPAddress": written},
    )


def unknown_facts(document: dict[str, Any]) -> Facts:
    """What the common keys of cloud logs say, where they are there. What an ``id`` identifies is
    not known here, so it stays out.
    """
    time = value(document, _EVENT_TIME)
    if time is None:
        time = azure.first_time(document)
    written = azure.caller_address(document) or text(document, _SOURCE_ADDRESS)
    resource = text(document, azure.RESOURCE)
    status = number_or_text(document, azure.RESULT_TYPE) or number_or_text(document, _ERROR)
    return Facts(
        operation=azure.operation(document) or text(document, _EVENT_NAME),
        devicetime=milliseconds(time),
        time=time,
        sourceip=address(written),
        errorcode=status,
        region=text(document, azure.LOCATION),
        account=azure.subscription(document, resource),
        id=number_or_text(document, _EVENT_ID) or number_or_text(document, _EVENT_DATA_ID),
        resource=resource,
        status=status,
        correlation=number_or_text(document, azure.CORRELATION),
        properties={} if written is None else {"sourceIPAddress": written},
    )
