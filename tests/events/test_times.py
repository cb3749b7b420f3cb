from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.events.times import milliseconds

BASE = 1627602806000  # 2021-07-29T23:53:26Z


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021-07-29T23:53:26Z", BASE),
        ("2021-07-29 23:53:26", BASE),
        ("2021-07-29T23:53:26", BASE),
        ("2021-07-29t23:53:26z", BASE),
        (" 2021-07-29T23:53:26Z ", BASE),
        ("2021-07-29T23:53:26.1Z", BASE + 100),
        ("2021-07-29T23:53:26.12Z", BASE + 120),
        ("2021-07-29T23:53:26.12345Z", BASE + 123),
        ("2021-07-29T23:53:26.1239999Z", BASE + 123),
        ("2021-07-29T23:53:26.123456789Z", BASE + 123),
        ("2021-07-29 23:53:26.123456789", BASE + 123),
        ("2021-07-30T01:53:26+02:00", BASE),
        ("2021-07-29T18:23:26.5-05:30", BASE + 500),
        ("2021-07-29T23:53:26 Z", BASE),
        ("2021-07-29T9:53:26.123Z", BASE - 14 * 3_600_000 + 123),
        ("8/22/2022 6:11:52 PM", 1661191912000),
        ("8/22/2022 12:11:52 AM", 1661127112000),
        ("8/22/2022, 6:11:52\u202fPM", 1661191912000),
        ("8/22/2022 6:11:52\u00a0PM", 1661191912000),
        ("8/22/2022 12:11:52 PM", 1661170312000),
        ("01/09/2007 09:41:00", 1168335660000),
        ("1/9/2007 10:41:00 AM +01:00", 1168335660000),
        (1627602806, BASE),
        (1627602806.5, BASE + 500),
        (1627602806123, BASE + 123),
        (1627602806123456, BASE + 123),
        (1627602806123456789, BASE + 123),
        ("1627602806", BASE),
        ("1627602806123", BASE + 123),
        ("", None),
        ("...", None),
        ("eventTime", None),
        ("2021-07-29", None),
        ("2021-13-29T23:53:26Z", None),
        ("13/22/2022 6:11:52 PM", None),
        ("8/22/2022 13:11:52 PM", None),
        ("0000-00-00T00:00:00Z", None),
        ("2021-07-29T23:53:26+99:99", None),
        (5, None),
        (-1627602806, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**4000, None),
        (True, None),
        (None, None),
        ({"value": 1}, None),
        (["2021-07-29T23:53:26Z"], None),
        ("9" * 100_000, None),
    ],
)
def test_every_shape_of_time(written, expected):
    assert milliseconds(written) == expected


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001
def test_iso_times_are_exact_to_the_millisecond(moment):
    utc = moment.replace(tzinfo=UTC)
    passed = utc - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000
    assert milliseconds(utc.isoformat()) == expected
    assert milliseconds(moment.isoformat(sep=" ")) == expected


@given(st.text(max_size=80) | st.integers() | st.floats())
def test_nothing_raises(written):
    assert milliseconds(written) is None or isinstance(milliseconds(written), int)
