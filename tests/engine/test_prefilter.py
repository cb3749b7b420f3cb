"""What the search finds in one event's bytes."""

import pytest

from matcher.engine.literals import RequiredLiterals
from matcher.engine.prefilter import Prefilter


@pytest.mark.parametrize("length", [10, 70_000])
def test_a_literal_in_escapes_is_found_however_long_the_event_is(length):
    prefilter = Prefilter([RequiredLiterals(frozenset(["createuser"]))])
    event = b'{"a":"Create\\u0055ser","b":"%b"}' % (b"x" * length)
    assert prefilter.candidates(event) == 1
    assert prefilter.candidates(b"{}") == 0
    assert prefilter.candidates_of([event, b"{}"]) == {0: 1}
