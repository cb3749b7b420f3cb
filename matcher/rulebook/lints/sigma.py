"""Does a Sigma rule ask for events and fields that exist?"""

import re
from collections.abc import Iterator

from matcher.engine.rule import Rule
from matcher.errors import Location
from matcher.events.catalogue import Catalogue
from matcher.languages.nearest import nearest
from matcher.languages.sigma import How
from matcher.languages.sigma.log_sources import known_log_sources
from matcher.rulebook.lints.field_uses import sources_of, uses_of
from matcher.rulebook.lints.finding import Finding, detection_of


def sigma_names(rule: Rule, _catalogue: Catalogue) -> Iterator[Finding]:
    """A log source that is not known here, and fields that its records have never been seen to
    have.
    """
    if rule.language != "sigma":
        return
    sources = sources_of(rule)
    if not sources:
        yield _no_events(rule.metadata.get("logsource") or {})
    for use in uses_of(rule):
        if use.how is How.NEVER_SEEN:
            where = " or ".join(source.name for source in sources)
            message = f"no record of {where} was seen to have {use.field}"
            hint = f"the nearest name is {use.nearest}" if use.nearest else ""
            yield Finding("field-never-seen", message, hint, _key(use.field, rule.source))


def _no_events(named: dict[str, str]) -> Finding:
    """The finding for a log source that is not known here, with the one that is probably meant, or
    else all.
    """
    known = [source.name for source in known_log_sources()]
    short = "/".join(named[key] for key in ("product", "service") if key in named)
    guess = nearest(short, known)
    given = ", ".join(f"{key} {value}" for key, value in named.items())
    hint = f"did you mean {guess}?" if guess else f"known are {', '.join(known)}"
    return Finding("log-source-none", f"no event here is of {given}", hint)


def _key(field: str, source: str) -> Location | None:
    """The place at which a selection has the field as a key."""
    pattern = re.compile(rf"^[ \t-]*['\"]?({re.escape(field)})[|:'\"]", re.MULTILINE)
    found = pattern.search(source, detection_of(source))
    return Location.of(source, found.start(1), len(field)) if found else None
