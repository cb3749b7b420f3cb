"""The quick way along a path finds what the whole walk finds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.languages.sigma.paths import NOWHERE, UNCERTAIN, Path

KEYS = ("a", "b", "A", "userIdentity", "useridentity", "UserIdentity", "user_identity", "ip", "IP")
NAMES = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(".".join)
PATHS = st.builds(
    Path,
    NAMES | st.sampled_from(["a..b", "a.", ".a", "", "a[0].b", "a{}.b", "[a=b].a", "{x"]),
    st.booleans(),
    st.sampled_from(["", "", "", "(.)"]),
)
SCALARS = st.sampled_from(["x", "", "[1]", '{"b": "in a text"}', 0, 7, 1.5, True, None])
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYS) | NAMES, inner, max_size=4)
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=1).map(json.dumps)
    ),
    max_leaves=8,
).flatmap(lambda inner: st.dictionaries(st.sampled_from(KEYS) | NAMES, st.just(inner), max_size=4))


@given(PATHS, DOCUMENTS)
def test_one_value_or_none_is_what_the_walk_finds(path, document):
    found = path.value(document)
    walked = path.values(document)
    if found is NOWHERE:
        assert walked == ()
    elif found is not UNCERTAIN:
        assert walked == (found,)
        assert walked[0] is found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (Path("a.b"), 1),
        (Path("a.c"), NOWHERE),
        (Path("a.b.c"), NOWHERE),
        (Path("d.e"), 2),
        (Path("list.x"), UNCERTAIN),
        (Path("text.x"), UNCERTAIN),
        (Path("list[0]"), UNCERTAIN),
        (Path("text", cut="(.)"), UNCERTAIN),
        (Path("userIdentity.type"), NOWHERE),
        (Path("userIdentity.type", spelled=True), "Root"),
    ],
)
def test_the_quick_way_is_taken_through_objects(path, expected):
    document = {"a": {"b": 1}, "d.e": 2, "list": [], "text": "{}", "UserIdentity": {"Type": "Root"}}
    assert path.value(document) is expected
