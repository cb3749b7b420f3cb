"""Rules and what they are converted to decide alike on every event of the public corpus, save for
the events that the notes explain. Each of those is listed, or told by what makes it one.
"""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from matcher.engine.compiler import predicate
from matcher.engine.rule import Rule, Severity
from matcher.errors import UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.schema import Event
from matcher.languages.aql import compile_query
from matcher.rulebook import as_aql, as_sigma, load_rules
from tests.cli.program import ROOT, VERBATIM

CATALOGUE = Catalogue.load()
PORTABLE = ROOT / "rules" / "portable" / "cloud-api-t1059-009.sigma"

NO_PROPERTY = {
    "aws_cloudtrail_console_login_success_without_mfa": "additionalEventData.MFAUsed",
    "aws_cloudtrail_guardduty_detector_deleted_or_updated": "requestParameters.enable",
    "aws_delete_saml_provider": "status",
    "aws_ec2_startup_script_change": "requestParameters.attribute",
    "aws_ecs_task_definition_cred_endpoint_query": "requestParameters.containerDefinitions.command",
    "aws_new_lambda_layer_attached": "requestParameters.layers",
    "aws_rds_change_master_password": "responseElements.pendingModifiedValues.masterUserPassword",
    "aws_rds_public_db_restore": "responseElements.publiclyAccessible",
    "aws_sts_assumerole_misuse": "userIdentity.sessionContext.sessionIssuer.type",
}
SAID_OTHERWISE = {"aws_update_login_profile": "fieldref"}
PANTHER = "cloudtrail__panther-labs_panther-analysis.jsonl.gz"
NOT_LOGS = ("panther_cases", "streamalert_cases")
"""Tests of other engines around events that the other files hold as well."""
EMPTY_ERROR_CODE = ("aws_cloudtrail_bucket_deleted", PANTHER, 189)
LOWER_CASE_KEYS = ("aws_guardduty_disruption", PANTHER, 109)
KEYS_AND_PUNCTUATION = {
    "aws_ec2_startup_script_change": (3, "userdata"),
    "aws_root_account_usage": (4, "root"),
    "aws_sts_assumerole_misuse": (139, "assumedrole"),
}
"""By rule: on how many events AQL finds in a key what keywords look for in values."""


@pytest.fixture(scope="module")
def events(corpus) -> dict[tuple[str, int, int], Event]:
    """Every event of the corpus's logs, by file, line and index."""
    found = {}
    for file in sorted(corpus.glob("*.jsonl.gz")):
        if file.name.startswith(NOT_LOGS):
            continue
        for number, line in enumerate(gzip.decompress(file.read_bytes()).split(b"\n"), start=1):
            for raw in unwrap(line).events if line.strip() else ():
                event = normalize(raw, 0, CATALOGUE)
                if isinstance(event, Event):
                    found[file.name, number, raw.index] = event
    assert len(found) > 20_000
    return found


def loaded(scratch: Path, texts: list[str]) -> list[Rule]:
    files = []
    for number, text in enumerate(texts):
        files.append(scratch / f"{len(list(scratch.iterdir()))}-{number}.yml")
        files[-1].write_text(text, "utf-8")
    book = load_rules(files, CATALOGUE)
    book.raise_errors()
    return list(book.rules)


def hits(rules: list[Rule], events) -> set[tuple[str, int, int]]:
    tests = [predicate(rule.expression) for rule in rules]
    return {place for place, event in events.items() if any(test(event) for test in tests)}


@pytest.mark.corpus
@pytest.mark.timeout(300)
def test_the_published_query_its_sigma_and_the_aql_of_that_decide_alike(events, tmp_path):
    (verbatim,) = load_rules([VERBATIM], CATALOGUE).rules
    sigma = loaded(tmp_path, [one.text for one in as_sigma(verbatim, CATALOGUE)])
    shipped = load_rules([PORTABLE], CATALOGUE).rules
    back = loaded(tmp_path, [as_aql(rule, CATALOGUE).text for rule in sigma])
    found = hits([verbatim], events)
    assert len(found) > 400
    assert hits(sigma, events) == hits(list(shipped), events) == hits(back, events) == found
    assert {rule.id for rule in shipped} == {rule.id for rule in sigma}


@pytest.mark.corpus
@pytest.mark.timeout(300)
def test_aws_rules_as_aql_and_back_decide_alike(events, corpus, tmp_path):
    book = load_rules([corpus.parent / "sigma" / "rules" / "cloud" / "aws"], CATALOGUE)
    trail = {place: one for place, one in events.items() if one.log_source_type.id == 347}
    refused, alike, differ = {}, 0, {}
    for rule in book.rules:
        name = Path(rule.file).stem
        try:
            made = loaded(tmp_path, [as_aql(rule, CATALOGUE).text])
        except UnsupportedRule as error:
            refused[name] = error
            continue
        back = loaded(tmp_path, [one.text for one in as_sigma(made[0], CATALOGUE)])
        one, two, three = (hits(rules, trail) for rules in ([rule], made, back))
        alike += len(one & two & three)
        differ |= {(name, place): (place in one, place in two) for place in one ^ two}
        assert {(name, place) for place in two ^ three} <= {(name, place) for place in one ^ two}
    assert (len(book.rules), len(refused)) == (57, 10)
    reasons = {name: (error.code, str(error)) for name, error in refused.items()}
    for name, field in NO_PROPERTY.items():
        code, text = reasons.pop(name)
        assert code == "no-property"
        assert f"{field}: no property" in text
    assert {name: code for name, (code, _) in reasons.items()} == SAID_OTHERWISE
    assert alike > 800
    assert_explained(differ, trail)


def assert_explained(differ, trail):
    """Two events: one with an empty errorCode, one whose keys are all in lower case."""
    assert set(differ.values()) == {(False, True)}
    places = {(name, *place[:2]): place for name, place in differ}
    assert set(places) == {EMPTY_ERROR_CODE, LOWER_CASE_KEYS}
    assert trail[places[EMPTY_ERROR_CODE]].document["errorCode"] == ""
    assert trail[places[LOWER_CASE_KEYS]].document["eventname"] == "CreateIPSet"


@pytest.mark.corpus
@pytest.mark.timeout(300)
def test_azure_rules_as_aql_decide_alike(events, corpus, tmp_path):
    """The records on which three differ have their operation where the property does not look."""
    book = load_rules([corpus.parent / "sigma" / "rules" / "cloud" / "azure"], CATALOGUE)
    azure = {place: one for place, one in events.items() if one.log_source_type.id in (413, 445)}
    refused, alike, differ = Counter(), 0, Counter()
    for rule in book.rules:
        try:
            converted = as_aql(rule, CATALOGUE)
        except UnsupportedRule as error:
            refused[error.code] += 1
            continue
        one, two = hits([rule], azure), hits(loaded(tmp_path, [converted.text]), azure)
        alike += len(one & two)
        differ[rule.title] = len(one - two)
        assert two <= one
        if one != two:
            assert any("is looked for in" in note for note in converted.notes)
    assert (len(book.rules), refused) == (79, {"no-property": 8})
    assert alike > 700
    assert +differ == {
        "Azure Service Principal Created": 1,
        "App Granted Privileged Delegated Or App Permissions": 1,
        "App Granted Microsoft Permissions": 1,
    }


@pytest.mark.corpus
@pytest.mark.timeout(300)
def test_aql_of_another_tool_as_sigma_decides_alike(events, corpus, tmp_path):
    lines = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    outcomes, seen = Counter(), 0
    for number, row in enumerate(map(json.loads, lines)):
        query = compile_query(row["aql"], CATALOGUE)
        rule = Rule(f"r{number}", "R", "1", Severity.LOW, query.expression, query.columns)
        name = Path(row["file"]).stem
        try:
            documents = as_sigma(rule, CATALOGUE)
        except UnsupportedRule as error:
            outcomes[error.code] += 1
            continue
        outcomes["converted"] += 1
        aql = hits([rule], events)
        sigma = hits(loaded(tmp_path, [one.text for one in documents]), events)
        seen += len(aql & sigma)
        assert sigma <= aql
        if name == LOWER_CASE_KEYS[0]:
            assert {place[1] for place in aql - sigma} == {LOWER_CASE_KEYS[2]}
            continue
        count, word = KEYS_AND_PUNCTUATION.get(name, (0, ""))
        assert len(aql - sigma) == (count if "payload" in row["pipeline"] else 0), name
        for place in aql - sigma:
            assert word in events[place].payload.text.lower()
            assert not any(word in str(v).lower() for v in events[place].payload.scalars)
    assert outcomes == {"converted": 83, "payload": 1, "no-log-source": 1}
    assert seen > 3_000
