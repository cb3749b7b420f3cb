"""How common a text is in audit events: a guess, by which a rule's literals are chosen.

A wrong guess costs speed and never a match. What stands in an ordinary event of some log source
stands in most of its events; a service's or an account's name stands in all of the service's or
the account's events; any other text is the rarer the longer it is.
"""

import re

from matcher.events.sources import SOURCES

_IN_MOST = 0.5
_IN_ONE_OF_SOME = 0.05
_RARER_A_CHARACTER = 8.0
_LONG = 12
"""A text longer than this is hardly rarer than one of this length."""

_SERVICE_OR_ACCOUNT = re.compile(
    r"[a-z0-9.-]*\.(?:amazonaws|googleapis)\.com|microsoft\.[a-z]+/?"
    r"|[a-z]{2}(?:-[a-z]+)+-\d|arn:aws[^/]*|\d{12}"
)

_ORDINARY = "\n".join(
    file.read_text("utf-8")
    for source in SOURCES
    if (file := source.folder / "ordinary_text.txt").exists()
)
"""What stands in an ordinary event, in lower case: a file in each log source's folder."""


def commonness(text: str) -> float:
    """The share of events, from 0 to 1, that may be expected to hold a lower-case text.

    A whole JSON string in its quotes counts as as common as the text inside.
    """
    text = text.strip('"')
    if text in _ORDINARY:
        return _IN_MOST
    if _SERVICE_OR_ACCOUNT.fullmatch(text):
        return _IN_ONE_OF_SOME
    return _RARER_A_CHARACTER ** -min(len(text), _LONG)
