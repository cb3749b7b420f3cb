import pytest

from matcher.engine.regex import BadRegexError, regex_search, regex_test, whole

LONG = "a" * 200_000


@pytest.mark.parametrize(
    ("pattern", "caseless", "text", "found"),
    [
        ("b+", False, "abbc", True),
        ("B", False, "abc", False),
        ("B", True, "abc", True),
        ("É", True, "é", True),
        ("é", False, "É", False),
        ("k", True, "\u212a", False),
        ("(?i)s", False, "\u017f", False),
        ("\u017f", False, "\u017f", True),
        ("\u017f", True, "s", False),
        (r"\w", False, "é", False),
        (r"\d", False, "٣", False),
        ("a.b", False, "a\nb", False),
        ("(?s)a.b", False, "a\nb", True),
        ("a$", False, "a\n", False),
        (r"a\Z", False, "a\n", True),
        (r"\\Z", False, "\\Z", True),
        ("a", False, "\udc80a", True),
        ("\ufffd", False, "\udc80", True),
        (r"^\p{L}+$", False, "éß", True),
        ("", False, "", True),
    ],
)
def test_what_an_expression_finds(pattern, caseless, text, found):
    assert regex_test(pattern, caseless)(text) is found


def test_a_match_has_its_place_in_characters():
    assert regex_search("b", caseless=False)("éé b").start() == 3


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a", "is not one"),
        ("[b-a]", "is not one"),
        ("[[a", "is not one"),
        ("(?=a)", "linear time"),
        ("(?<!a)b", "linear time"),
        (r"(a)\1", "linear time"),
        ("(?>a)", "linear time"),
        ("a{1,100000}", "too large"),
        ("((a{100}){10}){10}", "too large"),
        (r"(\pL{1,100}){1,10}", "too large"),
    ],
)
def test_what_does_not_run_in_linear_time_is_refused(pattern, says):
    with pytest.raises(BadRegexError, match=says):
        regex_test(pattern, caseless=False)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+b", "(.*a){20}b", "(a*)*b", "([a-z]+)*!"])
def test_no_expression_takes_for_ever(pattern):
    regex_test(pattern, caseless=False)(LONG + "\n")


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a|b", "a", True),
        ("a|b", "ab", False),
        ("(?i)a", "A", True),
        ("(?i)a", "Ab", False),
        ("a", "a\n", False),
        (".*a.*", "bab", True),
    ],
)
def test_whole_matches_a_whole_text(pattern, text, found):
    assert regex_test(whole(pattern), caseless=False)(text) is found
