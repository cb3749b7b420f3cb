"""What an expression's matches must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine.regex import BadRegexError, regex_search
from matcher.engine.regex_texts import required_texts


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("abc", ["abc"]),
        (".+:assumed-role/aws:.+", [":assumed-role/aws:"]),
        (r"^arn:aws:iam::\d{12}:user/x$", ["arn:aws:iam::", ":user/x"]),
        (r"a\.b\-c\/d", ["a.b-c/d"]),
        ("abc*d", ["ab", "d"]),
        ("abc?d", ["ab", "d"]),
        ("abc+d", ["abc", "d"]),
        ("abc{0,2}d", ["ab", "d"]),
        ("ab(cd|ef)gh", ["ab", "gh"]),
        ("ab(cd)?gh", ["ab", "gh"]),
        ("(?i)abc", ["abc"]),
        ("ab[cd]ef", ["ab", "ef"]),
        ("ab[]c]ef", ["ab", "ef"]),
        ("ab[[:alpha:]x]ef", ["ab", "ef"]),
        (r"ab[\]c]ef", ["ab", "ef"]),
        ("abc|def", []),
        (r"\x41bc", []),
        (r"\Qa.b\E", []),
        (r"\p{Lu}bc", []),
        ("a{,2}b", []),
    ],
)
def test_the_texts(pattern, texts):
    assert required_texts(pattern) == texts


PIECES = (
    *("ab", "c", "D", ".", "*", "+", "?", "{2}", "{0,1}", "{,2}", "|", "(", ")", "(?:", "(?i)"),
    *("[bc]", "[^b]", "[]c]", "[[:alpha:]]", "^", "$", "-", " ", "é", "\\"),
    *(r"\.", r"\d", r"\b", r"\x41", r"\101", r"\Qb*\E", r"\pL"),
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=10).map("".join),
    st.text("abcdDA.*é 1-{},2b", max_size=12),
)
def test_a_match_holds_every_text(pattern, text):
    try:
        found = regex_search(pattern, caseless=False)(text)
    except BadRegexError:
        return
    if found is not None:
        assert all(run.lower() in text.lower() for run in required_texts(pattern))
