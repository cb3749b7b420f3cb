"""Does a value mean what it seems to mean? Curly quotes that are part of a text, and NULL among
values.
"""

from collections.abc import Iterator

import yaml

from matcher.engine.expression import Among
from matcher.engine.rule import Rule
from matcher.errors import Location, RuleError
from matcher.events.catalogue import Catalogue
from matcher.languages.quotes import DOUBLE_QUOTES, SINGLE_QUOTES
from matcher.rulebook.document import is_null, is_text, read_documents
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import placed, text_test
from matcher.rulebook.sigma_checks import items, scalars

_CURLY = SINGLE_QUOTES + DOUBLE_QUOTES
_IN_AQL = "take them out: straight quotes alone stand around a text"
_IN_SIGMA = "take them out, or write straight quotes, which YAML reads as such"


def signs(rule: Rule, _catalogue: Catalogue) -> Iterator[Finding]:
    """Texts inside curly quotes, and NULL in a list of values."""
    yield from _of_sigma(rule.source) if rule.language == "sigma" else _of_aql(rule)


def _of_aql(rule: Rule) -> Iterator[Finding]:
    for place in placed(rule.expression):
        test = text_test(place.leaf)
        for text in test.texts if test else ():
            if _is_curly(text.strip("%")):
                yield _curly(text, _IN_AQL, place_of(quoted(text), rule.source))
        match place.leaf:
            case Among(_, values) if None in values and len(values) > 1:
                yield Finding(
                    "null-in-list",
                    "NULL in a list equals nothing: the list is as without it",
                    "write … OR … IS NULL",
                    place_of("NULL", rule.source),
                )


def _of_sigma(source: str) -> Iterator[Finding]:
    try:
        documents, _ = read_documents("", source)
    except RuleError:  # the document needs a directive of its file, such as %TAG
        return
    for document in documents:
        for key, value in items(document):
            for node in (key, *scalars(value)):
                if is_text(node) and _is_curly(node.value.strip("*")):
                    yield _curly(node.value, _IN_SIGMA, _place(node))
            nulls = [node for node in scalars(value) if is_null(node)]
            if nulls and isinstance(value, yaml.SequenceNode) and len(value.value) > 1:
                yield Finding(
                    "null-in-list",
                    "null in a list of values is no Sigma: here it is a field that is missing, "
                    "another backend may refuse it or do otherwise",
                    f"write a list of two maps, the second with {key.value.split('|')[0]}: null",
                    _place(nulls[0]),
                )


def _is_curly(text: str) -> bool:
    return len(text) > 1 and text[0] in _CURLY and text[-1] in _CURLY


def _curly(text: str, hint: str, at: Location | None) -> Finding:
    message = f"these quotes are part of the text that is looked for: {text[:60]}"
    return Finding("curly-quotes", message, hint, at)


def _place(node: yaml.Node) -> Location:
    mark = node.start_mark
    return Location(mark.line + 1, mark.column + 1, max(1, len(getattr(node, "value", ""))))
