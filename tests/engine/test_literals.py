"""What an event must hold for a rule to be able to match."""

import pytest

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Field,
    IsNull,
    Like,
    Not,
    Or,
    Recent,
)
from matcher.engine.literals import required_literals, requirements
from matcher.events.schema import Kind, Property
from tests.factories import PAYLOAD, TYPE_NAME, key

X = key("x")


def like(pattern, item=PAYLOAD):
    return Like(item, pattern, caseless=True)


def equal(text, item=X):
    return Compare(Comparison.EQUAL, item, Constant(text))


@pytest.mark.parametrize(
    ("expression", "literals"),
    [
        (like("%roleAssignments/write%"), {"roleassignments/write"}),
        (like("%ab%abcd_x%"), {"abcd"}),
        (like('%say "hello" now%'), {"hello"}),
        (like("%caffé latte%"), {" latte"}),
        (equal(100_000 * "abc"), {128 // 3 * "abc" + "ab"}),
        (like("%ab%"), None),
        (like("%"), None),
        (equal("CreateUser"), {"createuser"}),
        (Compare(Comparison.EQUAL, Constant("CreateUser"), X), {"createuser"}),
        (Compare(Comparison.UNEQUAL, X, Constant("CreateUser")), None),
        (equal(12345), None),
        (Among(X, ("CreateUser", "CreateRole")), {"createuser", "createrole"}),
        (Among(X, ("CreateUser", 5)), None),
        (Among(X, ("CreateUser", "é")), None),
        (equal("abcd", key("y", verbatim=False)), None),
        (Not(equal("CreateUser")), None),
        (IsNull(X), None),
        (Recent(1, "LAST"), None),
        (Always(holds=True), None),
        (Always(holds=False), set()),
        (And((Recent(1, "LAST"), like("%cloudtrail%", TYPE_NAME), equal("abc"))), {"abc"}),
        (And((equal("abc"), equal("abcdef"))), {"abcdef"}),
        (And((Among(X, ("abcdef", "ghijkl")), equal("abcdef"))), {"abcdef"}),
        (And((equal("ec2.amazonaws.com"), equal("RunIt"))), {"runit"}),
        (like("%recipientAccountId%RunIt%"), {"runit"}),
        (And((equal("abc"), Always(holds=False))), set()),
        (Or((equal("abc"), like("%needle%"))), {"abc", "needle"}),
        (Or((equal("abc"), Always(holds=False))), {"abc"}),
        (Or((equal("abc"), Not(equal("def")))), None),
        (Or(()), set()),
    ],
)
def test_need(expression, literals):
    assert required_literals(expression).literals == (
        None if literals is None else frozenset(literals)
    )


@pytest.mark.parametrize(
    ("expression", "literals"),
    [
        (equal("abc"), None),
        (And((equal("abc"),)), None),
        (And((equal("abc"), equal("abc"))), None),
        (And((equal("abc"), Not(equal("abcdef")))), None),
        (And((equal("abc"), equal("abcdef"))), {"abc"}),
        (And((equal("abc"), equal("abcdef"), equal("abcd"))), {"abcd"}),
        (And((equal("ec2.amazonaws.com"), equal("RunIt"))), {"ec2.amazonaws.com"}),
        (And((equal("abc"), And((equal("abcdef"), Or((equal("q1w"), like("%e3r%"))))))), {"abc"}),
        (
            Or((And((equal("abc"), equal("defg"))), And((equal("hij"), equal("klmn"))))),
            {"abc", "hij"},
        ),
        (Or((And((equal("abc"), equal("defg"))), equal("klmn"))), {"abc", "klmn"}),
        (Or((And((equal("abc"), equal("defg"))), equal(5))), None),
        (Or((equal("abc"), equal("defg"))), None),
        (Not(And((equal("abc"), equal("abcdef")))), None),
    ],
)
def test_need_besides(expression, literals):
    first, further = requirements(expression)
    assert first == required_literals(expression)
    assert further.literals == (None if literals is None else frozenset(literals))


def test_anything_says_why():
    assert (
        "y need not stand in the event"
        in required_literals(equal("abcd", key("y", verbatim=False))).because
    )


def renamed(sources):
    """A property that is the text as sent, save that ``sent name`` reads ``Renamed``."""

    def derived(test):
        return sources if test("Renamed") else frozenset()

    return Field(Property("x", Kind.TEXT, lambda _event: None, lambda _run: True, derived), "x")


def test_a_renamed_value_needs_the_names_it_comes_from():
    found = renamed(frozenset({"sent name"}))
    assert required_literals(equal("Renamed", found)).literals == {"renamed", "sent name"}
    assert required_literals(equal("other", found)).literals == {"other"}
    assert required_literals(like("%ename%", found)).literals == {"ename", "sent name"}


def test_a_renamed_value_of_unknown_source_needs_nothing():
    assert required_literals(equal("Renamed", renamed(None))).literals is None
    assert required_literals(equal("Renamed", renamed(frozenset({"é"})))).literals is None
