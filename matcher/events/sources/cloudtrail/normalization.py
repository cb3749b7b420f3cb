"""CloudTrail records (docs/reference/cloudtrail.md)."""

from typing import Any

from matcher.events.addresses import address
from matcher.events.document import child, number_or_text, spellings, text, value
from matcher.events.sources.extracted_fields import ExtractedFields
from matcher.events.times import milliseconds

_IDENTITY = spellings("userIdentity")
_EVENT_NAME = spellings("eventName")
_EVENT_TIME = spellings("eventTime")
_EVENT_ID = spellings("eventID")
_SOURCE_ADDRESS = spellings("sourceIPAddress")
_REGION = spellings("awsRegion")
_ERROR = spellings("errorCode")
_RECIPIENT = spellings("recipientAccountId")
_EXTRA = spellings("additionalEventData")
_TIME_WINDOW = spellings("timeWindow")
_WINDOW_START = spellings("windowStart")

_TYPE = spellings("type")
_USER_NAME = spellings("userName")
_PRINCIPAL = spellings("principalId")
_ACCOUNT = spellings("accountId")
_INVOKED_BY = spellings("invokedBy")
_ARN = spellings("arn")
_CONTEXT = spellings("sessionContext")
_ISSUER = spellings("sessionIssuer")
_ON_BEHALF_OF = spellings("onBehalfOf")
_USER_ID = spellings("userId")

_SSO_ROLE = "AWSReservedSSO_"
_ARN_PARTS = 6


def operation(document: dict[str, Any]) -> str | None:
    """The name of the event."""
    return text(document, _EVENT_NAME)


def extract(document: dict[str, Any]) -> ExtractedFields:
    """The fields of a CloudTrail record.

    An Insights record has no name, user or address of its own: those of the activity that it is
    about stay inside ``insightDetails``. An aggregated record is about many calls: its time is the
    start of the window, and the calls stay inside ``summary``.
    """
    identity = child(document, _IDENTITY)
    time = value(document, _EVENT_TIME)
    if time is None:
        time = value(child(document, _TIME_WINDOW), _WINDOW_START)
    written_address = text(document, _SOURCE_ADDRESS)
    properties: dict[str, Any] = {}
    if written_address is not None:
        properties["sourceIPAddress"] = written_address
    session = _session(identity)
    if session is not None:
        properties["Session Name"] = session
    account = (
        number_or_text(document, _RECIPIENT)
        or number_or_text(identity, _ACCOUNT)
        or number_or_text(document, _ACCOUNT)
    )
    error = number_or_text(document, _ERROR)
    return ExtractedFields(
        operation=operation(document),
        devicetime=milliseconds(time),
        time=time,
        username=username(identity, document),
        sourceip=address(written_address),
        errorcode=error,
        region=text(document, _REGION),
        account=account,
        id=number_or_text(document, _EVENT_ID),
        status=error,
        properties=properties,
    )


def username(identity: dict[str, Any], document: dict[str, Any]) -> str | None:
    """Who did it, by the type of the identity (docs/reference/cloudtrail.md, "Who did it")."""
    match text(identity, _TYPE):
        case "IAMUser":
            return text(identity, _USER_NAME) or _arn_tail(identity)
        case "AssumedRole" | "Role":
            return _of_role(identity)
        case "Root":
            return text(identity, _USER_NAME) or "root"  # the event says "Root"
        case "FederatedUser":
            return _arn_tail(identity) or _issuer(identity)
        case "AWSService":
            return text(identity, _INVOKED_BY)
        case "AWSAccount":
            return text(identity, _PRINCIPAL) or number_or_text(identity, _ACCOUNT)
        case "IdentityCenterUser":
            extra = child(document, _EXTRA)
            behalf = child(identity, _ON_BEHALF_OF)
            return text(extra, _USER_NAME) or text(behalf, _USER_ID)
        case _:
            return text(identity, _USER_NAME)


def _of_role(identity: dict[str, Any]) -> str | None:
    """The role's name; for a role that Identity Center made, the person who uses it."""
    issuer = _issuer(identity)
    if issuer is not None and not issuer.startswith(_SSO_ROLE):
        return issuer
    return (_session(identity) if issuer else None) or issuer or _role_of_arn(identity)


def _issuer(identity: dict[str, Any]) -> str | None:
    return text(child(child(identity, _CONTEXT), _ISSUER), _USER_NAME)


def _session(identity: dict[str, Any]) -> str | None:
    """The session's name: the third part of an assumed role's ARN, or what follows the colon in the
    principal.
    """
    parts = _resource_of_arn(identity).split("/", 2)
    if len(parts) == 3 and parts[0] == "assumed-role" and parts[2]:  # noqa: PLR2004 - see above
        return parts[2]
    _, _, session = (text(identity, _PRINCIPAL) or "").partition(":")
    return session or None


def _role_of_arn(identity: dict[str, Any]) -> str | None:
    parts = _resource_of_arn(identity).split("/")
    return parts[1] or None if len(parts) > 1 and parts[0] == "assumed-role" else None


def _arn_tail(identity: dict[str, Any]) -> str | None:
    _, slash, tail = _resource_of_arn(identity).rpartition("/")
    return tail or None if slash else None


def _resource_of_arn(identity: dict[str, Any]) -> str:
    """The part of an ARN after its account, such as ``assumed-role/Role/session``; empty if there
    is none.
    """
    parts = (text(identity, _ARN) or "").split(":", _ARN_PARTS - 1)
    return parts[-1] if len(parts) == _ARN_PARTS else ""
