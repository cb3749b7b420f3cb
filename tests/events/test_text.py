"""Case folding and JSON escapes: the two transformations every comparison rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.text import fold, readable, unescape


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ABC", "abc"),
        ("É", "é"),
        ("Straße", "straße"),
        ("\u212a", "\u212a"),
        ("İ", "İ"),
        ("Ж", "ж"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_keeps_length_and_never_crosses_ascii(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert all(a.isascii() == b.isascii() for a, b in zip(text, folded, strict=True))
    assert fold(folded) == folded


@given(st.text(), st.text(alphabet="abcXYZ/.:", min_size=1))
def test_an_ascii_caseless_search_never_misses_what_folding_makes_equal(text, needle):
    if fold(needle) in fold(text):
        assert needle.encode().lower() in text.encode("utf-8", "surrogatepass").lower()


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        (r"a\/b", "a/b"),
        (r"\u0041\u00e9", "Aé"),
        (r"\u0022\u005c\u005C", r"\u0022\u005c\u005C"),
        (r"\\u0041", r"\\u0041"),
        (r"\\\u0041", r"\\A"),
        (r"\n\u000a\u007f", r"\n\u000a\u007f"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\uD83D", r"\uD83D"),
        (r"\ude00\ud83d", r"\ude00\ud83d"),
        (r"\u005cu0041", r"\u005cu0041"),
        (r"\u12", r"\u12"),
        ("plain", "plain"),
    ],
)
def test_unescape(text, opened):
    assert unescape(text) == opened


def test_lone_surrogates_can_be_written():
    assert readable("a\ud800b") == "a\ufffdb"
