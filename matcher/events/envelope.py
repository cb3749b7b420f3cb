"""A record's bytes → the events in it, each with its exact bytes, and the units that are none.

Envelopes (docs/reference/cloudtrail.md, "What carries records") are opened one inside
the other, at most ``Limits.max_layers`` deep. A fast parser splits what it takes; what it refuses
is split by :mod:`matcher.events.splitter`, which comes to the same result wherever both can.
"""

import re
from collections.abc import Iterable

import msgspec
from msgspec import Raw

from matcher.events import acceptable, splitter
from matcher.events.acceptable import BLANK, BOM
from matcher.events.carriers import (
    ARRAYS,
    OBJECTS,
    TEXTS,
    Form,
    carriers,
    data_of,
    fits,
    present_carriers,
    published,
    skip_reason,
    stands_once,
    text_in,
    text_of,
)
from matcher.events.inflate import GZIP_IN_BASE64, GZIP_MAGIC, InflateError, gunzip, unbase64
from matcher.events.probe import KEYS, Probe, from_members, glance, is_plain_event
from matcher.events.record import Reject, RejectReason, SkipReason
from matcher.events.units import Limits, RawEvent, Units, Unwrapped

__all__ = [
    "Limits",
    "RawEvent",
    "Unwrapped",
    "plain_event",
    "unwrap",
    "unwrap_further",
    "unwrap_tolerantly",
]


_DEFAULT = Limits()


def unwrap(value: bytes | None, limits: Limits = _DEFAULT) -> Unwrapped:
    """Open whatever envelopes a record's value is. Never raises, whatever the bytes."""
    plain = plain_event(value)
    return unwrap_further(value, limits) if plain is None else Unwrapped([plain], [], [])


def plain_event(value: bytes | None) -> RawEvent | None:
    """The one event that a record's value is as it stands, as nearly always; None where a glance
    does not tell.
    """
    if value is None or not value.startswith(b"{"):
        return None
    probe = glance(value)
    if probe is not None and is_plain_event(probe) and acceptable.is_within_bounds(value):
        return RawEvent(value.rstrip(BLANK), 0, probe)
    return None


def unwrap_further(value: bytes | None, limits: Limits = _DEFAULT) -> Unwrapped:
    """:func:`unwrap` of a value that is no :func:`plain_event`."""
    if value is None:
        return Unwrapped(skipped=[SkipReason.TOMBSTONE])
    return _Opening(limits).run(value)


def unwrap_tolerantly(value: bytes | None, limits: Limits = _DEFAULT) -> Unwrapped:
    """The oracle: :func:`unwrap` without the fast parser, which costs speed and all probes."""
    if value is None:
        return Unwrapped(skipped=[SkipReason.TOMBSTONE])
    return _Opening(limits, fast=False).run(value)


_decode_array = msgspec.json.Decoder(list[Raw]).decode
_LOG_STREAM = b"{LogStreamName:"
_NEXT_LOG_STREAM = re.compile(rb"\r?\n(?=\{LogStreamName:)")


class _Opening:
    """One record being opened. ``layer`` is the number of envelopes around the text at hand."""

    def __init__(self, limits: Limits, *, fast: bool = True) -> None:
        self.limits = limits
        self.fast = fast
        self.units = Units(limits.max_units)
        self.may_inflate = limits.max_inflated_bytes

    def run(self, value: bytes) -> Unwrapped:
        try:
            self._text(value, 0)
        except splitter.TooManyError:
            detail = f"more than {self.limits.max_units} events and other units"
            return Unwrapped(rejects=[Reject(RejectReason.TOO_MANY_UNITS, detail, value)])
        return self.units.found

    def _too_many_layers(self, raw: bytes, layer: int) -> bool:
        if layer < self.limits.max_layers:
            return False
        detail = f"an envelope inside {layer} others"
        self.units.reject(RejectReason.NESTED_TOO_OFTEN, detail, raw)
        return True

    # a text: a record's value, or what was opened

    def _text(self, value: bytes, layer: int) -> None:
        if value.startswith(GZIP_MAGIC):
            self._gzip(value, value, layer)
            return
        text = value.removeprefix(BOM).lstrip(BLANK)
        start = len(value) - len(text)
        text = text.rstrip(BLANK)
        if not text:
            self.units.reject(RejectReason.EMPTY, "no text", value)
        elif text.startswith(GZIP_IN_BASE64):
            self._base64(text, text, layer)
        elif text.startswith(_LOG_STREAM):
            self._log_stream_lines(text, layer)
        elif not self._fast_text(text, layer):
            self._several(text, layer, start)

    def _fast_text(self, text: bytes, layer: int) -> bool:
        """One object or one array that the fast parser takes as a whole."""
        if text.startswith(b"["):
            elements = self._split_fast(text)
            if elements is not None:
                self._units(elements, layer)
            return elements is not None
        probe = self._glance(text)
        if probe is not None:
            self._object(text, probe, layer)
        return probe is not None

    def _gzip(self, data: bytes, raw: bytes, layer: int) -> None:
        """``raw`` is what stands in the record: the gzip, or its base64."""
        if self._too_many_layers(raw, layer):
            return
        try:
            text = gunzip(data, self.may_inflate)
        except InflateError as error:
            self.units.reject(error.reason, error.detail, raw)
            return
        self.may_inflate -= len(text)
        self._text(text, layer + 1)

    def _base64(self, text: bytes, raw: bytes, layer: int) -> None:
        try:
            data = unbase64(text)
        except InflateError as error:
            self.units.reject(error.reason, error.detail, raw)
            return
        if data:
            self._gzip(data, raw, layer)
        else:
            self.units.reject(RejectReason.EMPTY, "base64 of nothing", raw)

    def _log_stream_lines(self, text: bytes, layer: int) -> None:
        """QRadar's ``{LogStreamName: …,Timestamp: …,Message: {…}}``, which is no JSON."""
        for line in _NEXT_LOG_STREAM.split(text):
            try:
                start, end = splitter.value_after(line.decode("latin-1"), "Message:")
            except splitter.BrokenError as broken:
                self.units.reject_rest(line, broken.fault, 0)
                continue
            if not self._too_many_layers(line, layer):
                self._unit(line[start:end], layer + 1)

    # several values in a text, or a broken one

    def _several(self, text: bytes, layer: int, start: int) -> None:
        """Lines, values one after the other, or a text that breaks somewhere."""
        lines = splitter.lines(text, self.limits.max_units + 1)
        if len(lines) > 1 and splitter.is_value(lines[0].decode("latin-1")):
            self._lines(lines, layer)
            return
        spans, fault = splitter.values(text.decode("latin-1"), self.limits.max_units)
        if fault is not None and not spans and self._broken(text, layer, start):
            return
        if fault is not None and splitter.look_like_lines(lines):
            self._lines(lines, layer)
            return
        for begin, end in spans:
            self._value(text[begin:end], layer)
        if fault is None:
            return
        rest = text[fault.offset :]
        if not spans:
            self.units.judge(text)
        elif not self._broken(rest, layer, start + fault.offset):
            self.units.reject_rest(text, fault, start)

    def _lines(self, lines: list[bytes], layer: int) -> None:
        for line in lines:
            self._text(line, layer)

    def _value(self, text: bytes, layer: int) -> None:
        if text.startswith(b"["):
            self._array(text, layer)
        else:
            self._unit(text, layer)

    def _broken(self, text: bytes, layer: int, start: int) -> bool:
        """Open a text that breaks, if a unit in it is complete."""
        if text.startswith(b"{"):
            return self._members(text, layer, start=start)
        if not text.startswith(b"["):
            return False
        spans, fault = splitter.elements(text.decode("latin-1"), self.limits.max_units)
        if fault is not None and not spans:
            return False
        self._units((text[begin:end] for begin, end in spans), layer)
        if fault is not None:
            self.units.reject_rest(text, fault, start)
        return True

    # one value that is complete

    def _array(self, text: bytes, layer: int) -> None:
        elements = self._split_fast(text)
        if elements is not None:
            self._units(elements, layer)
        elif not self._broken(text, layer, 0):
            self.units.judge(text)

    def _units(self, units: Iterable[bytes], layer: int, *, log_line: bool = False) -> None:
        for unit in units:
            self._unit(unit, layer, log_line=log_line)

    def _unit(self, text: bytes, layer: int, *, log_line: bool = False) -> None:
        """An element, or another value that stands alone and should be an object."""
        probe = self._glance(text)
        if probe is not None:
            self._object(text, probe, layer, log_line=log_line)
        elif not (text.startswith(b"{") and self._members(text, layer, log_line=log_line)):
            self.units.judge(text)

    def _object(self, text: bytes, probe: Probe, layer: int, *, log_line: bool = False) -> None:
        """An object that the fast parser takes."""
        if is_plain_event(probe) and not log_line:
            self._plain(text, probe)
            return
        forms = present_carriers(probe, log_line=log_line)
        values = {key: bytes(getattr(probe, KEYS[key])) for key in forms}
        doubtful = not all(stands_once(text, key, value) for key, value in values.items())
        opened = [key for key, value in values.items() if fits(forms[key], value)]
        if doubtful or len(opened) > 1:
            if not self._members(text, layer, log_line=log_line):
                self._plain(text, probe)
        elif (reason := skip_reason(probe)) is not None:
            self.units.skip(reason)
        elif opened:
            self._open_fast(text, forms[opened[0]], values[opened[0]], layer)
        else:
            self._plain(text, probe)

    def _open_fast(self, text: bytes, form: Form, value: bytes, layer: int) -> None:
        units = self._split_fast(value) if form in ARRAYS else ()
        if units is None:  # very many elements, or the stack was nearly used up
            self._members(text, layer)
        elif not self._too_many_layers(text, layer):
            self._open(form, value, units, layer)

    def _plain(self, text: bytes, probe: Probe) -> None:
        if not acceptable.is_within_bounds(text):
            verdict = acceptable.parse(text)
            if isinstance(verdict, Reject):
                self.units.reject(verdict.reason, verdict.detail, text)
                return
        self.units.event(text, probe)

    def _members(self, text: bytes, layer: int, *, start: int = 0, log_line: bool = False) -> bool:
        """Open or skip an object that only the tolerant parser takes, broken ones too.

        False, and nothing done, where it is no envelope and nothing to skip either.
        """
        members, fault = splitter.members(text.decode("latin-1"), self.limits.max_units)
        values = [(member, text[member.start : member.end]) for member in members]
        probe = from_members((member.key, value) for member, value in values)
        forms = carriers(probe, whole=fault is None, log_line=log_line)
        opened = {m.key for m, value in values if m.key in forms and fits(forms[m.key], value)}
        reason = skip_reason(probe)
        if reason is not None:
            self.units.skip(reason)
        elif not opened:
            return False
        elif self._too_many_layers(text, layer):
            return True
        else:
            for member, value in values:
                if member.key in opened:
                    units = (text[begin:end] for begin, end in member.elements)
                    self._open(forms[member.key], value, units, layer)
        if fault is not None:
            self.units.reject_rest(text, fault, start)
        return True

    def _open(self, form: Form, value: bytes, units: Iterable[bytes], layer: int) -> None:
        """Open one carrying member; ``units`` are the elements of a value that is an array."""
        if not fits(form, value):
            self.units.reject(RejectReason.NOT_AN_OBJECT, f"not {form.value}", value)
        elif form in ARRAYS:
            self._units(units, layer + 1, log_line=form is Form.LOG_LINES)
        elif form in OBJECTS:
            self._unit(value, layer + 1)
        elif form in TEXTS:
            self._text((text_of(text_in(form, value)) or "").encode(), layer + 1)
        elif form is Form.PUBLISHED:
            self._text(published(value) or b"", layer + 1)
        else:  # the gzip in it counts as the layer
            self._base64(data_of(value) or b"", value, layer)

    def _glance(self, text: bytes) -> Probe | None:
        return glance(text) if self.fast else None

    def _split_fast(self, array: bytes) -> Iterable[bytes] | None:
        if not self.fast or array.count(b",") >= self.limits.max_units:
            return None
        try:
            return map(bytes, _decode_array(array))
        except (msgspec.MsgspecError, RecursionError):
            return None
