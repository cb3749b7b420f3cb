from pathlib import Path

import pytest
import yaml

from matcher.languages.aql.dateformat import date_format, pieces

CASES = Path(__file__).parents[2] / "cases" / "aql" / "dates.yml"


@pytest.mark.parametrize(("milliseconds", "pattern", "expected"), yaml.safe_load(CASES.read_text()))
def test_a_time_in_a_pattern(milliseconds, pattern, expected):
    assert date_format(milliseconds, pattern) == expected


@pytest.mark.parametrize("pattern", ["yyyy-bb", "n", "'open", "yyyy'", "XXXX", "T"])
def test_what_is_no_pattern(pattern):
    with pytest.raises(ValueError, match="date pattern"):
        pieces(pattern)


@pytest.mark.parametrize("milliseconds", [10**17, -(10**17)])
def test_a_time_outside_the_calendar_is_null(milliseconds):
    assert date_format(milliseconds, "yyyy") is None
