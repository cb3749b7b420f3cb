"""Whether CloudTrail ever logs a name, and under which services (qradar.md §0 and §7)."""

import re
from collections.abc import Iterator

from matcher.engine.expression import And, Expression, Or
from matcher.engine.gate import possible_types
from matcher.engine.patterns import like_test
from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.events.catalogue.kinds import SourceKind
from matcher.languages.aql.diagnostics import nearest
from matcher.rulebook.lints.aws_events import AwsEvents, aws_events
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import Placed, TextTest, placed, text_test

_NAME_PROPERTIES = ("qidname", "event name")
_SOURCE_PROPERTY = "event source"
_API_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")
_API_PATTERN = re.compile(r"[A-Za-z0-9%_]*[A-Za-z]{3}[A-Za-z0-9%_]*")
_SHOWN = 4


def aws_names(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Names that are compared with an event's name where the event may be CloudTrail's."""
    known = aws_events()
    cloudtrail = catalogue.type_of(SourceKind.CLOUDTRAIL)
    for place in placed(rule.expression):
        test = text_test(place.leaf)
        if test is None or place.negated or test.name not in _NAME_PROPERTIES:
            continue
        types = possible_types(And((place.leaf, *place.beside)), catalogue.log_source_types)
        if cloudtrail not in types:
            continue
        for text in test.texts:
            if _says_aws(text, alone=len(types) == 1):
                yield from _of_name(text, test, place, known, rule.source)


def _says_aws(text: str, *, alone: bool) -> bool:
    """Whether a text is an AWS name: for CloudTrail ``alone`` any, else one like ``CreateUser``."""
    if "%" in text:
        return bool(_API_PATTERN.fullmatch(text))
    capitals = sum(letter.isupper() for letter in text)
    return alone or (bool(_API_NAME.fullmatch(text)) and capitals > 1)


def _of_name(
    text: str, test: TextTest, place: Placed, known: AwsEvents, source: str
) -> Iterator[Finding]:
    at = place_of(quoted(text), source)
    allowed = _allowed(And(place.beside), known)
    names = [text] if text in known.sources or known.sources_of(text) else []
    if test.operator != "=" and not names:
        holds = like_test(text, test.operator == "ILIKE")
        names = [name for name in known.sources if holds(name)]
        names += [f"{name}{date}" for name, date in known.dated.items() if holds(f"{name}{date}")]
    if not names:
        yield Finding("aws-name-unknown", *_unknown(text, known), at)
        return
    sources = frozenset().union(*(known.sources_of(name) for name in names))
    if allowed is not None and not sources & allowed:
        message = f"{', '.join(sorted(allowed)[:_SHOWN])} logs no event {quoted(text)}"
        yield Finding("aws-name-elsewhere", message, f"it is an event of {_few(sources)}", at)
        return
    if names != [text]:
        return
    reached = sources if allowed is None else sources & allowed
    date = known.dated.get(text)
    if date is not None and "lambda.amazonaws.com" in reached:
        reached -= {"lambda.amazonaws.com"}
        yield Finding(
            "aws-name-dated",
            f"Lambda logs {text} as {text}{date}, or with a v2 behind it: this name misses it",
            f"add: OR {test.field.written} LIKE '{text}{date}%'",
            at,
        )
    if allowed is None and len(reached) > 1 and text in known.sources:
        yield Finding(
            "aws-name-shared",
            f"{len(reached)} services log an event {text}: {_few(reached)}",
            f"add: AND \"Event Source\" = '{_likeliest(reached)}'",
            at,
        )


def _unknown(text: str, known: AwsEvents) -> tuple[str, str]:
    if "%" in text:
        return f"no event of AWS matches {quoted(text)}", ""
    guess = nearest(text, known.sources)
    message = f"no service of AWS logs an event {quoted(text)} (by botocore {known.version})"
    if guess is not None and guess.casefold() == text.casefold():
        return message, f"names are compared as they stand: {guess}"
    return message, f"the nearest name is {guess}" if guess else "take it out"


def _few(sources: frozenset[str]) -> str:
    names = sorted(source.removesuffix(".amazonaws.com") for source in sources)
    more = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])} and {more} more" if more > 0 else ", ".join(names)


def _likeliest(sources: frozenset[str]) -> str:
    usual = ("iam", "ec2", "s3", "guardduty", "sts", "lambda")
    known = [f"{name}.amazonaws.com" for name in usual if f"{name}.amazonaws.com" in sources]
    return (known or sorted(sources))[0]


def _allowed(expression: Expression, known: AwsEvents) -> frozenset[str] | None:
    """The event sources that a condition leaves; None where it says nothing of them."""
    match expression:
        case And(items):
            said = [found for item in items if (found := _allowed(item, known)) is not None]
            return frozenset.intersection(*said) if said else None
        case Or(items):
            parts = [_allowed(item, known) for item in items]
            each = [part for part in parts if part is not None]
            return frozenset().union(*each) if each and len(each) == len(parts) else None
    test = text_test(expression)
    if test is None or test.name != _SOURCE_PROPERTY:
        return None
    if test.operator == "=":
        return frozenset(test.texts)
    holds = like_test(test.texts[0], test.operator == "ILIKE")
    return frozenset(source for source in known.all_sources if holds(source))
