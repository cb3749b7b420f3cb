"""Texts put together, within bounds: what a short rule makes of an event does not fill memory."""

from collections.abc import Iterable

LONGEST_TEXT = 10_000_000
"""How many characters a text may have that a function makes; ten times a usual record."""


def joined(pieces: Iterable[str]) -> str | None:
    """The pieces as one text; NULL where it has more than LONGEST_TEXT characters."""
    length = 0
    kept = []
    for piece in pieces:
        length += len(piece)
        if length > LONGEST_TEXT:
            return None
        kept.append(piece)
    return "".join(kept)
