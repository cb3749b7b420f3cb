"""What each thing that AQL can say becomes in a Sigma rule, or why it is refused."""

import pytest

from matcher.engine.compiler import predicate
from matcher.errors import UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query
from matcher.languages.conversion import notes, sigma_expressions
from matcher.languages.sigma.text import detection
from tests.factories import make_event

CATALOGUE = Catalogue.load()


def converted(aql: str):
    query = compile_query(aql, CATALOGUE)
    columns = tuple(column.operand for column in query.columns)
    return sigma_expressions(query.expression, columns, CATALOGUE)


def trail(condition: str):
    (made,) = converted(f"devicetype = 347 AND {condition}")
    return detection(made.expression), made.notes


CASES = [
    ("QIDNAME(qid) = 'A'", {"eventName|cased": "A"}),
    ("QIDNAME(qid) IN ('A', 'B')", {"eventName|cased": ["A", "B"]}),
    ("QIDNAME(qid) = 'A' OR QIDNAME(qid) = 'B'", {"eventName|cased": ["A", "B"]}),
    ("QIDNAME(qid) IN ('A', '')", {"eventName|cased": "A"}),
    ("QIDNAME(qid) ILIKE 'A'", {"eventName": "A"}),
    ("QIDNAME(qid) LIKE 'A%'", {"eventName|startswith|cased": "A"}),
    ("\"User Agent\" ILIKE '%x_y*%'", {"userAgent|contains": r"x?y\*"}),
    ("\"User Agent\" ILIKE 'a%b'", {"userAgent": "a*b"}),
    ("\"User Agent\" LIKE '%'", {"userAgent|cased": "?*"}),
    ("LOWER(\"User Agent\") LIKE '%s3%'", {"userAgent|contains": "s3"}),
    ("LOWER(\"User Agent\") = 's3'", {"userAgent": "s3"}),
    ("\"User ARN\" MATCHES 'a.b'", {"userIdentity.arn|re": "a.b"}),
    (r"""\"User ARN" IMATCHES '(?s)\Aa\z'"""[1:], {"userIdentity.arn|re|i|s": r"\Aa$"}),
    ("INCIDR('10.0.0.0/8', sourceip)", {"sourceIPAddress|cidr": "10.0.0.0/8"}),
    (r"""\"User ARN" MATCHES '(?m:^a\z)'"""[1:], {"userIdentity.arn|re": r"(?m:^a\z)"}),
    (r"""\"User ARN" MATCHES '\\\\za\Z'"""[1:], {"userIdentity.arn|re": r"\\\\za(?:\n?$)"}),
    ("\"Read Only\" IN ('TRUE', 'x')", {"readOnly|cased": ["TRUE", "true", "x"]}),
    ("\"Read Only\" = 'true'", {"readOnly|cased": "true"}),
    ('"Error Code" IS NULL', [{"errorCode": None}, {"errorCode": ""}]),
    (
        "QIDNAME(qid) = 'A' AND \"User Agent\" ILIKE '%a%' AND \"User Agent\" ILIKE '%b%'",
        {"eventName|cased": "A", "userAgent|contains|all": ["a", "b"]},
    ),
]


@pytest.mark.parametrize(("aql", "selection"), CASES, ids=[aql for aql, _ in CASES])
def test_what_one_selection_says(aql, selection):
    assert trail(f"({aql})")[0] == {"selection": selection, "condition": "selection"}


def test_keywords_filters_and_nesting():
    written, noted = trail(
        "(QIDNAME(qid) = 'A' OR UTF8(payload) ILIKE '%x%' OR UTF8(payload) ILIKE '%y%')"
        " AND NOT \"AWS Region\" = 'eu' AND LAST 2 DAYS"
    )
    assert written == {
        "selection": {"eventName|cased": "A"},
        "keywords": ["x", "y"],
        "filter": {"awsRegion|cased": "eu"},
        "condition": "(selection or keywords) and not filter",
    }
    assert f"LAST 2 DAYS {notes.LAST}" in noted
    assert notes.PAYLOAD in noted


def test_unequal_wants_a_value():
    written, _ = trail("\"Error Code\" != 'A'")
    (made,) = converted("devicetype = 347 AND \"Error Code\" != 'A'")
    assert written["condition"] == "not filter"
    holds = predicate(made.expression)
    seen = [{}, {"errorCode": None}, {"errorCode": ""}, {"errorCode": "A"}, {"errorCode": "B"}]
    assert [holds(make_event(document)) for document in seen] == [*[False] * 4, True]


def test_what_the_payload_always_and_never_holds():
    assert trail("UTF8(payload) LIKE '%' AND QIDNAME(qid) = 'A'")[0]["condition"] == "selection"
    with pytest.raises(UnsupportedRule, match="never holds"):
        trail("NOT UTF8(payload) LIKE '%' AND QIDNAME(qid) = 'A'")
    with pytest.raises(UnsupportedRule, match="never holds"):
        trail("LOWER(\"User Agent\") = 'S3'")


def test_escapes_of_json_are_opened():
    written, _ = trail(r"UTF8(payload) ILIKE '%a\/b \"c\" \\d%'")
    assert written["keywords"] == [r'a/b "c" \\d']


REFUSED = [
    ("UTF8(payload) ILIKE '%\"a\":%'", "payload"),
    ("UTF8(payload) ILIKE '%a%b%'", "payload"),
    ("UTF8(payload) ILIKE 'a%'", "payload"),
    ("UTF8(payload) MATCHES 'a'", "payload"),
    ("UTF8(payload) = 'a'", "payload"),
    ("username = 'bob'", "no-name"),
    ("starttime > 5", "order"),
    ('"Error Code" > 5', "order"),
    ('QIDNAME(qid) = "Error Code"', "computed"),
    ('STRLEN("Error Code") = 5', "computed"),
    ("devicetype > 5", "every-event"),
]


@pytest.mark.parametrize(("aql", "code"), REFUSED, ids=[aql for aql, _ in REFUSED])
def test_what_sigma_cannot_say_is_refused_by_name(aql, code):
    with pytest.raises(UnsupportedRule) as error:
        trail(aql)
    assert error.value.code == code


def test_one_document_a_log_source_with_what_matters_there():
    made = converted(
        "SELECT QIDNAME(qid) AS 'a', UTF8(payload) AS 'p' FROM events WHERE "
        "(devicetype = 347 AND QIDNAME(qid) = 'A') OR "
        "(LOGSOURCETYPENAME(devicetype) ILIKE '%audit%' AND QIDNAME(qid) = 'B')"
    )
    assert {one.source.name: detection(one.expression)["selection"] for one in made} == {
        "aws/cloudtrail": {"eventName|cased": "A"},
        "azure/auditlogs": {"activityDisplayName|cased": "B"},
        "gcp/gcp.audit": {"gcp.audit.method_name|cased": "B"},
    }
    assert [one.fields for one in made] == [
        *(("eventName",), ("activityDisplayName",), ("gcp.audit.method_name",))
    ]


def test_a_property_is_read_at_the_paths_that_its_log_source_has():
    condition = "AND \"Event Name\" = 'A'"
    (trail,) = converted(f"devicetype = 347 {condition}")
    (google,) = converted(f"devicetype = 449 {condition}")
    assert detection(trail.expression)["selection"] == {"eventName|cased": "A"}
    assert detection(google.expression)["selection"] == {"protoPayload.methodName|cased": "A"}
    assert not any("is the first of" in note for note in (*trail.notes, *google.notes))


def test_the_name_of_a_sign_in_is_always_the_same():
    (made,) = converted("devicetype = 4001 AND QIDNAME(qid) LIKE 'Sign-in%' AND \"App ID\" = 'x'")
    assert detection(made.expression)["selection"] == {"appId|cased": "x"}
    with pytest.raises(UnsupportedRule, match="never holds"):
        converted("devicetype = 4001 AND QIDNAME(qid) = 'Sign-out'")


def test_events_that_no_sigma_log_source_has_are_told_of():
    made = converted("QIDNAME(qid) = 'A' AND devicetype != 4001 AND devicetype != 397")
    assert [one.source.name for one in made] == [
        *("aws/cloudtrail", "azure/activitylogs", "azure/auditlogs", "gcp/gcp.audit")
    ]
    assert all("no known log source" in one.notes[0] for one in made)
    (one,) = converted("devicetype IN (347, 516) AND QIDNAME(qid) = 'A'")
    assert one.notes[0].endswith("left out: 516")


def test_names_that_a_catalogue_gives_are_no_names_of_the_event():
    stock = Catalogue.load("qradar-stock")
    query = compile_query("devicetype = 445 AND QIDNAME(qid) = 'Add user-success'", stock)
    with pytest.raises(UnsupportedRule, match="no single name"):
        sigma_expressions(query.expression, (), stock)


@pytest.mark.parametrize(("word", "noted"), [("True", True), ("true", False), ("truth", False)])
def test_a_truth_value_is_found_by_its_word_in_any_case(word, noted):
    aql = f"devicetype = 347 AND \"Read Only\" = '{word}'"
    (made,) = converted(aql)
    event = make_event({"readOnly": True})
    holds = predicate(made.expression)(event)
    assert holds == predicate(compile_query(aql, CATALOGUE).expression)(event)
    assert (notes.TRUTH in made.notes) is noted
