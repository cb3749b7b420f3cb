"""The name that was probably meant, for every message that asks "did you mean …?"."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_GUESSED_NAME = 100


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant: one that differs in a few letters at most, case ignored."""
    if len(name) > _LONGEST_GUESSED_NAME:
        return None
    by_fold = {known.casefold(): known for known in names}
    found = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.7)
    return by_fold[found[0]] if found else None
