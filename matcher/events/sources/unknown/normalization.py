"""Events of no known log source, read by the keys that cloud logs have in common."""

from typing import Any

from matcher.events.addresses import address
from matcher.events.document import number_or_text, sdk_spellings, spellings, text, value
from matcher.events.sources import azure
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.times import milliseconds

_EVENT_NAME = spellings("eventName")
_EVENT_TIME = spellings("eventTime")
_EVENT_ID = spellings("eventID")
_EVENT_DATA_ID = sdk_spellings("eventDataId")
_SOURCE_ADDRESS = spellings("sourceIPAddress")
_ERROR = spellings("errorCode")


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields under the common keys of cloud logs.

    It is not known here what an ``id`` identifies, so the id is left out.
    """
    time = value(document, _EVENT_TIME)
    if time is None:
        time = azure.first_time(document)
    written = azure.caller_address(document) or text(document, _SOURCE_ADDRESS)
    resource = text(document, azure.RESOURCE)
    status = number_or_text(document, azure.RESULT_TYPE) or number_or_text(document, _ERROR)
    return ExtractedFields(
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
