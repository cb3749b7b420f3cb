"""LIKE patterns with several parts: what they match, and that they read a text once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine.patterns import like_test
from matcher.engine.regex import regex_search

SIGNS = st.text("aAb.\n%_", max_size=8)


@given(pattern=SIGNS, text=st.text("aAb.\n", max_size=12))
def test_a_pattern_means_what_backtracking_finds(pattern, text):
    body = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern)
    expected = re.fullmatch(body, text, re.DOTALL) is not None
    assert like_test(pattern, caseless=False)(text) is expected


@pytest.mark.parametrize("pattern", ["%a%b%a%b%c%", "%a_%_b%a_%_b%c%", "a%a%a%a%a%a%c"])
def test_a_text_that_holds_the_parts_often_is_read_once(pattern):
    # tried at every place, this is 10^16 steps or more
    assert not like_test(pattern, caseless=True)("ab" * 10_000)
    assert like_test(pattern, caseless=True)("ab" * 10_000 + "C")


def test_a_match_without_case_stands_at_the_same_place_of_the_text():
    found = regex_search("é[a-z]+", caseless=True)("xÉVA!")
    assert found is not None
    assert found.span() == (1, 4)
