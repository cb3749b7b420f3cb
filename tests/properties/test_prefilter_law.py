"""Law 1: prefilter on = prefilter off = naive, for any rules and any bytes."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.compiler import predicate
from matcher.engine.expression import (
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Field,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    Recent,
)
from matcher.engine.ruleset import RuleSet
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from tests.factories import make_rule

WORDS = (
    "CreateUser", "createuser", "Create User", "AssumeRole", "Add member to group",
    "Add member to group-success", "success", "failure", "Sign-in activity",
    "Microsoft.Authorization/roleAssignments/write", "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
    "Renamed operation", "café", "CAFÉ", "\u212aelvin", "kelvin", "Stra\u00dfe", "İstanbul",
    'say "hi"', "back\\slash", "line\nbreak", "tab\there", "5", "5.0", "true", "null", "123456",
    "192.0.2.7", "192.0.2.7:443", "alice", "alice@example.com", "root", "Root", "AccessDenied",
    "us-east-1", "111122223333", "\U0001f600 party", "a/b", "", " ", "-",
)  # fmt: skip

FIELDS = (
    "qidname", "username", "sourceip", "categoryname", "logsourcename", "logsourcetypename",
    "payload", "Error Code", "AWS Region", "User Agent", "Event Source", "Account ID",
    "sourceIPAddress", "qid", "category", "devicetype", "starttime",
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory):
    """The default names, IBM's, and a user's who renames operations."""
    renaming = tmp_path_factory.mktemp("catalogue")
    (renaming / RENAMES_FILE).write_text(RENAMES)
    return (
        Catalogue.load(),
        Catalogue.load("qradar-stock"),
        Catalogue.load(directory=renaming),
    )


RENAMES_FILE = "qid_names.yml"
RENAMES = """
"""

text = st.sampled_from(WORDS) | st.text(max_size=12)
scalar = text | st.integers(-10, 10**6) | st.booleans() | st.none() | st.floats(allow_nan=False)
value = scalar | st.dictionaries(text, scalar, max_size=2) | st.lists(scalar, max_size=2)


@st.composite
def cloudtrail(draw):
    kind = draw(st.sampled_from(["Root", "IAMUser", "AssumedRole", "AWSService", "AWSAccount"]))
    return {
        "eventSource": draw(st.sampled_from(["iam.amazonaws.com", "sts.amazonaws.com"])),
        "eventName": draw(value),
        "awsRegion": draw(value),
        "errorCode": draw(value),
        "sourceIPAddress": draw(value),
        "userAgent": draw(value),
        "userIdentity": {
            "type": kind,
            "userName": draw(value),
            "arn": draw(value),
            "principalId": draw(value),
            "accountId": draw(value),
            "invokedBy": draw(value),
            "sessionContext": {"sessionIssuer": {"userName": draw(value)}},
        },
        "requestParameters": draw(value),
    }


@st.composite
def azure(draw):
    shape = draw(st.sampled_from(["hub", "rest", "audit", "graph", "sign-in"]))
    operation = draw(text)
    if shape == "rest":
        return {
            "eventTimestamp": "2024-05-01T10:00:00Z",
            "operationName": {"value": operation, "localizedValue": draw(text)},
            "category": {"value": "Administrative"},
            "resourceId": "/subscriptions/1/x",
            "caller": draw(value),
            "status": {"value": draw(text)},
            "claims": {"name": draw(value)},
        }
    if shape == "hub":
        return {
            "time": "2024-05-01T10:00:00Z",
            "resourceId": "/SUBSCRIPTIONS/1/X",
            "operationName": operation,
            "category": draw(st.sampled_from(["Administrative", "Write"])),
            "resultType": draw(value),
            "callerIpAddress": draw(value),
            "location": draw(value),
            "identity": {"claims": {"name": draw(value)}},
        }
    if shape == "sign-in":
        return {
            "category": "SignInLogs",
            "operationName": operation,
            "resultType": draw(value),
            "callerIpAddress": draw(value),
            "properties": {"userPrincipalName": draw(value)},
        }
    inner = {
        "activityDisplayName": operation,
        "activityDateTime": "2024-05-01T10:00:00Z",
        "category": "GroupManagement",
        "result": draw(st.sampled_from(["success", "failure", 0])),
        "initiatedBy": {"user": {"userPrincipalName": draw(value)}},
        "targetResources": [],
        "loggedByService": "Core Directory",
    }
    if shape == "graph":
        return inner
    return {"category": "AuditLogs", "operationName": draw(text), "properties": inner}


document = cloudtrail() | azure() | st.dictionaries(text, value, max_size=5)


def written(document, seed):
    """The document as JSON, each character of a text escaped as some producer might."""
    chance = random.Random(seed)  # noqa: S311 - a test's spelling, reproducible

    def spell(text):
        out = []
        for c in text:
            plain = json.dumps(c, ensure_ascii=chance.random() < 0.3)[1:-1]
            if c == "/" and chance.random() < 0.3:
                plain = r"\/"
            elif c.isascii() and chance.random() < 0.05:
                plain = f"\\u{ord(c):04{chance.choice('xX')}}"
            out.append(plain)
        return '"' + "".join(out) + '"'

    def write(value):
        blank = chance.choice(["", " "])
        if isinstance(value, dict):
            items = (f"{spell(k)}:{blank}{write(v)}" for k, v in value.items())
            return "{" + f",{blank}".join(items) + "}"
        if isinstance(value, list):
            return "[" + f",{blank}".join(map(write, value)) + "]"
        return spell(value) if isinstance(value, str) else json.dumps(value)

    return write(document).encode("utf-8", "surrogatepass")


@st.composite
def pattern(draw):
    pieces = draw(st.lists(st.sampled_from(["%", "_"]) | text, min_size=1, max_size=4))
    return "".join(pieces)


@st.composite
def leaf(draw, properties):
    name = draw(st.sampled_from(FIELDS))
    item = Field(properties.find(name), name)
    kind = draw(st.integers(0, 6))
    caseless = draw(st.booleans())
    if kind == 0:
        operator = draw(st.sampled_from(Comparison))
        return Compare(operator, item, Constant(draw(text | st.integers(0, 20))))
    if kind == 1:
        return Among(item, tuple(draw(st.lists(text, min_size=1, max_size=4))))
    if kind in (2, 3):
        return Like(item, draw(pattern()), caseless=caseless)
    if kind == 4:
        return Matches(item, draw(st.sampled_from(["[A-Z]", "role", "^$"])), caseless=caseless)
    if kind == 5:
        return IsNull(item)
    return Recent(1000, "LAST")


def expression(properties):
    return st.recursive(
        leaf(properties),
        lambda inner: (
            st.builds(lambda a: And(tuple(a)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(lambda a: Or(tuple(a)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(Not, inner)
        ),
        max_leaves=6,
    )


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_prefilter_on_is_prefilter_off_is_naive(catalogues, data):
    catalogue = data.draw(st.sampled_from(catalogues))
    found = expression(catalogue.properties)
    rules = RuleSet(
        [make_rule(data.draw(found), id=f"rule-{n}") for n in range(data.draw(st.integers(1, 4)))],
        catalogue.log_source_types,
    )
    documents = data.draw(st.lists(document, min_size=1, max_size=4))
    seed = data.draw(st.integers(0, 1000))
    for raw in (written(d, seed) for d in documents):
        for event in unwrap(raw).events:
            normalized = normalize(event, 1_700_000_000_000, catalogue)
            assert not isinstance(normalized, Reject)
            assert attribute(event, catalogue) == normalized.log_source_type
            naive = rules.match_naive(normalized)
            off = tuple(r.id for r in rules.rules if predicate(r.expression)(normalized))
            on = tuple(m.rule.id for m in rules.match(normalized))
            assert on == off == naive
