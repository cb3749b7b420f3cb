"""What a lint finds in a rule."""

import re
from dataclasses import dataclass

from matcher.errors import Location
from matcher.languages.aql.dialect import DEPARTURES

CODES = (
    *("aws-name-unknown", "aws-name-dated", "aws-name-shared", "aws-name-elsewhere"),
    *("type-not-stock", "type-not-ours"),
    *("log-source-none", "field-never-seen"),
    *("case-varies", "like-without-wildcard", "payload-has-property"),
    *("curly-quotes", "null-in-list"),
    *("value-unknown", "value-case", "network-host-bits", "network-as-text"),
    "like-star",
    *("never-true", "always-true", "no-literal", "tests-missing"),
    "not-evaluated",
    *(departure.code for departure in DEPARTURES),
)
"""Every code; ``docs/lints.md`` has a section for each. Codes do not change."""

_DETECTION = re.compile(r"^detection[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A doubt about a rule that works. ``at`` is its place in the rule's source, ``hint`` says what
    to do.
    """

    code: str
    message: str
    hint: str = ""
    at: Location | None = None


def place_of(text: str, source: str) -> Location | None:
    """The first place of a text in a rule's source, in its own case or else in any; in Sigma, in
    the detection.
    """
    start = detection_of(source)
    position = source.find(text, start)
    if position < 0:
        position = source.lower().find(text.lower(), start)
    return Location.of(source, position, len(text)) if position >= 0 else None


def detection_of(source: str) -> int:
    """Where a Sigma rule's detection begins; 0 in a query."""
    found = _DETECTION.search(source)
    return found.start() if found else 0


def quoted(text: str) -> str:
    """A text as AQL writes it."""
    return "'" + text.replace("'", "''") + "'"
