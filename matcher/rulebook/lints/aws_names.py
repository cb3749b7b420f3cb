"""Whether CloudTrail is known to log a name, and under which services (docs/reference/aql.md).

AWS publishes no list of event names, and ours is not whole: what it lacks is doubted, and where a
condition leaves an event source that the list does not have, nothing is said.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matcher.engine.expression import And, Expression, Or
from matcher.engine.gate import possible_types
from matcher.engine.patterns import like_test
from matcher.engine.rule import Rule
from matcher.errors import Location
from matcher.events.catalogue import Catalogue
from matcher.events.schema import LogSourceType
from matcher.events.sources import SourceKind
from matcher.events.text import fold
from matcher.languages.nearest import nearest
from matcher.rulebook.lints.aws_events import AwsEvents, aws_events
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import Placed, TextTest, placed, text_test

_NAME_PROPERTIES = ("qidname", "event name", "eventname")
_SOURCE_PROPERTIES = ("event source", "eventsource")
"""QRadar's names for the event source, and CloudTrail's name, which Sigma uses."""
_API_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")
_API_PATTERN = re.compile(r"[A-Za-z0-9%_]*[A-Za-z]{3}[A-Za-z0-9%_]*")
_UNSURE = "leave it where AWS logs it all the same"
_SHOWN = 4
_MOST_GUESSES = 20
"""For at most this many unknown names of a rule the nearest known name is looked for, as each
search takes a moment.
"""


@dataclass(frozen=True, slots=True)
class _Advice:
    """Advice on what to add to a rule, in the rule's language."""

    dated: str
    source: str


_AQL = _Advice("add: OR {field} LIKE '{text}%'", "add: AND \"Event Source\" = '{source}'")
_SIGMA = _Advice("add: {field}|startswith: '{text}'", "add: eventSource: {source}")


@dataclass(frozen=True, slots=True)
class _Context:
    """What the conditions beside a leaf allow: log source types, and event sources (None: any).
    ``beside`` is kept so that its identity stays its own.
    """

    beside: tuple[Expression, ...]
    types: frozenset[LogSourceType]
    sources: frozenset[str] | None

    @property
    def known(self) -> bool:
        """Whether the list has every event source that is allowed."""
        if self.sources is None:
            return True
        return bool(self.sources) and self.sources <= aws_events().all_sources

    @classmethod
    def of(cls, place: Placed, catalogue: Catalogue, known: AwsEvents) -> "_Context":
        """The context of a leaf."""
        joined = And(place.beside)
        types = possible_types(joined, catalogue.log_source_types)
        return cls(place.beside, types, _allowed(joined, known))


def aws_names(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Findings about names that are compared with an event's name where the event may be
    CloudTrail's.
    """
    known = aws_events()
    guesses = iter(range(_MOST_GUESSES))
    contexts: dict[int, _Context] = {}
    cloudtrail = catalogue.type_of(SourceKind.CLOUDTRAIL)
    for place in placed(rule.expression):
        test = text_test(place.leaf)
        if test is None or place.negated or test.name not in _NAME_PROPERTIES:
            continue
        context = contexts.get(id(place.beside))
        if context is None:
            context = contexts[id(place.beside)] = _Context.of(place, catalogue, known)
        if cloudtrail not in context.types or not context.known:
            continue
        for text in test.texts:
            if _says_aws(text, alone=len(context.types) == 1):
                names = _names(text, test, known)
                shown = text.strip("%") if rule.language == "sigma" else quoted(text)
                at = place_of(shown, rule.source)
                if names:
                    advice = _SIGMA if rule.language == "sigma" else _AQL
                    yield from _of_names(names, text, test, (context.sources, advice), at)
                else:
                    guess = next(guesses, None) is not None
                    yield Finding("aws-name-unknown", *_unknown(text, known, guess=guess), at)


def _says_aws(text: str, *, alone: bool) -> bool:
    """Whether a text is an AWS name: any text if only CloudTrail's events are meant (``alone``),
    else a text like ``CreateUser``.
    """
    if "%" in text:
        return bool(_API_PATTERN.fullmatch(text))
    if not text:
        return False
    capitals = sum(letter.isupper() for letter in text)
    return alone or (bool(_API_NAME.fullmatch(text)) and capitals > 1)


def _names(text: str, test: TextTest, known: AwsEvents) -> list[str]:
    """The AWS names that the text equals or, as a pattern, matches."""
    if known.sources_of(text):
        return [text]
    if test.operator == "=" and not test.caseless:
        return []
    holds = _holds(test, text)
    dated = (f"{name}{date}" for name, date in known.dated.items())
    return [name for name in (*known.sources, *dated) if holds(name)]


def _holds(test: TextTest, text: str) -> Callable[[str], bool]:
    """The test, reduced to one of its texts."""
    if test.operator == "=":
        return lambda name: name == text or (test.caseless and fold(name) == fold(text))
    return like_test(text, test.caseless, test.escape)


def _of_names(
    names: list[str],
    text: str,
    test: TextTest,
    context: tuple[frozenset[str] | None, _Advice],
    at: Location | None,
) -> Iterator[Finding]:
    known = aws_events()
    allowed, advice = context
    sources = frozenset().union(*(known.sources_of(name) for name in names))
    if allowed is not None and not sources & allowed:
        named = ", ".join(sorted(allowed)[:_SHOWN])
        message = f"no event {quoted(text)} of {named} is known"
        hint = f"it is known of {_few(sources)}: {_UNSURE}"
        yield Finding("aws-name-elsewhere", message, hint, at)
        return
    if len(names) != 1 or fold(names[0]) != fold(text):
        return
    text = names[0]
    reached = sources if allowed is None else sources & allowed
    date = known.dated.get(text)
    if date is not None and "lambda.amazonaws.com" in reached:
        reached -= {"lambda.amazonaws.com"}
        yield Finding(
            "aws-name-dated",
            f"Lambda logs {text} as {text}{date}, or with a v2 behind it: this name misses it",
            advice.dated.format(field=test.field.written, text=f"{text}{date}"),
            at,
        )
    if allowed is None and len(reached) > 1 and text in known.sources:
        yield Finding(
            "aws-name-shared",
            f"{len(reached)} services log an event {text}: {_few(reached)}",
            advice.source.format(source=_likeliest(reached)),
            at,
        )


def _unknown(text: str, known: AwsEvents, *, guess: bool) -> tuple[str, str]:
    listed = f"(botocore {known.version} and our additions)"
    if "%" in text:
        return f"no event of AWS that is known matches {quoted(text)} {listed}", _UNSURE
    near = nearest(text, known.sources) if guess else None
    message = f"no event {quoted(text)} of an AWS service is known {listed}"
    if near is not None and near.casefold() == text.casefold():
        return message, f"names are compared as they stand: {near}"
    return message, f"the nearest name is {near}: {_UNSURE}" if near else _UNSURE


def _few(sources: frozenset[str]) -> str:
    names = sorted(source.removesuffix(".amazonaws.com") for source in sources)
    more = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])} and {more} more" if more > 0 else ", ".join(names)


def _likeliest(sources: frozenset[str]) -> str:
    usual = ("iam", "ec2", "s3", "guardduty", "sts", "lambda")
    known = [f"{name}.amazonaws.com" for name in usual if f"{name}.amazonaws.com" in sources]
    return (known or sorted(sources))[0]


def _allowed(expression: Expression, known: AwsEvents) -> frozenset[str] | None:
    """The event sources that a condition allows; None if it does not restrict them."""
    match expression:
        case And(items):
            said = [found for item in items if (found := _allowed(item, known)) is not None]
            return frozenset.intersection(*said) if said else None
        case Or(items):
            parts = [_allowed(item, known) for item in items]
            each = [part for part in parts if part is not None]
            return frozenset().union(*each) if each and len(each) == len(parts) else None
    test = text_test(expression)
    if test is not None and test.name == "payload":
        return frozenset(text.strip("%") for text in test.texts) & known.all_sources or None
    if test is None or test.name not in _SOURCE_PROPERTIES:
        return None
    if test.operator == "=":
        return frozenset(text.lower() if test.caseless else text for text in test.texts)
    holds = _holds(test, test.texts[0])
    return frozenset(source for source in known.all_sources if holds(source))
