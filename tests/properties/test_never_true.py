"""What the lint calls never true holds for no event; what it calls always true, for every event."""

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.compiler import predicate
from matcher.engine.expression import And, Expression, Not, Or
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.rulebook.lints.truth import impossible, truth
from tests.properties.test_prefilter_law import (
    document,
    leaf,
    texts_by_field,
    written,
)
from tests.properties.test_sigma_prefilter_law import compiled, documents, places, rules

CATALOGUE = Catalogue.load()


def parts(expression: Expression):
    """The expression and every expression inside it."""
    yield expression
    match expression:
        case And(items) | Or(items):
            for item in items:
                yield from parts(item)
        case Not(item):
            yield from parts(item)


def hold_the_lint(expression, events):
    """Check that what the lint says of the expression is right for all events."""
    for part in parts(expression):
        said = truth(part)
        if said is not None:
            assert {predicate(part)(event) for event in events} <= {said}
    for branch in impossible(expression, CATALOGUE):
        for event in events:
            assert not predicate(And((branch.branch, *branch.beside)))(event)


def normalized(document, seed):
    found = unwrap(written(document, seed)).events
    return [normalize(event, 1_700_000_000_000, CATALOGUE) for event in found]


@settings(max_examples=150)
@given(data=st.data())
def test_the_lint_of_aql_is_right(data):
    seed = data.draw(st.integers(0, 1000))
    given_documents = data.draw(st.lists(document, min_size=1, max_size=2))
    events = [event for one in given_documents for event in normalized(one, seed)]
    seen = texts_by_field(CATALOGUE.properties, events)
    few = st.lists(leaf(CATALOGUE.properties, seen), min_size=1, max_size=3)
    pool = data.draw(few)
    items = st.sampled_from([*pool, *map(Not, pool)])
    several = st.lists(items, min_size=1, max_size=4).map(tuple)
    hold_the_lint(data.draw(several.map(And) | several.map(Or)), events)


@settings(max_examples=100)
@given(data=st.data())
def test_the_lint_of_sigma_is_right(data):
    given_document = data.draw(documents())
    seen = [
        place
        for place in places(given_document)
        if all(sign.isprintable() and sign != "|" for sign in place[0])
    ]
    few = data.draw(st.lists(st.sampled_from(seen), min_size=1, max_size=2))
    ruleset = compiled(data.draw(st.lists(rules(few), min_size=1, max_size=3)))
    events = normalized(given_document, data.draw(st.integers(0, 1000)))
    for rule in ruleset.rules:
        hold_the_lint(rule.expression, events)
