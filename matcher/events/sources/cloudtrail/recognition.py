"""Tells CloudTrail records from those of clouds that write nearly the same."""

from typing import Any

from msgspec import UNSET

from matcher.events.document import has, spellings
from matcher.events.probe import Probe
from matcher.events.sources.source import Telltale

_VETOES = (*spellings("acsRegion"), *spellings("serviceName"))
_EVENT_SOURCE = spellings("eventSource")
_INSIGHT = spellings("insightDetails")
_EVENT_NAME = spellings("eventName")
_REGION_OR_IDENTITY = (*spellings("awsRegion"), *spellings("userIdentity"))
_AWS = ".amazonaws.com"

READS = _EVENT_SOURCE
TELLTALE = Telltale("eventSource", _AWS, unless=_VETOES)


def is_cloudtrail(document: dict[str, Any]) -> bool:
    """Whether the record comes from an AWS service, is an insight, or has CloudTrail's own keys.

    Alibaba's ActionTrail has the same keys, and ``acsRegion`` or ``serviceName`` as well.
    """
    if has(document, _VETOES):
        return False
    for name in _EVENT_SOURCE:
        source = document.get(name)
        if isinstance(source, str) and source.endswith(_AWS):
            return True
    if has(document, _INSIGHT):
        return True
    return has(document, _EVENT_NAME) and has(document, _REGION_OR_IDENTITY)


def is_cloudtrail_at_a_glance(probe: Probe) -> bool:
    """Whether the probe alone shows that :func:`is_cloudtrail` holds; False proves nothing.

    The probe has the two excluding keys in every spelling, and the others only in camelCase.
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
