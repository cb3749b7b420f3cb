"""What each thing that a Sigma rule can say becomes in AQL, or why it is refused."""

import json
from pathlib import Path

import pytest
import yaml

from matcher.engine.compiler import predicate
from matcher.errors import UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.languages.conversion import notes
from matcher.rulebook import as_aql, as_sigma, load_rules
from tests.factories import make_event

CATALOGUE = Catalogue.load()
TRAIL = {"product": "aws", "service": "cloudtrail"}


def converted(scratch: Path, selections: dict, condition: str, logsource: dict | None = None):
    """The rule's AQL condition behind its gate, and the notes."""
    document = {
        "title": "T",
        "id": "5b1d6f7e-1c8c-4a57-9a1f-0f2f3c6d7e01",
        "logsource": logsource or TRAIL,
        "detection": {**selections, "condition": condition},
    }
    file = scratch / "rule.yml"
    file.write_text(yaml.safe_dump(document))
    book = load_rules([file], CATALOGUE)
    book.raise_errors()
    made = as_aql(book.rules[0], CATALOGUE)
    query = yaml.safe_load(made.text)["query"]
    compiled = compile_query(query, CATALOGUE, dialect="strict").expression
    gate, *_ = compiled.items
    assert gate.operand.property.name == "devicetype"
    flat = " ".join(query.replace("(\n", "(").split())
    return flat.partition(" AND ")[2].replace("( ", "(").replace(" )", ")"), made.notes


CASES = [
    ({"eventName": "CreateUser"}, "QIDNAME(qid) ILIKE 'CreateUser'"),
    ({"eventName|cased": "CreateUser"}, "QIDNAME(qid) IN ('CreateUser')"),
    ({"eventName|cased": ["A", "B"]}, "QIDNAME(qid) IN ('A', 'B')"),
    ({"eventName": ["A", "B"]}, "(QIDNAME(qid) ILIKE 'A' OR QIDNAME(qid) ILIKE 'B')"),
    ({"errorCode": "it's"}, "\"Error Code\" ILIKE 'it''s'"),
    ({"awsRegion|startswith": "us-"}, "\"AWS Region\" ILIKE 'us-%'"),
    ({"awsRegion|endswith|cased": "-1"}, "\"AWS Region\" LIKE '%-1'"),
    ({"userAgent|contains": "S3 Browser"}, "\"User Agent\" ILIKE '%S3 Browser%'"),
    ({"userAgent": "a*b?c"}, "\"User Agent\" ILIKE 'a%b_c'"),
    ({"userAgent": r"a\*b\\c"}, "\"User Agent\" ILIKE 'a*b\\c'"),
    ({"userAgent": "a_b"}, r'"User Agent" IMATCHES ' + r"'(?s)\Aa_b\z'"),
    ({"userAgent|contains|cased": "5%.x"}, r'"User Agent" MATCHES ' + r"'(?s)\A.*5%\.x.*\z'"),
    ({"userIdentity.arn|re": ".+:role/.+"}, "\"User ARN\" MATCHES '.+:role/.+'"),
    ({"userIdentity.arn|re|i": "^a"}, "\"User ARN\" IMATCHES '^a'"),
    ({"sourceIPAddress|cidr": "10.0.0.0/8"}, "INCIDR('10.0.0.0/8', sourceIPAddress)"),
    ({"errorCode": None}, '"Error Code" IS NULL'),
    ({"readOnly": False}, "\"Read Only\" ILIKE 'false'"),
    ({"readOnly|cased": "5"}, "\"Read Only\" LIKE '5'"),
    (["root"], "UTF8(payload) ILIKE '%root%'"),
    ([r'say "x" \\ y'], r"UTF8(payload) ILIKE '%say \"x\" \\ y%'"),
    ({"eventName|neq": "A"}, "NOT QIDNAME(qid) ILIKE 'A'"),
]


@pytest.mark.parametrize(("selection", "aql"), CASES, ids=[aql for _, aql in CASES])
def test_what_aql_says_exactly(tmp_path, selection, aql):
    assert converted(tmp_path, {"s": selection}, "s")[0] == aql


REFUSED = [
    ({"eventName|exists": True}, "exists"),
    ({"errorCode": ""}, "empty-text"),
    ({"eventName|fieldref": "errorCode"}, "fieldref"),
    ({"eventName|fieldref|contains": "errorCode"}, "computed"),
    ({"eventTime|hour": 3}, "computed"),
    ({"errorCode|gt": 5}, "order"),
    ({"requestParameters.attribute": "x"}, "no-property"),
    (["a*b"], "keyword-wildcard"),
    ({"|re": ["a.b"]}, "keyword"),
]


@pytest.mark.parametrize(("selection", "code"), REFUSED, ids=[code for _, code in REFUSED])
def test_what_aql_cannot_say_is_refused_by_name(tmp_path, selection, code):
    with pytest.raises(UnsupportedRule) as error:
        converted(tmp_path, {"s": selection}, "s")
    assert error.value.code == code
    assert error.value.path.endswith("rule.yml")


def test_a_log_source_that_is_not_here_is_refused(tmp_path):
    with pytest.raises(UnsupportedRule, match="no log source here"):
        converted(tmp_path, {"s": {"a": "b"}}, "s", {"product": "linux"})


NOTED = [
    ({"errorCode": None}, notes.NULL),
    (["root"], notes.PAYLOAD),
    ({"eventName|neq": "A"}, notes.NOT),
    ({"userAgent": "*"}, notes.EMPTY),
    ({"userAgent|re": "x*"}, notes.EMPTY),
    ({"userAgent|re": "x"}, notes.FIND),
    ({"requestParameters|contains": "x"}, notes.OBJECT),
    ({"eventName": "A"}, notes.SPELLINGS),
    ({"eventName": "A"}, notes.PROPERTY),
]


@pytest.mark.parametrize(("selection", "note"), NOTED, ids=[note[:30] for _, note in NOTED])
def test_what_differs_is_noted(tmp_path, selection, note):
    assert note in converted(tmp_path, {"s": selection}, "s")[1]


def test_azure_names_take_the_property_that_reads_them(tmp_path):
    source = {"product": "azure", "service": "activitylogs"}
    selection = {"operationName": "A", "resultType": "Start", "Caller": "bob"}
    aql, noted = converted(tmp_path, {"s": selection}, "s", source)
    started = "\"Error Code\" ILIKE 'Start' OR \"Error Code\" ILIKE 'Started'"
    assert aql == f"Caller ILIKE 'bob' AND QIDNAME(qid) ILIKE 'A' AND ({started})"
    assert any("OperationNameValue" in note for note in noted)
    assert notes.SPELLINGS not in noted


GCP = {"product": "gcp", "service": "gcp.audit"}


@pytest.mark.parametrize(
    ("selection", "aql"),
    [
        ({"gcp.audit.method_name": "SetIamPolicy"}, "QIDNAME(qid) ILIKE 'SetIamPolicy'"),
        ({"data.protoPayload.methodName": "SetIamPolicy"}, "QIDNAME(qid) ILIKE 'SetIamPolicy'"),
        ({"gcp.audit.service_name": "k8s.io"}, "\"Event Source\" ILIKE 'k8s.io'"),
        ({"resource.type": "project"}, "\"Resource Type\" ILIKE 'project'"),
    ],
)
def test_a_prefix_of_google_clouds_names_leads_to_the_same_property(tmp_path, selection, aql):
    found, _ = converted(tmp_path, {"s": selection}, "s", GCP)
    assert found == aql


def test_the_property_to_add_is_named_by_its_path_in_the_event(tmp_path):
    with pytest.raises(UnsupportedRule) as error:
        converted(tmp_path, {"s": {"gcp.audit.request.bucket_name": "b"}}, "s", GCP)
    assert error.value.hint.endswith("My Name: protoPayload.request.bucketName")


def test_nested_conditions_keep_their_parentheses(tmp_path):
    selections = {
        "a": {"eventName": "A"},
        "b": {"errorCode": "B"},
        "c": {"awsRegion": "C"},
    }
    aql, _ = converted(tmp_path, selections, "a and not (b or c)")
    assert aql == (
        "QIDNAME(qid) ILIKE 'A' AND NOT (\"Error Code\" ILIKE 'B' OR \"AWS Region\" ILIKE 'C')"
    )


def test_not_holds_where_nothing_is_there_as_in_sigma():
    """AQL's NOT of a comparison with NULL is true: what Sigma's complement is."""
    holds = predicate(compile_query("NOT \"Error Code\" ILIKE 'x'", CATALOGUE).expression)
    assert holds(make_event({}))


def test_the_rule_file_carries_what_the_rule_says(tmp_path):
    document = {
        "title": "T",
        "id": "5b1d6f7e-1c8c-4a57-9a1f-0f2f3c6d7e01",
        "status": "test",
        "description": "D",
        "author": "A",
        "date": "2025-01-31",
        "references": ["https://example.com"],
        "tags": ["attack.execution", "attack.t1059.009", "attack.stealth"],
        "falsepositives": ["F"],
        "level": "critical",
        "fields": ["eventName", "errorCode"],
        "logsource": TRAIL,
        "detection": {"s": {"eventName": "A"}, "condition": "s"},
    }
    file = tmp_path / "rule.yml"
    file.write_text(yaml.safe_dump(document))
    (rule,) = load_rules([file], CATALOGUE).rules
    out = tmp_path / "out.yml"
    out.write_text(as_aql(rule, CATALOGUE).text)
    book = load_rules([out], CATALOGUE)
    book.raise_errors()
    (made,) = book.rules
    assert (made.title, made.version, made.severity) == ("T", "2025-01-31", rule.severity)
    assert made.attack == rule.attack
    assert made.references == rule.references
    assert made.id != rule.id
    assert made.metadata["false_positives"] == ("F",)
    assert made.metadata["metadata"] == {"converted_from": rule.id}
    assert [column.alias for column in made.columns] == ["eventName", "Error Code"]


def sigma_rule(scratch: Path, **changes):
    """A rule whose texts are written as JSON writes them: YAML has no word in how they read."""
    document = {
        "title": "T",
        "logsource": TRAIL,
        "detection": {"s": {"eventName": "x"}, "condition": "s"},
        **changes,
    }
    file = scratch / "rule.yml"
    file.write_text("\n".join(f"{key}: {json.dumps(value)}" for key, value in document.items()))
    (rule,) = load_rules([file], CATALOGUE).rules
    return rule


def there_and_back(scratch: Path, rule):
    """The rule as AQL, and that as Sigma, each read again."""
    found = []
    for _ in range(2):
        (made,) = as_sigma(rule, CATALOGUE) if rule.language == "aql" else [as_aql(rule, CATALOGUE)]
        file = scratch / "made.yml"
        file.write_text(made.text)
        book = load_rules([file], CATALOGUE)
        assert not book.errors
        (rule,) = book.rules
        found.append(rule)
    return found


@pytest.mark.parametrize("text", ["1e5", "-1.5E+5", "a\x85b", "a\u2028\nb\u2029", "a\nb", "NULL"])
def test_a_text_is_written_so_that_it_is_read_again(tmp_path, text):
    detection = {"s": {"userAgent|cased": text}, "condition": "s"}
    event = make_event({"userAgent": text})
    for rule in there_and_back(tmp_path, sigma_rule(tmp_path, detection=detection)):
        assert predicate(rule.expression)(event), rule.source


@pytest.mark.parametrize("text", ["1e5", "two\nlines", "a\x85b", "w" * 256, "NULL", "", " "])
def test_what_a_rule_says_of_itself_is_read_again(tmp_path, text):
    said = {
        "author": text * 2,
        "description": text,
        "falsepositives": [text],
        "references": [text * 2, "b"],
    }
    rule = sigma_rule(tmp_path, title=text, **said)
    for made in there_and_back(tmp_path, rule):
        assert made.title == (" ".join(text.split()) or rule.id)
