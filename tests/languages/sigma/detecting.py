"""One Sigma rule on one event: what the tables of expectations are read with."""

import json
import re
import textwrap
from functools import cache

from matcher.engine.ruleset import RuleSet
from matcher.errors import RuleErrors
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.sigma import Placeholders
from matcher.rulebook.document import read_documents
from matcher.rulebook.sigma_rules import sigma_rules

CATALOGUE = Catalogue.load()
HEAD = "title: T\nid: 11111111-1111-4111-8111-111111111111\nlevel: low\n"
SOURCE = "logsource: {product: aws, service: cloudtrail}\n"
PLACEHOLDERS = {
    "admins": ("alice", "b*b"),
    "one": ("x",),
    "none": (),
    "pattern": ("a.c", "d+", "e*"),
}

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]|[^\s{}\[\]:,"]+|\s+', re.DOTALL)
_SIGN = re.compile(r"\\u....|\\.|.", re.DOTALL)


def rule_text(detection: str, rest: str = "") -> str:
    """A rule of CloudTrail, of what stands under ``detection``."""
    return HEAD + SOURCE + "detection:\n" + textwrap.indent(detection, "  ") + "\n" + rest


def selection(where: str) -> str:
    """The detection that is one selection."""
    return "selection:\n" + textwrap.indent(where, "  ") + "\ncondition: selection"


@cache
def ruleset(text: str) -> RuleSet:
    """The rules of a Sigma file. Raises RuleErrors."""
    policy = Placeholders(PLACEHOLDERS)
    documents, errors = read_documents("rule.yml", text)
    found = sigma_rules(documents, CATALOGUE, policy)
    if errors or found.errors:
        raise RuleErrors([*errors, *found.errors])
    return RuleSet([rule for rule, _ in found.rules], CATALOGUE.log_source_types)


def fires(text: str, event: str) -> bool:
    """Whether the file's rule fires on an event: JSON text that is made CloudTrail here, and
    spelled in every way that means the same.
    """
    answers = {how: _fires(ruleset(text), respelled) for how, respelled in spellings(event)}
    assert len(set(answers.values())) == 1, (event, answers)
    return answers["as it is"]


def spellings(event: str) -> list[tuple[str, str]]:
    """The event as JSON writers spell it."""
    source = '"eventSource":"made.amazonaws.com"'
    event = event.strip()
    text = "{" + source + ("," if event[1:].strip() != "}" else "") + event[1:]
    blanks = "".join(token + " \n\t" if not token.isspace() else token for token in tokens(text))
    assert json.loads(blanks) == json.loads(text)
    return [
        ("as it is", text),
        ("blanks between tokens", blanks.strip()),
        ("letters escaped", _inside(text, _escaped)),
        ("slashes escaped", _inside(text, lambda sign: r"\/" if sign == "/" else sign)),
        ("ASCII alone", _inside(text, lambda sign: json.dumps(sign)[1:-1] if sign > "~" else sign)),
    ]


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _inside(text: str, spell) -> str:
    """The JSON text with the signs of its texts spelled otherwise."""
    return "".join(
        '"' + "".join(map(spell, _SIGN.findall(token[1:-1]))) + '"' if token[0] == '"' else token
        for token in tokens(text)
    )


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if len(sign) == 1 and sign.isascii() and sign.isalpha() else sign


def _fires(rules: RuleSet, text: str) -> bool:
    (raw,) = unwrap(text.encode("utf-8", "surrogatepass")).events
    event = normalize(raw, 1_700_000_000_000, CATALOGUE)
    naive = rules.match_naive(event)
    assert tuple(match.rule.id for match in rules.match(event)) == naive, text
    return bool(naive)
