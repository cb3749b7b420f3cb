"""Law 1 for Sigma: prefilter on = prefilter off = naive, and no spelling of JSON changes it."""

import json
import re
from unittest.mock import patch

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcher.engine import ruleset as ruleset_module
from matcher.engine.compiler import predicate
from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.sigma import Placeholders
from matcher.languages.sigma.log_sources import known_log_sources
from matcher.rulebook.document import read_documents
from matcher.rulebook.sigma_rules import sigma_rules
from tests.properties.test_prefilter_law import azure, cloudtrail, text, value, written

CATALOGUE = Catalogue.load()
LOG_SOURCES = (
    {"product": "aws", "service": "cloudtrail"},
    {"product": "azure", "service": "activitylogs"},
    {"product": "azure", "service": "auditlogs"},
    {"product": "azure", "service": "signinlogs"},
    {"product": "azure"},
    {"product": "azure", "service": "pim"},
)
MODIFIERS = (
    *("", "", "contains", "contains", "startswith", "endswith", "cased", "contains|cased"),
    *("contains|all", "re", "re|i", "neq", "contains|neq", "windash|contains", "expand|contains"),
    *("base64", "base64offset|contains", "wide|base64", "fieldref", "fieldref|contains"),
    *("exists", "gt", "lte", "cidr", "hour"),
)
CONDITIONS = (
    *("sel_0", "sel_0", "1 of sel_*", "all of them", "not sel_0", "sel_0 and not sel_1"),
    *("sel_0 or sel_1", "not (sel_0 or sel_1)", "not all of sel_*", "sel_0 and sel_1"),
)
PLACEHOLDERS = Placeholders({"names": ("CreateUser", "caf\u00e9", "5", "a\\b*")})

ALIASES = tuple(
    name for source in known_log_sources() for alias in source.aliases for name in alias.names
)

nested = st.recursive(
    value, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
)


def as_text(found, seed):
    """A value as JSON in a text, spelled as some producer might spell it."""
    return written(found, seed).decode("utf-8", "surrogatepass")


in_texts = st.recursive(
    nested,
    lambda inner: st.builds(
        as_text, st.dictionaries(text, inner, max_size=2) | st.lists(inner), st.integers(0, 99)
    ),
    max_leaves=4,
)


@st.composite
def documents(draw):
    """Events with nested values, also under names that have dots and inside texts."""
    document = dict(draw(cloudtrail() | azure()))
    document["requestParameters"] = draw(nested | in_texts)
    document[draw(st.sampled_from(["a.b", "userIdentity.arn", "x"]))] = draw(nested | in_texts)
    return document


def opened(found):
    """The JSON value that a text holds; None if the text is not JSON."""
    try:
        return json.loads(found, strict=False)
    except (ValueError, RecursionError):
        return None


def places(node, name=""):
    """Every name that leads to a value of a document, and the value."""
    inside = opened(node) if isinstance(node, str) else node
    if isinstance(inside, dict):
        for key, inner in inside.items():
            yield from places(inner, f"{name}.{key}" if name else key)
    elif isinstance(inside, list):
        for inner in inside:
            yield from places(inner, name)
    if name:
        yield name, node


def shown(found):
    """A value as a rule may write it."""
    return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))


@st.composite
def needle(draw, found):
    """Part of a text, special characters escaped; at times with a wildcard, or in another case."""
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(found))] * 2)))
    part = found if draw(st.booleans()) else found[start:end]
    part = draw(st.sampled_from([str, str.upper, str.lower, str.swapcase]))(part)
    part = re.sub(r"([*?\\])", r"\\\1", part)
    if part and not draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(part)))
        part = part[:at] + draw(st.sampled_from("*?")) + part[at:]
    return part


@st.composite
def items(draw, seen):
    """``field|modifier: value``, mostly with a value that an event has in that field."""
    name, found = draw(st.sampled_from(seen))
    if not draw(st.integers(0, 2)):
        name = draw(st.sampled_from(ALIASES))
    modifier = draw(st.sampled_from(MODIFIERS))
    kind = modifier.split("|")[0]
    if kind == "exists":
        wanted = draw(st.booleans())
    elif kind in ("gt", "lte", "hour"):
        wanted = draw(st.integers(-3, 24))
    elif kind == "fieldref":
        wanted = draw(st.sampled_from(seen))[0]
    elif kind == "cidr":
        wanted = draw(st.sampled_from(["192.0.2.0/24", "0.0.0.0/0", "::/0"]))
    elif kind == "re":
        wanted = re.escape(shown(found)[:20])
    elif kind == "expand":
        wanted = draw(st.sampled_from(["%names%", "x%names%"]))
    elif not modifier and draw(st.booleans()) and not isinstance(found, dict | list):
        wanted = found
    else:
        wanted = draw(st.lists(needle(shown(found)) | text, min_size=1, max_size=2))
    return f"{name}|{modifier}".rstrip("|"), wanted


@st.composite
def rules(draw, seen):
    """A Sigma rule's YAML."""
    keywords = st.lists(needle(shown(draw(st.sampled_from(seen))[1])), min_size=1, max_size=2)
    a_map = st.lists(items(seen), min_size=1, max_size=3).map(dict)
    selections = a_map | a_map | st.lists(a_map, min_size=1, max_size=2) | keywords
    rule = {
        "title": "T",
        "logsource": draw(st.sampled_from(LOG_SOURCES)),
        "detection": {
            "sel_0": draw(selections),
            "sel_1": draw(selections),
            "condition": draw(st.sampled_from(CONDITIONS)),
        },
    }
    return yaml.safe_dump(rule, sort_keys=False)


def compiled(texts):
    """The rules that the reader accepts, each with an id of its own."""
    found = []
    for number, rule in enumerate(texts):
        named = f"id: 11111111-1111-4111-8111-{number:012}\n{rule}"
        read = sigma_rules(read_documents("r.yml", named)[0], CATALOGUE, PLACEHOLDERS)
        found += [rule for rule, _ in read.rules]
    return RuleSet(found, CATALOGUE.log_source_types)


@settings(max_examples=150)
@given(data=st.data())
def test_no_rule_loses_an_event_to_the_prefilter_or_to_its_spelling(data):
    document = data.draw(documents())
    seen = [
        place for place in places(document) if all(c.isprintable() and c != "|" for c in place[0])
    ]
    ruleset = compiled(data.draw(st.lists(rules(seen), min_size=1, max_size=4)))
    assume(ruleset.rules)
    answers = set()
    for seed in data.draw(st.lists(st.integers(0, 1000), min_size=2, max_size=3)):
        for raw in unwrap(written(document, seed)).events:
            event = normalize(raw, 1_700_000_000_000, CATALOGUE)
            naive = ruleset.match_naive(event)
            off = tuple(r.id for r in ruleset.rules if predicate(r.expression)(event))
            with patch.object(ruleset_module, "FEW", 0):  # further literals are searched for, too
                on = tuple(match.rule.id for match in ruleset.match(event))
            assert on == off == naive
            answers.add(naive)
    assert len(answers) <= 1
