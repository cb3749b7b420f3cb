"""Case folding and JSON escapes: the two transformations every comparison rests on."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events import text as module
from matcher.events.text import fold, readable, unescape, without_escapes
from tests.work import calls


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


PIECES = (
    *("\\", "\\\\", "\\u", "u", "0041", "\\u0041", "\\u00e9", "\\ud83d", "\\ude00"),
    *("\\uD83D\\uDE00", "\\udb40\\udc01", "\\u0022", "\\u005C", "\\u005cu0041", "\\/", "/", '"'),
    *('\\"', "\\n", "n", "\n", "\x7f", "\x80", "\0", "\ud800", "\ude00", "\\u12", "\\uD8", "\\x"),
    *("\\u007f", "\\u00ad", "\\u0000", "\\u00A0", "\\u 041", "\\u2028", "é", "😀", "a", " "),
)
escaped = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(
    alphabet="\\u/\"0dD8cC'n41\x7f\x80\ud800", max_size=30
)

_ESCAPE = re.compile(
    r"\\(?:u(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u(?P<unit>[0-9a-fA-F]{4})|(?P<other>.))",
    re.DOTALL,
)


def _one_escape(escape):
    """What an escape stands for, read by itself."""
    if escape["pair"]:
        return bytes.fromhex(escape["pair"].replace("\\u", "")).decode("utf-16-be")
    if escape["unit"]:
        return chr(int(escape["unit"], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(
        escape["other"], escape["other"]
    )


def _one_if_printable(escape):
    character = _one_escape(escape)
    if escape["other"]:
        return "/" if character == "/" else escape[0]
    return character if character.isprintable() and character not in '"\\' else escape[0]


@pytest.fixture(params=[1, 2, 1 << 16])
def at_once(request, monkeypatch):
    """A text is opened in pieces; a piece may end at any escape."""
    monkeypatch.setattr(module, "_ESCAPES_AT_ONCE", request.param)


def unescape_anew(text):
    module._opened.cache_clear()
    return unescape(text)


@pytest.mark.usefixtures("at_once")
@given(text=escaped)
def test_escapes_are_opened_as_if_one_by_one(text):
    assert unescape_anew(text) == _ESCAPE.sub(_one_if_printable, text)
    assert without_escapes(text) == _ESCAPE.sub(_one_escape, text)


@pytest.mark.parametrize("stand_in", ["\x7f", "\x80", "\ud800"])
def test_what_stands_in_for_backslashes_may_stand_in_the_text(stand_in):
    text = stand_in + r"\\u0041\\\u0041\\\"" + "\x7f\x80\ud800"
    assert unescape(text) == stand_in + r"\\u0041\\A\\\"" + "\x7f\x80\ud800"
    assert without_escapes(text) == stand_in + r"\u0041\A\"" + "\x7f\x80\ud800"


def test_folding_is_that_of_each_code_point():
    points = [chr(point) for point in range(sys.maxunicode + 1)]
    alone = [fold(point) for point in points]
    assert fold("".join(points)) == "".join(alone)
    beyond_surrogates = [one for one in points if not 0xD800 <= ord(one) < 0xE000]
    alone = [fold(point) for point in beyond_surrogates]
    assert fold("a".join(beyond_surrogates)) == "a".join(alone)
    assert fold("ΑΣ Σ ΟΔΟΣ") == "ασ σ οδοσ"  # noqa: RUF001 - Greek, where a last sigma differs


@pytest.mark.parametrize(
    "piece",
    [
        *(r"\u0041", r"\u0041a", r"\/", r"\n", r"\u0001", r"\u00ad.", r"\\", r"\\\u0041", r"\""),
        *(r"\ud83d\ude00", r"\ud83d", r"\udb40\udc01", "é", "\ufffd", "\u212aé", r"\x"),
    ],
)
@pytest.mark.parametrize("change", [unescape_anew, without_escapes, fold])
def test_no_function_is_called_for_each_escape(change, piece):
    """Only whether an escape of a wider alphabet stays is asked one by one, in C."""
    text = piece * 50_000
    stays = change is unescape_anew and piece in (r"\u00ad.", r"\udb40\udc01")
    assert calls(lambda: change(text)) < (60_000 if stays else 5_000)
