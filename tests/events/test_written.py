"""A document as it is written: its numbers, and its text as compact JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.acceptable import MAX_DEPTH, is_too_deep
from matcher.events.written import Number, compact, opened_controls, read_as_written
from tests.work import calls

NUMBERS = ("1.50e+3", "-0", "NaN", "-Infinity", "257", "9" * 5000, "1e16")
texts = st.text(alphabet='"\\{}[]:,an/u0\n\b\0\x1f\x7f\x80é\u2028😀\ud800\udc00', max_size=8)
documents = st.recursive(
    texts | st.sampled_from([*map(Number, NUMBERS), True, False, None]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


def _by_hand(node):
    if isinstance(node, dict):
        return "{" + ",".join(f"{_by_hand(k)}:{_by_hand(v)}" for k, v in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_by_hand, node)) + "]"
    if isinstance(node, Number):
        return str(node)
    if isinstance(node, str):
        return '"' + "".join("\\" + c if c in '"\\' else c for c in node) + '"'
    return {True: "true", False: "false", None: "null"}[node]


@given(documents)
def test_compact_json_keeps_numbers_and_control_characters(node):
    assert compact(node) == _by_hand(node)


@given(texts)
def test_control_characters_are_opened(text):
    written = json.dumps(text, ensure_ascii=False)
    assert opened_controls(written) == _by_hand(text)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_stays_as_it_is_written(number):
    assert compact(read_as_written(f"[{number}]".encode())) == f"[{number}]"


@given(documents)
def test_depth_is_that_of_brackets_outside_strings(node):
    def depth(node):
        if isinstance(node, dict | list):
            inner = node.values() if isinstance(node, dict) else node
            return 1 + max(map(depth, inner), default=0)
        return 0

    wrapped = "[" * (MAX_DEPTH - 2) + _by_hand(node) + "]" * (MAX_DEPTH - 2)
    assert is_too_deep(wrapped.encode("utf-8", "replace")) is (depth(node) > 2)


@pytest.mark.parametrize("piece", ['"ab"', r'"a\"\\\n"', "true"])
def test_no_function_is_called_for_each_value(piece):
    document = read_as_written(f"[{','.join([piece] * 50_000)}]".encode())
    assert calls(lambda: compact(document)) < 5_000
