"""A glance at many records at once: which of them are one event each, and of which log source.

Nearly every record is a single event that no rule looks at. All that must be known of such a record
is that it is an acceptable event, and its log source. Learning only this costs a third of what
:func:`matcher.events.envelope.unwrap` and :func:`matcher.events.attribution.attribute` cost. Those
two functions define the answers; ``tests/events/test_at_a_glance.py`` checks that the answers
agree.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from matcher.events.acceptable import (
    MAX_DEPTH,
    MAX_DIGITS,
    may_hold_long_number,
    opening_brackets,
)
from matcher.events.attribution import classify_members, members_of
from matcher.events.envelope_keys import NO_EVENT_KEYS
from matcher.events.probe import ENVELOPE_KEYS, WRAPPER_KEYS
from matcher.events.sources import SOURCES, SourceKind
from matcher.events.units import Limits, ToldEvents, Units

_Nothing = Annotated[int, msgspec.Meta(ge=1, le=0)]
"""The type of no value at all: an object with such a field is refused."""

_BRACE = ord("{")
_EVENTS_AT_ONCE = 64
_MAY_BE_OPENED = frozenset((*ENVELOPE_KEYS, *WRAPPER_KEYS))
_TELLTALES = [source.telltale for source in SOURCES if source.telltale]
_TOLD_BY = [
    (source.telltale.key, source.telltale.ends, source.kind)
    for source in SOURCES
    if source.telltale
]


def _head(read: Iterable[str], refused: Iterable[str]) -> Any:
    """A struct that reads the texts under some keys, and refuses an object that has any of the
    other keys at its top level.
    """
    fields: list[tuple[str, Any, Any]] = [(key, str | UnsetType, UNSET) for key in read]
    for number, key in enumerate(refused):
        field = msgspec.field(default=UNSET, name=key)
        fields.append((f"refused_{number}", _Nothing | UnsetType, field))
    return msgspec.defstruct("Head", fields, frozen=True, gc=False)


_decode = msgspec.json.Decoder(
    _head(
        dict.fromkeys(telltale.key for telltale in _TELLTALES),
        dict.fromkeys([*NO_EVENT_KEYS, *(key for one in _TELLTALES for key in one.unless)]),
    )
).decode


def log_sources(values: Sequence[bytes], limits: Limits) -> list[SourceKind | None]:
    """The log source of each record that is plainly one event; None for any other record.

    Where this function gives a log source, :func:`matcher.events.envelope.unwrap` gives one event,
    whose bytes are the value without the blanks at its end, and
    :func:`matcher.events.attribution.attribute` gives that event the same log source. None says
    that the record needs a closer look. Never raises, whatever the bytes.
    """
    short = min(MAX_DIGITS, limits.max_event_bytes)
    return [
        None
        if head is None
        or value[0] != _BRACE
        or opening_brackets(value) > MAX_DEPTH
        or (len(value) > short and not _fits(value, limits))
        else _told(head) or _classified(value)
        for value, head in zip(values, _heads(values), strict=True)
    ]


Element = TypeVar("Element")


def told_events(
    elements: Iterable[bytes | Element], units: Units, limits: Limits
) -> Iterator[bytes | Element | ToldEvents]:
    """The elements of an array, in their order; those whose log source is told come as ToldEvents.

    An element that is not bytes is passed on as it is.
    """
    rest = iter(elements)
    while chunk := list(islice(rest, _EVENTS_AT_ONCE)):
        raws = [one if isinstance(one, bytes) else b"" for one in chunk]
        kinds = log_sources(raws, limits)
        known = [kind for kind in kinds if kind is not None]
        run = units.told(raws, known) if len(known) == len(raws) else None
        if run is not None:
            yield run
            continue
        for element, raw, kind in zip(chunk, raws, kinds, strict=True):
            alone = None if kind is None else units.told([raw], [kind])
            yield element if alone is None else alone


def _heads(values: Sequence[bytes]) -> list[Any]:
    """The head of each value; None for a value that is no JSON object, or that is refused."""
    try:
        return list(map(_decode, values))
    except Exception:  # noqa: BLE001 - one of the values is refused: find out which
        return [_head_of(value) for value in values]


def _head_of(value: bytes) -> Any:
    try:
        return _decode(value)
    except Exception:  # noqa: BLE001 - the closer look says what is wrong
        return None


def _fits(value: bytes, limits: Limits) -> bool:
    return len(value) <= limits.max_event_bytes and not may_hold_long_number(value)


def _told(head: Any) -> SourceKind | None:
    for key, ends, kind in _TOLD_BY:
        text = getattr(head, key)
        if text is not UNSET and text.endswith(ends):
            return kind
    return None


def _classified(value: bytes) -> SourceKind | None:
    """The log source of an event that has no telltale; None if the event may be an envelope."""
    try:
        members = members_of(value)
        return classify_members(members) if _MAY_BE_OPENED.isdisjoint(members) else None
    except Exception:  # noqa: BLE001 - the closer look says what is wrong
        return None
