"""What the log source type alone decides of a rule."""

from matcher.engine.expression import Always, And, Like, Not, Or
from matcher.engine.gate import possible_types, simplified, specialized
from tests.factories import ACTIVITY, CLOUDTRAIL, SIGN_IN, TYPE_NAME, TYPES, key

TRAIL = Like(TYPE_NAME, "%cloudtrail%", caseless=True)
AZURE = Like(TYPE_NAME, "%azure activity%", caseless=True)
A, B = (Like(key(name), "x", caseless=False) for name in "ab")
YES, NO = Always(holds=True), Always(holds=False)


def test_a_rule_is_for_one_type_what_its_gate_leaves():
    rule = And((Or((TRAIL, AZURE)), Or((And((TRAIL, A)), And((AZURE, Not(B)))))))
    assert specialized(rule, CLOUDTRAIL) == A
    assert specialized(rule, ACTIVITY) == Not(B)
    assert specialized(rule, SIGN_IN) == NO
    assert possible_types(rule, TYPES) == {CLOUDTRAIL, ACTIVITY}


def test_what_always_or_never_holds_is_simplified_away():
    assert simplified(And((YES, A, And((B, YES))))) == And((A, B))
    assert simplified(Or((NO, Or((A, B))))) == Or((A, B))
    assert simplified(Or((A, YES))) == simplified(And(())) == simplified(Not(NO)) == YES
    assert simplified(And((A, Not(YES)))) == simplified(Or(())) == NO
    assert simplified(Not(Not(A))) == A
