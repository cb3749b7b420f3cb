from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import RuleSyntaxError
from matcher.rulebook.document import MAX_BYTES, decoded, entries, plain, read_document

PIECES = (
    *(
        "a",
        "b: ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "? ",
        "| ",
        "> ",
    ),
    *(
        "'",
        '"',
        "!!int ",
        "!x ",
        "# ",
        "--- ",
        "...",
        "%YAML 1.1",
        "1",
        "true",
        "~",
        "\0",
        "\t",
        "é",
    ),
)


def read(text: str | bytes):
    raw = text.encode() if isinstance(text, str) else text
    return plain(read_document("f.yml", decoded("f.yml", raw)).root)


def test_plain_values_read_as_json_reads_them():
    text = "[NO, yes, on, 012, 1_000, 0x1F, 1:30, 2024-01-01, .5, 7, -1.5, 1e3, true, null, ~, a]"
    assert read(text) == [
        *("NO", "yes", "on", "012", "1_000", "0x1F", "1:30", "2024-01-01", ".5"),
        *(7, -1.5, 1000.0, True, None, None, "a"),
    ]
    assert read("a:\nb: ''") == {"a": None, "b": ""}


def test_anchors_and_merged_keys():
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x"
    assert read(text)["y"] == {"a": 1, "b": 3}
    document = read_document("f.yml", text)
    merged = dict(entries(document.root))
    ((_, value),) = [(key, node) for key, node in merged.items() if key.value == "y"]
    assert {key.value: node.value for key, node in entries(value)} == {"a": "1", "b": "3"}


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b"", "empty", (None, None)),
        (b"# nothing\n", "empty", (None, None)),
        (b"a: 1\na: 2", "duplicate-key", (2, 1)),
        (b"x: {b: {c: 1, c: 2}}", "duplicate-key", (1, 15)),
        (b"a: [\n", "yaml", (2, 1)),
        (b"a: 1\n---\nb: 2", "yaml", (2, 1)),
        (b"a: *b", "yaml", (1, 4)),
        (b"a: &a [*a]", "yaml", (1, 4)),
        (b"? [a]\n: b", "yaml", (1, 3)),
        (b"a: {<<: 3}", "yaml", (1, 9)),
        (b"a: <<", "yaml", (1, 4)),
        (b"a: !!python/object:x {}", "yaml", (1, 4)),
        (b"a: !!binary zz", "yaml", (1, 4)),
        (b"a: !!int q", "yaml", (1, 4)),
        (b"a: !!map q", "yaml", (1, 4)),
        (b"a: " + b"9" * 5000, "yaml", (1, 4)),
        (b"a: \x00", "yaml", (1, 4)),
        (b"a: 1\nb: \xc3\xa4\xff", "encoding", (2, 5)),
        (b"[" * 100 + b"]" * 100, "too-deep", (1, 52)),
        (b"[" * 100_000, "yaml", (1, 1001)),
        (b"- " * 100_000, "yaml", (1, 1999)),
        (b"#" * (MAX_BYTES + 1), "large", (None, None)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_rule_file_is_refused_with_its_place(raw, code, place):
    with pytest.raises(RuleSyntaxError) as caught:
        read(raw)
    assert (caught.value.code, (caught.value.line, caught.value.column)) == (code, place)
    assert caught.value.path == "f.yml"


def test_a_small_file_does_not_unfold_into_a_large_one():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdef", "bcdefg", strict=True)
    ]
    with pytest.raises(RuleSyntaxError) as caught:
        read("\n".join(lines))
    assert caught.value.code == "large"


def test_a_byte_order_mark_is_dropped():
    assert read(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_aliases_do_not_nest_a_file_deeper_than_it_looks():
    lines = ["a: &a " + "[" * 40 + "]" * 40]
    lines.append("b: " + "[" * 30 + "*a" + "]" * 30)
    with pytest.raises(RuleSyntaxError) as caught:
        read("\n".join(lines))
    assert caught.value.code == "too-deep"


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.binary(max_size=40))
def test_whatever_the_bytes_are_there_is_a_value_or_an_error(content):
    with suppress(RuleSyntaxError):
        read(content)
