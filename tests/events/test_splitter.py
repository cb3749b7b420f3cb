"""Where values stand in a text, also in a broken one."""

import json

import pytest

from matcher.events.splitter import (
    BrokenError,
    TooManyError,
    elements,
    is_value,
    members,
    value_end,
    values,
)

DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    "value",
    [
        *("{}", "[]", '"x"', "5", "-1.5e3", "null", "NaN", '{"a":"\x01"}', '"\\ud800"', '"ÿ"'),
        *("9" * 5000, DEEP, '[{"a":"]]\\"]"}]', f'{{"a":"{{","b":{DEEP}}}'),
    ],
    ids=lambda value: value[:20],
)
def test_a_value_ends_where_it_ends(value):
    assert value_end(f"  {value} ,", 2) == 2 + len(value)
    assert is_value(f" {value}\n")
    assert not is_value(f"{value} {value}")


@pytest.mark.parametrize(
    ("text", "cut_off"),
    [
        ("", True), ("{", True), ('{"', True), ('{"a"', True), ('{"a":', True), ('{"a":1', True),
        ('{"a":1.', True), ('{"a":1e-', True), ('{"a":-', True), ('{"a":tru', True),
        ('{"a":-Inf', True), ('{"a":Na', True), ('{"a":"\\', True), ('{"a":"\\u00', True),
        ('{"a":"\\ud83d\\u', True), ('{"a":1,', True), ("[1,  ", True), ("[" * 5000, True),
        ("oops", False), ("{'a':1}", False), ('{"a" 1}', False), ("[1 2]", False),
        ('{"a":"\\x"}', False), ('{"a":"\\uzz00"}', False), ("[1,]", False), ('{"a":tru }', False),
    ],
)  # fmt: skip
def test_a_broken_value_is_cut_off_or_is_no_json(text, cut_off):
    with pytest.raises(BrokenError) as broken:
        value_end(text, 0)
    assert broken.value.fault.cut_off is cut_off


def test_every_prefix_of_a_json_text_is_cut_off():
    document = {"a": [1.5, -2e10, True, None, float("inf")], 'é\u2028"\\': {"b": "\U0001f600/"}}
    text = json.dumps(document)
    for end in range(len(text)):
        with pytest.raises(BrokenError) as broken:
            value_end(text[:end], 0)
        assert broken.value.fault.cut_off, text[:end]


def test_values_one_after_the_other():
    assert values(' {"a":1}[2]\n{} ') == ([(1, 8), (8, 11), (12, 14)], None)
    found, fault = values('{"a":1} 5 {}')
    assert found == [(0, 7)]
    assert (fault.offset, fault.cut_off) == (8, False)


def test_elements_before_a_break():
    assert elements('[ 1 , {"a":2} ]') == ([(2, 3), (6, 13)], None)
    found, fault = elements('[{"a":1}, {"b":x}, {}]')
    assert found == [(1, 8)]
    assert fault.offset == 10
    assert not fault.cut_off
    assert elements("[1] 2")[1].offset == 4


def test_members_before_a_break():
    found, fault = members('{"a": [1, 2], "\\u0062":{"c":3}}')
    assert [(m.key, m.start, m.end, m.elements) for m in found] == [
        ("a", 6, 12, ((7, 8), (10, 11))),
        ("b", 23, 30, ()),
    ]
    assert fault is None
    found, fault = members('{"a":1,"b":[{},{"c":')
    assert [(m.key, m.elements) for m in found] == [("a", ()), ("b", ((12, 14),))]
    assert (fault.offset, fault.cut_off) == (15, True)
    found, fault = members('{"a":[{')
    assert found == []


@pytest.mark.parametrize("text", ['{"a":1}}', '{"a"}', '{"a":1 "b":2}', "{,}", "{5:1}", '{"a":1,}'])
def test_an_object_that_is_none_has_a_fault(text):
    fault = members(text)[1]
    assert fault is not None
    assert not fault.cut_off


def test_the_end_of_a_value_that_is_nested_without_bounds_is_not_looked_for():
    deepest = 1_000_000
    with pytest.raises(BrokenError, match="nested deeper") as broken:
        value_end("[" * (deepest + 1) + "]" * (deepest + 1), 0)
    assert not broken.value.fault.cut_off
    assert value_end("[" * deepest + "]" * deepest, 0) == 2 * deepest


def test_no_more_values_are_collected_than_asked_for():
    for split in (elements, members, values):
        text = {elements: "[1,2]", members: '{"a":[1,2]}', values: "{}{}"}[split]
        assert split(text, 2) == split(text)
        with pytest.raises(TooManyError):
            split(text, 1)
