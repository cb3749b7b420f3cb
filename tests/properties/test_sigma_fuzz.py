"""The Sigma reader loads a document or refuses it with RuleErrors; it raises nothing else."""

import copy
import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.ruleset import RuleSet
from matcher.errors import RuleError
from matcher.events.catalogue import Catalogue
from matcher.languages.sigma import Placeholders
from matcher.rulebook.document import read_documents
from matcher.rulebook.sigma_rules import sigma_rules
from tests.factories import make_event

CATALOGUE = Catalogue.load()
PLACEHOLDERS = Placeholders({"names": ("alice", "")})
SOURCE = {"product": "aws", "service": "cloudtrail"}
RULE = {
    "title": "T",
    "id": "11111111-1111-4111-8111-111111111111",
    "name": "shown",
    "status": "test",
    "level": "high",
    "date": "2024-05-01",
    "modified": "2024-05-02",
    "author": "me",
    "description": "text",
    "tags": ["attack.t1087", "cve.2024-1"],
    "references": ["https://example.com"],
    "falsepositives": ["none"],
    "fields": ["a", "b.c"],
    "related": [{"id": "22222222-2222-4222-8222-222222222222", "type": "derived"}],
    "logsource": SOURCE,
    "detection": {
        "selection": {"a|contains": ["x", "y*"], "b.c": 5, "d|exists": True, "e": None},
        "others": [{"f|re|i": "^x"}, {"g|expand": "%names%", "h|cidr": "10.0.0.0/8"}],
        "keywords": ["needle", 5, True],
        "_more": {"i|windash|all": ["-x", "-y"], "j|gt": 5, "k|base64offset|contains": "foo"},
        "refs": {"l|fieldref|startswith": "m", "n|neq|cased": "x", "t|hour": 3},
        "condition": ["selection and not 1 of others", "all of keywords* or (_more and refs)"],
    },
    "tests": [{"name": "n", "match": True, "event": {"a": "x"}}],
}
FILTER = {
    "title": "F",
    "logsource": SOURCE,
    "filter": {"rules": ["shown"], "selection": {"b": "y"}, "condition": "not selection"},
}
CORRELATION = {
    "title": "C",
    "correlation": {
        "type": "event_count",
        "rules": ["shown"],
        "group-by": ["a"],
        "timespan": "5m",
        "condition": {"gte": 5},
        "generate": True,
    },
}
WORDS = (
    "detection", "condition", "filter", "rules", "any", "correlation", "selection", "them",
    "1 of them", "not", "(", "a|re", "a|contains|all", "|all", "a|", "|", "a|expand", "%names%",
    "%x%", "*", "\\", "(?<=x)", "", " ", "a.b", ".", "<<", "=", "~", "null", "5", "action", "title",
    "id", "logsource", "tests", "fields", "tags", "level", "\u00e9", "0x1F", "1e999", "-0",
)  # fmt: skip
keys = st.sampled_from(WORDS) | st.text(max_size=6)
leaves = (
    keys | st.none() | st.booleans() | st.integers(-5, 10**25) | st.floats() | st.dates().map(str)
)
nodes = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


def spots(node, above=()):
    """The path to every value of a document."""
    yield above
    inner = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node if isinstance(node, list) else ())
    )
    for key, child in inner:
        yield from spots(child, (*above, key))


@st.composite
def damaged(draw):
    """A good document in which some values or keys are replaced or missing."""
    document = copy.deepcopy(draw(st.sampled_from([RULE, RULE, RULE, FILTER, CORRELATION])))
    for _ in range(draw(st.integers(0, 3))):
        ways = [way for way in spots(document) if way]
        if not ways:
            break
        *above, last = draw(st.sampled_from(ways))
        node = document
        for key in above:
            node = node[key]
        what = draw(st.integers(0, 3))
        if what == 0:
            del node[last]
        elif what == 1 and isinstance(node, dict):
            node[draw(keys)] = node.pop(last)
        elif what == 2 and isinstance(node[last], str):
            at = draw(st.integers(0, len(node[last])))
            node[last] = node[last][:at] + draw(keys) + node[last][at:]
        else:
            node[last] = draw(nodes)
    return document


def load(text):
    """Load the rules of a file; any exception except a RuleError is a fault."""
    try:
        documents, errors = read_documents("r.yml", text)
    except RuleError:
        return
    found = sigma_rules(documents, CATALOGUE, PLACEHOLDERS)
    for error in (*errors, *found.errors):
        assert isinstance(error, RuleError)
        assert error.line is not None
        assert str(error).startswith(f"r.yml:{error.line}:{error.column}: ")
    rules = {rule.id: rule for rule, _ in found.rules}
    RuleSet(rules.values(), CATALOGUE.log_source_types).match(make_event({"a": "x", "b": {"c": 5}}))


QUIET = settings(max_examples=250)


@QUIET
@given(st.lists(damaged() | nodes, min_size=1, max_size=3), st.booleans())
def test_a_damaged_document_loads_or_is_refused(documents, as_json):
    texts = [
        json.dumps(one) if as_json else yaml.safe_dump(one, sort_keys=False) for one in documents
    ]
    load("\n---\n".join(texts))


@QUIET
@given(damaged(), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), keys), max_size=4))
def test_a_damaged_text_loads_or_is_refused(document, cuts):
    text = yaml.safe_dump(document, sort_keys=False)
    for place, length, instead in cuts:
        at = int(place * len(text))
        text = text[:at] + instead + text[at + length :]
    load(text)
