"""Law 1: prefilter on = prefilter off = naive, for any rules and any bytes."""

import json
import random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import ruleset
from matcher.engine.compiler import operand, predicate
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
from matcher.engine.values import text_of
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from tests.factories import make_rule

WORDS = (
    "CreateUser", "createuser", "Create User", "AssumeRole", "Add member to group",
    "Add member to group-success", "success", "failure", "Sign-in activity",
    "Microsoft.Authorization/roleAssignments/write", "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
    "Renamed operation", "café", "CAFÉ", "\u212aelvin", "kelvin", "Stra\u00dfe", "İstanbul",
    'say "hi"', "back\\slash", "line\nbreak", "tab\there", "5", "5.0", "true", "null", "123456",
    "192.0.2.7", "192.0.2.7:443", "::ffff:192.0.2.7", "::FFFF:C000:0207", "::ffff:c000:207",
    "2001:db8::7", "2001:0DB8:0000::0007", "::1", "0:0::1",
    "alice", "alice@example.com", "root", "Root", "AccessDenied",
    "us-east-1", "111122223333", "\U0001f600 party", "a/b", "", " ", "-",
)  # fmt: skip

FIELDS = (
    "qidname", "username", "sourceip", "categoryname", "logsourcename", "logsourcetypename",
    "payload", "Error Code", "AWS Region", "User Agent", "Event Source", "Account ID",
    "sourceIPAddress", "qid", "category", "devicetype", "starttime",
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory):
    """The default names, IBM's names, and the names of a user who renames operations."""
    renaming = tmp_path_factory.mktemp("catalogue")
    (renaming / "qid_names.tsv").write_text(RENAMES, "utf-8")
    return (
        Catalogue.load(),
        Catalogue.load("qradar-stock"),
        Catalogue.load(directory=renaming),
    )


RENAMES = """kind\toperation\tname\tqid\tcategory
cloudtrail\tcreateuser\tRenamed operation\t\t
cloudtrail\tAssumeRole\tcafé\t\t
azure_activity\tMicrosoft.Authorization/roleAssignments/write\tCreateUser\t\t
entra_audit\tAdd member to group\tkelvin\t\t
entra_signin\tSign-in activity\ta/b\t\t
unknown\tsuccess\tRenamed operation\t\t
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
    """The document as JSON, with each character of a text escaped as some producer might do."""
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
def pattern(draw, seen):
    """A LIKE pattern that mostly holds for a text of the events, or for a nearly equal text."""
    if not draw(st.integers(0, 4)):
        return "".join(draw(st.lists(st.sampled_from(["%", "_"]) | text, min_size=1, max_size=4)))
    found = draw(seen)
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(found))] * 2)))
    return draw(st.sampled_from(["%{}%", "{}%", "%{}", "{}"])).format(found[start:end])


@st.composite
def leaf(draw, properties, values):
    """A leaf, mostly about a text that one of the events has under the property of the leaf."""
    name = draw(st.sampled_from(FIELDS))
    item = Field(properties.find(name), name)
    seen = st.sampled_from(values[name]) if values[name] else text
    kind = draw(st.integers(0, 7))
    caseless = draw(st.booleans())
    if kind == 0:
        operator = draw(st.sampled_from(Comparison))
        return Compare(operator, item, Constant(draw(seen | text | st.integers(0, 20))))
    if kind in (1, 2):
        return Among(item, tuple(draw(st.lists(seen | text, min_size=1, max_size=3))))
    if kind in (3, 4, 5):
        return Like(item, draw(pattern(seen)), caseless=caseless)
    if kind == 6:
        return Matches(item, draw(st.sampled_from(["[A-Z]", "role", "^$"])), caseless=caseless)
    return draw(st.sampled_from([IsNull(item), Recent(1000, "LAST")]))


def expression(properties, values):
    leaves = leaf(properties, values)
    return leaves | st.recursive(
        leaves,
        lambda inner: (
            st.builds(lambda a: And(tuple(a)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(lambda a: Or(tuple(a)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(Not, inner)
        ),
        max_leaves=6,
    )


def texts_by_field(properties, events):
    """The values of the events under each property, as texts."""
    return {
        name: [t for e in events if (t := text_of(operand(item)(e)))]
        for name in FIELDS
        for item in [Field(properties.find(name), name)]
    }


@settings(max_examples=600)
@given(data=st.data())
def test_prefilter_on_is_prefilter_off_is_naive(catalogues, data):
    catalogue = data.draw(st.sampled_from(catalogues))
    seed = data.draw(st.integers(0, 1000))
    documents = data.draw(st.lists(document, min_size=1, max_size=3))
    found = [event for d in documents for event in unwrap(written(d, seed)).events]
    events = [normalize(event, 1_700_000_000_000, catalogue) for event in found]
    assert [catalogue.type_of(attribute(e)) for e in found] == [e.log_source_type for e in events]

    some = expression(catalogue.properties, texts_by_field(catalogue.properties, events))
    rules = RuleSet(
        [make_rule(data.draw(some), id=f"rule-{n}") for n in range(data.draw(st.integers(1, 4)))],
        catalogue.log_source_types,
    )
    for event in events:
        naive = rules.match_naive(event)
        off = tuple(r.id for r in rules.rules if predicate(r.expression)(event))
        with patch.object(ruleset, "FEW", 0):  # further literals are searched for, too
            on = tuple(m.rule.id for m in rules.match(event))
        assert on == off == naive
