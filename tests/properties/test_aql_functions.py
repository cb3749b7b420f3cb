"""No function of AQL breaks on any value an event may hold, and each gives what JSON can write."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.alerts.document import encode
from matcher.languages.aql.functions import FUNCTIONS, OPERATORS

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["1e999", "-0", "9" * 500, "\ud800", "198.51.100.7", "1e-400", "+5"])
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars)
patterns = st.sampled_from(["yyyy-MM-dd'T'HH:mm:ss.SSSX", "E w W F u a z", "'x'"])


@settings(max_examples=200)
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@given(data=st.data())
def test_a_function_takes_any_values(name, data):
    signature = FUNCTIONS[name]
    count = data.draw(st.integers(signature.fewest, min(signature.most, signature.fewest + 2)))
    arguments = [data.draw(values) for _ in range(count)]
    if name == "DATEFORMAT":
        arguments[1] = data.draw(patterns)
    if name in ("REPLACEFIRST", "REPLACEALL"):
        arguments[0] = data.draw(st.sampled_from(["", "a*", "(.)", r"\d+|(x)"]))
        arguments[2] = data.draw(st.sampled_from(["", "$0", "[]", None]))
    _is_a_value(signature.function.call(*arguments))


@settings(max_examples=200)
@pytest.mark.parametrize("sign", sorted(OPERATORS))
@given(left=values, right=values)
def test_arithmetic_takes_any_values(sign, left, right):
    _is_a_value(OPERATORS[sign].call(left, right))


def _is_a_value(found: object) -> None:
    assert found is None or isinstance(found, (str, int, float))
    assert not isinstance(found, float) or math.isfinite(found)
    assert encode({"column": found})
