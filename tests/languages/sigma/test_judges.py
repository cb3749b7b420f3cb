"""Other engines' hits of SigmaHQ's rules on the corpus, stored, and ours beside them.

The stored runs: rsigma 0.23.0 (`engine eval`), Tenzir 6.20.0 (`sigma`), which agree on every hit;
and pySigma's SQLite back end 2.1.1, which has one more (it folds the case of columns' names).
"""

import gzip
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from matcher.engine.ruleset import RuleSet
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.schema import Event
from matcher.rulebook import load_rules
from tests.sigma_events import events_for, public_rules

HITS = Path("tests/cases/sigma")

S3_VERSIONING = "a136ac98-b2bc-4189-a14d-f0d0388e57a7"
SUSPENSIONS = {(S3_VERSIONING, "c6b987eb20a9"), (S3_VERSIONING, "d5d04dda57a9")}
"""``requestParameters|contains: Suspended`` where that is an object: its text holds the word, and
the records are suspensions of a bucket's versioning. The other engines find nothing in objects.
"""

pytestmark = pytest.mark.corpus


def stored(name: str) -> set[tuple[str, str]]:
    """(rule id, record) of the other engines."""
    lines = (HITS / name).read_text().splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {(rule, record) for rule, records in rows for record in records.split()}


def found(corpus: Path, ruleset: RuleSet, catalogue: Catalogue, *kinds: str) -> Iterator:
    """(rule id, record, event) of ours."""
    seen = set()
    for file in sorted(one for kind in kinds for one in corpus.glob(f"{kind}__*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            digest = sha256(line).hexdigest()[:12]
            if digest in seen:
                continue
            seen.add(digest)
            for raw in unwrap(line).events:
                kind = catalogue.type_of(attribute(raw))
                if ruleset.narrow(ruleset.candidates(raw.raw), kind):
                    event = normalize(raw, 0, catalogue)
                    if isinstance(event, Event):
                        yield from ((m.rule.id, digest, event) for m in ruleset.match(event))


@pytest.fixture(scope="module")
def sigma_rules(corpus: Path) -> Path:
    """SigmaHQ's rules for AWS and Azure, beside the corpus."""
    return corpus.parent / "sigma"


def test_the_aws_rules_find_what_the_other_engines_find_and_two_suspensions_more(
    corpus, sigma_rules
):
    catalogue = Catalogue.load()
    rulebook = load_rules(sorted(sigma_rules.rglob("aws")), catalogue)
    assert len(rulebook.rules) == 57
    ruleset = RuleSet(rulebook.rules, catalogue.log_source_types)
    ours = {(rule, record) for rule, record, _ in found(corpus, ruleset, catalogue, "cloudtrail")}
    theirs = stored("hits_aws.tsv")
    assert len(theirs) == 1863
    assert ours - theirs == SUSPENSIONS
    assert theirs - ours == set()


def test_the_azure_rules_lose_none_of_the_other_engines_hits(corpus, sigma_rules):
    catalogue = Catalogue.load()
    rulebook = load_rules([sigma_rules], catalogue)
    ruleset = RuleSet(rulebook.rules, catalogue.log_source_types)
    kinds = ("azure_activity", "azure_audit", "azure_signin")
    ours = {(rule, record) for rule, record, _ in found(corpus, ruleset, catalogue, *kinds)}
    theirs = stored("hits_azure.tsv")
    assert len(theirs) == 441
    assert theirs - ours == set()


@pytest.mark.parametrize(("product", "events"), [("aws", 1597), ("azure", 1485)])
def test_on_generated_events_all_engines_find_the_same(corpus, product, events):
    """Every rule fires on some of them, and each has its near-misses."""
    catalogue = Catalogue.load()
    rules = [rule for rule in public_rules(corpus) if f"/{product}/" in rule.file]
    ruleset = RuleSet(rules, catalogue.log_source_types)
    lines = (HITS / "hits_generated.tsv").read_text("utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    theirs = {(built_for, int(number)): set(hits.split()) for built_for, number, hits in rows}
    judged, fired = 0, set()
    for rule in rules:
        for number, made in enumerate(events_for(rule), start=1):
            judged += 1
            (raw,) = unwrap(json.dumps(made.document).encode()).events
            event = normalize(raw, 0, catalogue)
            assert isinstance(event, Event)
            ours = {match.rule.id for match in ruleset.match(event)}
            assert ours == theirs.get((rule.id, number), set()), (rule.title, made.how)
            fired |= ours
    assert judged == events
    assert fired == {rule.id for rule in rules}
