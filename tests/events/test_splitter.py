"""Where values stand in a text, also in a broken one."""

import json
from functools import partial

import pytest

from matcher.events.json_text import BrokenError, Text, TooManyError, is_value, value_end
from matcher.events.resuming import Gap
from matcher.events.splitter import elements, members, values, walked

ARRAYS = frozenset("ab")
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


@pytest.mark.parametrize("padding", [4000, 4090, 4095, 4096, 5000, 300_000])
@pytest.mark.parametrize(
    "value",
    [
        *("{{{}}}", '{{"a":{}}}', '{{"a":NaN,"b":-Infinity,"c":{}}}', '{{"a":"\x01\n\t","b":{}}}'),
        *('{{"a":"\\ud800 \\" \\\\","b":{}}}', '{{"ÿ\x00":{}}}', "[{},1.5e3,true]", '"{}'),
    ],
)
def test_a_large_value_ends_where_it_ends(value, padding):
    text = value.replace("{}", '"' + "x" * padding + '"').replace("{{", "{").replace("}}", "}")
    if value == "{{{}}}":
        text = "{" + '"' + "x" * padding + '":1}'
    if value == '"{}':
        text = '"' + "x" * padding + '"'
    for after in ("", " ", ",", ' {"b":1}', "\n\n5", "]"):
        assert value_end(f"[{text}{after}", 1) == 1 + len(text)
        assert value_end(Text(f"[{text}{after}".encode("latin-1")), 1) == 1 + len(text)


@pytest.mark.parametrize("padding", [4000, 4095, 4096, 300_000])
@pytest.mark.parametrize(
    ("end", "cut_off"),
    [
        *(('"', True), ('",', True), ('","b":1.', True), ('","b":Na', True), ('","b":tru', True)),
        *(("\\", True), ('","b":"\\u00', True), ('","b":1 2}', False), ('",}', False)),
    ],
)
def test_a_large_broken_value_is_cut_off_or_is_no_json(end, cut_off, padding):
    with pytest.raises(BrokenError) as broken:
        value_end('{"a":"' + "x" * padding + end, 0)
    assert broken.value.fault.offset == 0
    assert broken.value.fault.cut_off is cut_off


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
    assert walked(values(' {"a":1}[2]\n{} ')) == ([(1, 8), (8, 11), (12, 14)], None)
    found, fault = walked(values('{"a":1} 5 {}'))
    assert found == [(0, 7)]
    assert (fault.offset, fault.cut_off) == (8, False)


def test_elements_before_a_break():
    assert walked(elements('[ 1 , {"a":2} ]')) == ([(2, 3), (6, 13)], None)
    found, fault = walked(elements('[{"a":1}, {"b":x}, {'))
    assert found == [(1, 8)]
    assert fault.offset == 10
    assert not fault.cut_off
    found, fault = walked(elements('[{"a":1}, {"b":x}, {"c":2}]'))
    assert found == [(1, 8), Gap(10, 17, "Expecting value (byte 15)"), (19, 26)]
    assert fault is None
    assert walked(elements("[1] 2"))[1].offset == 4


def test_members_before_a_break():
    found, fault = walked(members('{"a": [1, 2], "\\u0062":{"c":3}}', arrays=ARRAYS))
    assert [(m.key, m.start, m.end, m.elements) for m in found] == [
        ("a", 6, 12, ((7, 8), (10, 11))),
        ("b", 23, 30, ()),
    ]
    assert fault is None
    found, fault = walked(members('{"a":1,"b":[{},{"c":', arrays=ARRAYS))
    assert [(m.key, m.elements) for m in found] == [("a", ()), ("b", ((12, 14),))]
    assert (fault.offset, fault.cut_off) == (15, True)
    found, fault = walked(members('{"a":[{', arrays=ARRAYS))
    assert found == []


@pytest.mark.parametrize("text", ['{"a":1}}', '{"a"}', '{"a":1 "b":2}', "{,}", "{5:1}", '{"a":1,}'])
def test_an_object_that_is_none_has_a_fault(text):
    fault = walked(members(text, arrays=ARRAYS))[1]
    assert fault is not None
    assert not fault.cut_off


def test_the_end_of_a_value_that_is_nested_without_bounds_is_not_looked_for():
    deepest = 1_000_000
    with pytest.raises(BrokenError, match="nested deeper") as broken:
        value_end("[" * (deepest + 1) + "]" * (deepest + 1), 0)
    assert not broken.value.fault.cut_off
    assert value_end("[" * deepest + "]" * deepest, 0) == 2 * deepest


def test_no_more_values_are_collected_than_asked_for():
    for split, text in (
        (elements, "[1,2]"),
        (partial(members, arrays=ARRAYS), '{"a":[1,2]}'),
        (values, "{}{}"),
    ):
        assert walked(split(text, 2)) == walked(split(text))
        with pytest.raises(TooManyError):
            walked(split(text, 1))
