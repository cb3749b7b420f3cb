"""Finds the log source of an event.

:func:`classify` is the rule. :func:`attribute` gives the same answer without parsing the whole
event; ``tests/events/test_attribution.py`` checks that the two agree.
"""

from typing import Any

import msgspec
from msgspec import Raw

from matcher.events import acceptable
from matcher.events.record import Reject
from matcher.events.sources import SOURCES, SourceKind
from matcher.events.units import RawEvent

_RECOGNISE = (
    *((source.certain, source.kind) for source in SOURCES if source.certain),
    *((source.likely, source.kind) for source in SOURCES if source.likely),
)
_AT_A_GLANCE = tuple(
    (source.certain_at_a_glance, source.kind) for source in SOURCES if source.certain_at_a_glance
)
_READS = tuple(dict.fromkeys(name for source in SOURCES for name in source.reads))


def attribute(event: RawEvent) -> SourceKind:
    """The log source of an event; for an event that is not acceptable, the unknown one."""
    if event.probe is not None:
        for recognises, kind in _AT_A_GLANCE:
            if recognises(event.probe):
                return kind
    found = _shallowly(event.raw)
    if found is not None:
        return found
    document = acceptable.parse(event.raw)
    return SourceKind.UNKNOWN if isinstance(document, Reject) else classify(document)


def classify(document: dict[str, Any]) -> SourceKind:
    """The log source that certainly recognises the document, or else the one that likely does.

    A key counts if it is present, whatever its value, in camelCase, PascalCase or lower case; for
    Azure also in snake_case.
    """
    for recognises, kind in _RECOGNISE:
        if recognises(document):
            return kind
    return SourceKind.UNKNOWN


members_of = msgspec.json.Decoder(dict[str, Raw]).decode
"""The top-level members of a JSON object, which are not parsed. Raises msgspec's errors,
UnicodeDecodeError and RecursionError.
"""


def classify_members(members: dict[str, Any]) -> SourceKind:
    """The answer of :func:`classify` for a document, from its members as :func:`members_of` gives
    them. Only the few values that are read are parsed. Raises the errors of :func:`members_of`.
    """
    for name in _READS:
        if name in members:
            members[name] = msgspec.json.decode(members[name])
    return classify(members)


def _shallowly(raw: bytes) -> SourceKind | None:
    """The answer from the top-level members; None where the parser, which is stricter than the rule
    for acceptable events, refuses the event.
    """
    try:
        return classify_members(members_of(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
