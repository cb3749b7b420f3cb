"""Is a text compared as the author must have meant it?"""

import re
from collections.abc import Iterator

from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import TextTest, placed, text_test

_OPERATION = re.compile(r"[a-z][\w.]*(/[\w.]+)*/(write|read|delete|action)", re.IGNORECASE)
_OPERATION_PROPERTIES = ("qidname", "operation name", "authorization action", "payload")
_SOURCE = re.compile(r"[a-z0-9-]+\.amazonaws\.com")
_KEY = re.compile(r'"?([A-Za-z]{4,})" ?:')


def texts(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Case that varies, patterns without wildcards, searches in the payload for a property."""
    for place in placed(rule.expression):
        test = text_test(place.leaf)
        if test is None:
            continue
        for text in test.texts:
            at = place_of(quoted(text), rule.source)
            for code, message, hint in (
                *_case(text, test),
                *_wildcards(text, test),
                *_property(text, test, catalogue),
            ):
                yield Finding(code, message, hint, at)


_Said = Iterator[tuple[str, str, str]]


def _case(text: str, test: TextTest) -> _Said:
    if test.operator == "ILIKE" or test.name not in _OPERATION_PROPERTIES:
        return
    if _OPERATION.fullmatch(text.strip("%")):
        yield (
            "case-varies",
            f"Azure sends operations in any case: {test.operator} {quoted(text)} holds for one",
            f"write {test.field.written} ILIKE {quoted(text)}",
        )


def _wildcards(text: str, test: TextTest) -> _Said:
    if test.operator == "=":
        return
    if text[:1] == "*" or text[-1:] == "*":
        message = f"* is an ordinary character in {test.operator}: {quoted(text)} looks for it"
        starred = re.sub(r"^\*+|\*+$", "%", text)
        yield "like-star", message, f"write {quoted(starred)}"
        return
    if "%" in text or "_" in text:
        return
    if test.name == "payload":
        message = f"{test.operator} looks at the whole payload, and no event is {quoted(text)}"
        yield "like-without-wildcard", message, f"write {quoted(f'%{text}%')}"
    elif test.operator == "LIKE":
        message = f"{quoted(text)} has no wildcard, and LIKE looks at the whole value: it is an ="
        yield "like-without-wildcard", message, "write % where anything may stand, or ="


def _property(text: str, test: TextTest, catalogue: Catalogue) -> _Said:
    if test.name != "payload":
        return
    plain, name = text.strip("%"), ""
    if _OPERATION.fullmatch(plain):
        name = "Operation Name"
    elif _SOURCE.fullmatch(plain):
        name = "Event Source"
    elif key := _KEY.search(plain):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key[1])
    found = catalogue.properties.find(name) if name else None
    if found is not None:
        yield (
            "payload-has-property",
            f"{quoted(text)} may stand anywhere in the payload, in a parameter or a message too",
            f'the property "{found.name}" holds it',
        )
