"""Opens one record: texts, gzips and objects inside each other, down to the units in them.

A fast parser splits what it accepts; :mod:`matcher.events.splitter` splits the rest, and gives the
same result wherever both can.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from msgspec import Raw

from matcher.events import json_text, splitter
from matcher.events.acceptable import BLANK, BOM, utf16_codec
from matcher.events.at_a_glance import told_events
from matcher.events.envelope_keys import (
    ARRAY_KEYS,
    ARRAYS,
    OBJECTS,
    TEXTS,
    Form,
    alerted,
    data_of,
    envelope_keys,
    fits,
    present_envelope_keys,
    published,
    skip_reason,
    stands_once,
    text_in,
    text_of,
)
from matcher.events.inflate import GZIP_IN_BASE64, GZIP_MAGIC, InflateError, gunzip, unbase64
from matcher.events.probe import KEYS, Probe, from_members, glance, is_plain_event
from matcher.events.record import Reject, RejectReason
from matcher.events.resuming import Gap
from matcher.events.units import Limits, ToldEvents, Unit, Units

UnitSteps = Iterator[Unit | None]
"""Units in their order. A None in between says that the next unit takes more work, so that the
caller may do something else first.
"""

_decode_array = msgspec.json.Decoder(list[Raw]).decode
_LOG_STREAM = b"{LogStreamName:"
_NEXT_LOG_STREAM = re.compile(rb"\r?\n(?=\{LogStreamName:)")


def _in_utf8(value: bytes) -> bytes:
    """A text in UTF-16 as UTF-8; any other text unchanged."""
    codec = utf16_codec(value)
    if codec is None:
        return value
    try:
        return value.decode(codec).encode()
    except UnicodeDecodeError:
        return value


class _Skipped(NamedTuple):
    """A part of an array that is not an element, with its offset in the envelope."""

    raw: bytes
    detail: str
    offset: int


def _pieces(
    text: bytes, pieces: Iterable[json_text.Span | Gap], shift: int, start: int
) -> Iterator[bytes | _Skipped]:
    """The elements and skipped parts of an array, in order.

    ``text`` starts ``shift`` bytes after the place from which they are counted, which is the
    envelope's byte ``start``.
    """
    for piece in pieces:
        if isinstance(piece, Gap):
            raw = text[piece.start - shift : piece.end - shift]
            yield _Skipped(raw, piece.detail, start + piece.start)
        else:
            yield text[piece[0] - shift : piece[1] - shift]


class Opening:
    """One record that is being opened. ``layer`` is the number of envelopes around the current
    text.

    Each method gives the units of its argument. A method that returns None instead has found that
    its argument is of another form.
    """

    def __init__(self, limits: Limits, *, fast: bool = True) -> None:
        self.limits = limits
        self.fast = fast
        self.units = Units(limits)
        self.may_inflate = limits.max_inflated_bytes

    def run(self, value: bytes) -> UnitSteps:
        """The units of a record's value."""
        try:
            yield from self._text(value, 0)
        except json_text.TooManyError:
            detail = f"more than {self.limits.max_units} events and other units"
            yield Reject(RejectReason.TOO_MANY_UNITS, detail, value)

    def _too_many_layers(self, raw: bytes, layer: int) -> Unit | None:
        if layer < self.limits.max_layers:
            return None
        detail = f"an envelope inside {layer} others"
        return self.units.reject(RejectReason.NESTED_TOO_OFTEN, detail, raw)

    # a text: a record's value, or the content of an envelope

    def _text(self, value: bytes, layer: int) -> UnitSteps:
        if value.startswith(GZIP_MAGIC):
            yield from self._gzip(value, value, layer)
            return
        value = _in_utf8(value)
        text = value.removeprefix(BOM).lstrip(BLANK)
        start = len(value) - len(text)
        text = text.rstrip(BLANK)
        if not text:
            yield self.units.reject(RejectReason.EMPTY, "no text", value)
        elif text.startswith(GZIP_IN_BASE64):
            yield from self._base64(text, text, layer)
        elif text.startswith(_LOG_STREAM):
            yield from self._log_stream_lines(text, layer)
        else:
            fast = self._fast_text(text, layer)
            yield from self._several(text, layer, start) if fast is None else fast

    def _fast_text(self, text: bytes, layer: int) -> UnitSteps | None:
        """The units of one object or one array that the fast parser accepts as a whole."""
        if text.startswith(b"["):
            elements = self._split_fast(text)
            return None if elements is None else self._units(elements, layer)
        probe = self._glance(text)
        return None if probe is None else self._object(text, probe, layer)

    def _gzip(self, data: bytes, raw: bytes, layer: int) -> UnitSteps:
        """The units in a gzip. ``raw`` is the gzip or its base64, as it stands in the record."""
        if (reject := self._too_many_layers(raw, layer)) is not None:
            yield reject
            return
        try:
            text = gunzip(data, self.may_inflate)
        except InflateError as error:
            yield self.units.reject(error.reason, error.detail, raw)
            return
        self.may_inflate -= len(text)
        yield from self._text(text, layer + 1)

    def _base64(self, text: bytes, raw: bytes, layer: int) -> UnitSteps:
        try:
            data = unbase64(text)
        except InflateError as error:
            yield self.units.reject(error.reason, error.detail, raw)
            return
        if data:
            yield from self._gzip(data, raw, layer)
        else:
            yield self.units.reject(RejectReason.EMPTY, "base64 of nothing", raw)

    def _log_stream_lines(self, text: bytes, layer: int) -> UnitSteps:
        """The units in QRadar's ``{LogStreamName: …,Timestamp: …,Message: {…}}``, which is not
        JSON.
        """
        for line in _NEXT_LOG_STREAM.split(text):
            try:
                start, end = json_text.value_after(line.decode("latin-1"), "Message:")
            except json_text.BrokenError as broken:
                yield self.units.reject_rest(line, broken.fault, 0)
                continue
            if (reject := self._too_many_layers(line, layer)) is not None:
                yield reject
            else:
                yield from self._unit(line[start:end], layer + 1)

    # a text that holds several values, or is broken

    def _several(self, text: bytes, layer: int, start: int) -> UnitSteps:
        """The units in several lines, in values one after the other, or in a text that breaks."""
        lines = splitter.lines(text, self.limits.max_units + 1)
        if len(lines) > 1 and json_text.is_value(lines[0].decode("latin-1")):
            yield from self._lines(lines, layer)
            return
        spans, fault = yield from splitter.values(json_text.Text(text), self.limits.max_units)
        if fault is not None and not spans and splitter.are_objects_by_line(lines):
            yield from self._lines(lines, layer)
            return
        if fault is not None and not spans:
            broken = yield from self._broken(text, layer, start)
            if broken is not None:
                yield from broken
                return
        if fault is not None and splitter.look_like_lines(lines):
            yield from self._lines(lines, layer)
            return
        for begin, end in spans:
            yield from self._value(text[begin:end], layer)
        if fault is not None:
            yield from self._rest(text, fault, layer, start, alone=not spans)

    def _rest(
        self, text: bytes, fault: json_text.Fault, layer: int, start: int, *, alone: bool
    ) -> UnitSteps:
        """The units of the text from the error on; ``alone``: no complete value stands
        before it.
        """
        if alone:
            yield self.units.judge(text)
            return
        broken = yield from self._broken(text[fault.offset :], layer, start + fault.offset)
        if broken is None:
            yield self.units.reject_rest(text, fault, start)
        else:
            yield from broken

    def _lines(self, lines: list[bytes], layer: int) -> UnitSteps:
        for line in lines:
            yield from self._text(line, layer)

    def _value(self, text: bytes, layer: int) -> UnitSteps:
        return self._array(text, layer) if text.startswith(b"[") else self._unit(text, layer)

    def _broken(self, text: bytes, layer: int, start: int) -> json_text.Walk[UnitSteps | None]:
        """Open a text that breaks, if it holds a complete unit."""
        if text.startswith(b"{"):
            return (yield from self._members(text, layer, start=start))
        if not text.startswith(b"["):
            return None
        spans, fault = yield from splitter.elements(json_text.Text(text), self.limits.max_units)
        if fault is not None and not spans:
            return None
        return self._elements(text, spans, fault, layer, start)

    def _elements(
        self,
        text: bytes,
        spans: list[json_text.Span | Gap],
        fault: json_text.Fault | None,
        layer: int,
        start: int,
    ) -> UnitSteps:
        yield from self._units(_pieces(text, spans, 0, start), layer)
        if fault is not None:
            yield self.units.reject_rest(text, fault, start)

    # one complete value

    def _array(self, text: bytes, layer: int) -> UnitSteps:
        elements = self._split_fast(text)
        if elements is not None:
            yield from self._units(elements, layer)
            return
        broken = yield from self._broken(text, layer, 0)
        if broken is None:
            yield self.units.judge(text)
        else:
            yield from broken

    def _units(
        self, units: Iterable[bytes | _Skipped], layer: int, *, log_line: bool = False
    ) -> UnitSteps:
        for unit in told_events(units, self.units, self.limits) if self.fast else units:
            if isinstance(unit, ToldEvents):
                yield unit
            elif isinstance(unit, _Skipped):
                yield self.units.reject(RejectReason.NOT_JSON, unit.detail, unit.raw, unit.offset)
            else:
                yield from self._unit(unit, layer, log_line=log_line)

    def _unit(self, text: bytes, layer: int, *, log_line: bool = False) -> UnitSteps:
        """The units of an element, or of another value that should be an object."""
        probe = self._glance(text)
        if probe is not None:
            yield from self._object(text, probe, layer, log_line=log_line)
            return
        members = None
        if text.startswith(b"{"):
            members = yield from self._members(text, layer, log_line=log_line)
        if members is None:
            yield self.units.judge(text)
        else:
            yield from members

    def _object(
        self, text: bytes, probe: Probe, layer: int, *, log_line: bool = False
    ) -> UnitSteps:
        """The units of an object that the fast parser accepts."""
        if is_plain_event(probe) and not log_line:
            yield self.units.event(text, probe)
            return
        forms = present_envelope_keys(probe, log_line=log_line)
        values = {key: bytes(getattr(probe, KEYS[key])) for key in forms}
        doubtful = not all(stands_once(text, key, value) for key, value in values.items())
        opened = [key for key, value in values.items() if fits(forms[key], value)]
        if doubtful or len(opened) > 1:
            members = yield from self._members(text, layer, log_line=log_line)
            if members is None:
                yield self.units.event(text, probe)
            else:
                yield from members
        elif (reason := skip_reason(probe)) is not None:
            yield self.units.skip(reason)
        elif opened:
            yield from self._open_fast(text, forms[opened[0]], values[opened[0]], layer)
        else:
            yield self.units.event(text, probe)

    def _open_fast(self, text: bytes, form: Form, value: bytes, layer: int) -> UnitSteps:
        units = self._split_fast(value) if form in ARRAYS else ()
        if units is None:  # very many elements, or the stack was nearly used up
            yield from (yield from self._members(text, layer)) or ()
        elif (reject := self._too_many_layers(text, layer)) is not None:
            yield reject
        else:
            yield from self._open(form, value, units, layer)

    def _members(
        self, text: bytes, layer: int, *, start: int = 0, log_line: bool = False
    ) -> json_text.Walk[UnitSteps | None]:
        """Open or skip an object that only the tolerant parser accepts, which may be broken. None
        if it is neither an envelope nor skipped.
        """
        members, fault = yield from splitter.members(
            json_text.Text(text), self.limits.max_units, ARRAY_KEYS
        )
        values = [(member, text[member.start : member.end]) for member in members]
        probe = from_members((member.key, value) for member, value in values)
        forms = envelope_keys(probe, whole=fault is None, log_line=log_line)
        opened = {m.key for m, value in values if m.key in forms and fits(forms[m.key], value)}
        reason = skip_reason(probe)
        if reason is None and not opened:
            return None
        first: Unit | None = None
        if reason is not None:
            first, opened = self.units.skip(reason), set()
        elif (reject := self._too_many_layers(text, layer)) is not None:
            return iter((reject,))
        inside = [
            (forms[m.key], value, _pieces(value, m.elements, m.start, start))
            for m, value in values
            if m.key in opened
        ]
        rest = () if fault is None else (text, fault, start)
        return self._opened_members(first, inside, rest, layer)

    def _opened_members(
        self,
        first: Unit | None,
        inside: list[tuple[Form, bytes, Iterator[bytes | _Skipped]]],
        rest: tuple[()] | tuple[bytes, json_text.Fault, int],
        layer: int,
    ) -> UnitSteps:
        if first is not None:
            yield first
        for form, value, units in inside:
            if fits(form, value):
                yield from self._open(form, value, units, layer)
            else:
                detail = f"not {form.value}"
                yield self.units.reject(RejectReason.NOT_AN_OBJECT, detail, value)
        if rest:
            yield self.units.reject_rest(*rest)

    def _open(
        self, form: Form, value: bytes, units: Iterable[bytes | _Skipped], layer: int
    ) -> UnitSteps:
        """Open one member whose value has this form; ``units`` are the elements of a value that is
        an array.
        """
        if form in ARRAYS:
            yield from self._units(units, layer + 1, log_line=form is Form.LOG_LINES)
        elif form in OBJECTS:
            yield from self._unit(value, layer + 1)
        elif form in TEXTS:
            yield from self._text((text_of(text_in(form, value)) or "").encode(), layer + 1)
        elif form is Form.ALERTED:
            yield from self._unit(alerted(value) or b"", layer + 1)
        elif form is Form.PUBLISHED:
            yield from self._text(published(value) or b"", layer + 1)
        else:  # the layer is counted for the gzip in the value
            yield from self._base64(data_of(value) or b"", value, layer)

    def _glance(self, text: bytes) -> Probe | None:
        return glance(text) if self.fast else None

    def _split_fast(self, array: bytes) -> Iterable[bytes] | None:
        if not self.fast or array.count(b",") >= self.limits.max_units:
            return None
        try:
            return map(bytes, _decode_array(array))
        except (msgspec.MsgspecError, RecursionError):
            return None
