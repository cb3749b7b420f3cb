"""What a lint says of a rule."""

from dataclasses import dataclass

from matcher.errors import Location
from matcher.languages.aql.dialect import DEPARTURES

CODES = (
    *("aws-name-unknown", "aws-name-dated", "aws-name-shared", "aws-name-elsewhere"),
    *("type-not-stock", "type-not-ours"),
    *("case-varies", "like-without-wildcard", "payload-has-property"),
    *("never-true", "always-true", "no-literal", "tests-missing"),
    *(departure.code for departure in DEPARTURES),
)
"""Every code there is; ``docs/lints.md`` has a section for each. Codes do not change."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about a rule that works. ``at`` is a place in the query; ``hint``: what to do."""

    code: str
    message: str
    hint: str = ""
    at: Location | None = None


def place_of(text: str, source: str) -> Location | None:
    """Where a query first writes a text, in its own case or in any."""
    position = source.find(text)
    if position < 0:
        position = source.lower().find(text.lower())
    return Location.of(source, position, len(text)) if position >= 0 else None


def quoted(text: str) -> str:
    """A text as AQL writes it."""
    return "'" + text.replace("'", "''") + "'"
