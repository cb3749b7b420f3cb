"""SigmaHQ's rules for AWS and Azure: whether their fields are there, and what aliases find.

The rules are the public ones beside the corpus; nothing of them is kept here but titles.
"""

import gzip
from collections import Counter
from dataclasses import dataclass

import pytest

from matcher.engine.compiler import predicate
from matcher.engine.expression import Always, And, Exists, Field, Not, Or
from matcher.engine.ruleset import RuleSet
from matcher.engine.verdict import operands
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.schema import Kind
from matcher.languages.sigma import How, fields
from matcher.rulebook import load_rules
from matcher.rulebook.lints.field_uses import sources_of, uses_of

pytestmark = pytest.mark.corpus
CATALOGUE = Catalogue.load()
NEW_HITS = {
    # REST: the operation is an object, and its `value` is meant
    "Azure Application Gateway Modified or Deleted": 24,
    "Azure Firewall Modified or Deleted": 1,
    "Azure Network Security Configuration Modified or Deleted": 82,
    "Azure Virtual Network Device Modified or Deleted": 53,
    "Azure Virtual Network Modified or Deleted": 91,
    # what was done is `activityDisplayName`: in Graph's form alone, or below `properties`
    "Account Created And Deleted Within A Close Time Frame": 1,  # Add user; success
    "App Granted Microsoft Permissions": 2,  # Add app role assignment to service principal
    "App Granted Privileged Delegated Or App Permissions": 2,  # the same two records
    "Application AppID Uri Configuration Changes": 6,  # Update application 2, service principal 4
    "Azure Domain Federation Settings Modified": 1,  # Set federation settings on domain
    "Azure Service Principal Created": 1,  # no operationName beside it
    "CA Policy Removed by Non Approved Actor": 1,  # Delete conditional access policy
    "CA Policy Updated by Non Approved Actor": 2,  # Update conditional access policy
    "Guest User Invited By Non Approved Inviters": 1,  # Invite external user; failed
    "User Removed From Group With CA Policy Modification Access": 3,  # Remove member from group
    "Windows LAPS Credential Dump From Entra ID": 2,  # Recover device local administrator password
}


@pytest.fixture(scope="module")
def rules(corpus):
    book = load_rules([corpus.parent / "sigma"], CATALOGUE)
    assert book.errors == ()
    return book.rules


@pytest.fixture(scope="module")
def azure_events(corpus):
    return [
        normalize(found, 0, CATALOGUE)
        for file in sorted(corpus.glob("*azure_*.jsonl.gz"))
        for line in gzip.decompress(file.read_bytes()).splitlines()
        for found in unwrap(line).events
    ]


def presence(node):
    """What the fields of an expression must lead to for it to hold, whatever stands there."""
    match node:
        case And(items):
            return And(tuple(map(presence, items)))
        case Or(items):
            return Or(tuple(map(presence, items)))
        case Not():
            return Always(holds=True)
    items = [item for item in operands(node) if isinstance(item, Field)]
    values = [item for item in items if item.property.kind is Kind.VALUES]
    return And(tuple(map(Exists, values))) if values else node


@dataclass(frozen=True)
class Seen:
    """Hits by title, and by log source the rules whose fields are all there in one record."""

    hits: Counter[str]
    findable: Counter[str]


@pytest.fixture(scope="module")
def seen(corpus, rules, azure_events):
    """With aliases; and without aliases and spellings, each name and value as it stands."""
    now = Seen(hits(rules, azure_events), findable(rules, azure_events))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fields, "_paths", lambda _source, _name: ())
        patch.setattr(fields.Fields, "aliases", lambda _self, _name: ())
        patch.setattr(fields, "_named", lambda value: value)
        plain = load_rules([corpus.parent / "sigma"], CATALOGUE).rules
        return now, Seen(hits(plain, azure_events), findable(plain, azure_events))


def hits(rules, events) -> Counter[str]:
    ruleset = RuleSet(rules, CATALOGUE.log_source_types)
    return Counter(match.rule.title for event in events for match in ruleset.match(event))


def findable(rules, events) -> Counter[str]:
    tests = [(rule, predicate(presence(rule.expression))) for rule in rules]
    return Counter(
        sources_of(rule)[0].name
        for rule, holds in tests
        if rule.metadata["logsource"]["product"] == "azure" and any(map(holds, events))
    )


def test_how_the_fields_of_the_rules_are_found(rules):
    worst = Counter(
        max((use.how for use in uses_of(rule)), key=list(How).index, default=How.DIRECT)
        for rule in rules
    )
    assert worst == {How.DIRECT: 92, How.ALIAS: 39, How.BY_SERVICE: 4, How.NEVER_SEEN: 1}
    never = [
        (rule.title, use.field)
        for rule in rules
        for use in uses_of(rule)
        if use.how is How.NEVER_SEEN
    ]
    assert never == [("AWS SAML Provider Deletion Activity", "status")]


def test_how_many_rules_have_all_their_fields_in_one_record(seen):
    now, plainly = seen
    assert plainly.findable == {"azure/activitylogs": 33, "azure/auditlogs": 7}
    assert now.findable == {"azure/activitylogs": 35, "azure/auditlogs": 43}


def test_every_new_hit_is_known(seen):
    now, plainly = seen
    assert plainly.hits - now.hits == {}
    assert now.hits - plainly.hits == NEW_HITS
    assert (plainly.hits.total(), now.hits.total()) == (442, 715)
