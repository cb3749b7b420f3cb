"""Opens gzip and base64 within bounds: never more bytes than allowed are held."""

import binascii

from isal import isal_zlib

from matcher.events.record import RejectReason

GZIP_MAGIC = b"\x1f\x8b"
GZIP_IN_BASE64 = b"H4sI"
"""The beginning of every gzip that is written in base64."""

_GZIP_WINDOW = 31
_FIRST_CHUNK, _LAST_CHUNK = 1 << 10, 1 << 20


class InflateError(Exception):
    """The bytes cannot be opened; the reason is that of a reject."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def unbase64(text: bytes) -> bytes:
    """The bytes in a base64 text, which may have line breaks. Raises InflateError (BAD_BASE64)."""
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error as error:
        raise InflateError(RejectReason.BAD_BASE64, str(error)) from None


def gunzip(data: bytes, limit: int) -> bytes:
    """The contents of a gzip of one or several members; zeros after the last member are padding.

    Raises InflateError: INFLATES_TOO_LARGE as soon as there are more than ``limit`` bytes, BAD_GZIP
    for any other error.
    """
    opened = bytearray()
    position = 0
    while data.startswith(GZIP_MAGIC, position):
        position = _open_member(data, position, limit, opened)
    if not position or data[position:].strip(b"\0"):
        raise InflateError(RejectReason.BAD_GZIP, f"no gzip from byte {position} on")
    return bytes(opened)


def _open_member(data: bytes, position: int, limit: int, opened: bytearray) -> int:
    """Append the contents of one member; returns the position after it.

    Chunks start small: a decompressor copies what follows its member, and there may be many
    members.
    """
    member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
    chunk = _FIRST_CHUNK
    while not member.eof:
        if position >= len(data):
            raise InflateError(RejectReason.BAD_GZIP, "the gzip is cut off")
        try:
            opened += member.decompress(data[position : position + chunk], limit + 1 - len(opened))
        except isal_zlib.error as error:  # type: ignore[misc]  # its stub says: an instance
            raise InflateError(RejectReason.BAD_GZIP, str(error)) from None
        if len(opened) > limit:
            detail = f"more than {limit} bytes when inflated"
            raise InflateError(RejectReason.INFLATES_TOO_LARGE, detail)
        position = min(position + chunk, len(data)) - len(member.unused_data)
        chunk = min(2 * chunk, _LAST_CHUNK)
    return position
