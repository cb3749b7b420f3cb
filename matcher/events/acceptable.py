"""The definition of an acceptable event.

An event is acceptable if ``json.loads(raw.decode("utf-8", "replace"))`` gives an object (after a
BOM is dropped), nested at most :data:`MAX_DEPTH` deep, with at most :data:`MAX_CONTAINERS` opening
brackets and without an integer of more than :data:`MAX_DIGITS` digits. If a faster parser accepts
the text, its result counts; if it refuses, the standard library decides.
"""

import json
import re
from itertools import accumulate
from typing import Any

import msgspec

from matcher.events.record import Reject, RejectReason

MAX_DEPTH = 200
MAX_DIGITS = 4300
MAX_CONTAINERS = 250_000
"""The most opening brackets in one event, including those in its texts: an object takes up to 230
bytes of memory for two bytes of text.
"""
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"

UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF16 = re.compile(
    rb"(?P<utf_16>\xff\xfe|\xfe\xff)"
    rb"|(?P<utf_16_le>[{\[ \t\r\n]\0[\t\r\n -~]\0)"
    rb"|(?P<utf_16_be>\0[{\[ \t\r\n]\0[\t\r\n -~])"
)
UTF16_SIGN_BYTES = 4
"""The number of bytes at a text's beginning by which :func:`utf16_codec` judges."""

_decode = msgspec.json.Decoder().decode

_LONG = 1 << 16
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_RUN = b"0" * (MAX_DIGITS + 1)

_NEITHER_BRACKET_NOR_QUOTE = bytes(sorted(set(range(256)) - set(b'{[]}"')))
_STEP = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}

# What may stand at the place where a text stopped being JSON if it was merely cut off there.
_CUT_OFF = re.compile(
    r"[ \t\r\n]*+(?:\.|[eE][+-]?|t(?:ru?)?|f(?:al?|als)?|n(?:ul?)?|N(?:a)?"
    r"|-(?:I[a-z]{0,6})?|I[a-z]{0,6})?\Z"
)
_CUT_ESCAPE = re.compile(r"u[0-9a-fA-F]{0,4}\Z")


class _NumberTooLongError(ValueError):
    pass


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > MAX_DIGITS:
        raise _NumberTooLongError
    return int(text)


_loads = json.JSONDecoder(parse_int=_integer).decode


def parse(raw: bytes) -> dict[str, Any] | Reject:
    """The document of an acceptable event, or a reject that says why the event is not acceptable.

    Integers are exact, the last value of a repeated key counts, and lone surrogates are kept. Never
    raises, whatever the bytes.
    """
    document: Any
    brackets = opening_brackets(raw)
    if brackets > MAX_CONTAINERS:
        detail = f"more than {MAX_CONTAINERS} opening brackets"
        return Reject(RejectReason.TOO_LARGE, detail, raw)
    try:
        document = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = _parse_tolerantly(raw)
    if isinstance(document, Reject):
        return document
    if not isinstance(document, dict):
        detail = f"JSON, but {type(document).__name__} instead of an object"
        return Reject(RejectReason.NOT_AN_OBJECT, detail, raw)
    return (_too_deep(raw) if brackets > MAX_DEPTH else None) or document


def utf16_codec(beginning: bytes) -> str | None:
    """The codec of a text in UTF-16, which is read as the same text in UTF-8; None for other texts.

    Such a text begins with a byte order mark, or with a bracket or blank and one more ASCII
    character, each beside a NUL: no JSON in UTF-8 does.
    """
    found = _UTF16.match(beginning)
    return found and found.lastgroup


def is_within_bounds(raw: bytes) -> bool:
    """Whether an object that the fast parser accepted also keeps within the bounds that this parser
    does not check. True is certain; after False, :func:`parse` must decide.
    """
    return opening_brackets(raw) <= MAX_DEPTH and not may_hold_long_number(raw)


def opening_brackets(raw: bytes) -> int:
    """The number of opening brackets, including those in texts."""
    if len(raw) > _LONG:
        return raw.count(b"{") + raw.count(b"[")
    # Replacing searches with memchr, while counting goes byte by byte: where there are few
    # brackets, replacing takes half the time.
    return len(raw) - len(raw.replace(b"{", b"").replace(b"[", b""))


def is_cut_off(text: str, message: str, position: int) -> bool:
    """Whether the text is invalid JSON only because it ends too early."""
    if message.startswith("Unterminated string"):
        return True
    if message.startswith("Invalid"):
        return _CUT_ESCAPE.match(text, position) is not None
    return _CUT_OFF.match(text, position) is not None


def _parse_tolerantly(raw: bytes) -> Any:
    text = raw.removeprefix(BOM).decode("utf-8", "replace")
    if not text.strip(" \t\r\n"):
        return Reject(RejectReason.EMPTY, "no text", raw)
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        reason = (
            RejectReason.TRUNCATED
            if is_cut_off(text, error.msg, error.pos)
            else RejectReason.NOT_JSON
        )
        detail = f"{error.msg} (character {error.pos})"
        return _too_deep(raw) or Reject(reason, detail, raw)
    except ValueError:
        detail = f"an integer of more than {MAX_DIGITS} digits"
        return _too_deep(raw) or Reject(RejectReason.NUMBER_TOO_LONG, detail, raw)
    except RecursionError:
        detail = "nested too deep to be read"
        return _too_deep(raw) or Reject(RejectReason.TOO_DEEP, detail, raw)


def is_too_deep(raw: bytes) -> bool:
    """Whether brackets outside strings are nested deeper than MAX_DEPTH."""
    if opening_brackets(raw) <= MAX_DEPTH:
        return False
    if b"\\" in raw:
        raw = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    signs = raw.translate(None, _NEITHER_BRACKET_NOR_QUOTE)
    # Without each pair of adjacent quotes (an empty string, or the end of one string and the
    # beginning of the next), every other quote still begins a string.
    outside = signs.replace(b'""', b"").split(b'"')[::2]
    brackets = b"".join(outside)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH


def _too_deep(raw: bytes) -> Reject | None:
    if not is_too_deep(raw):
        return None
    return Reject(RejectReason.TOO_DEEP, f"nested deeper than {MAX_DEPTH}", raw)


def may_hold_long_number(raw: bytes) -> bool:
    """Whether there is a longer row of digits than an integer may have; it may be
    inside a string.
    """
    return len(raw) > MAX_DIGITS and _LONG_RUN in raw.translate(_DIGITS)
