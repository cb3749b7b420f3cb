"""Slice sizes and pauses."""

from matcher.stream import pace
from matcher.stream.pace import Backoff, SliceSize


def test_a_slice_grows_step_by_step_to_what_fits():
    size = SliceSize(0.05, first=10)
    sizes = []
    for _ in range(5):
        size.measured(size.records, size.records * 0.0001)
        sizes.append(size.records)
    assert sizes == [40, 160, 500, 500, 500]


def test_a_slice_shrinks_at_once_and_never_below_one_record():
    size = SliceSize(0.05, first=1000)
    size.measured(1000, 10.0)
    assert size.records == 5
    size.measured(1, 60.0)
    assert size.records == 1


def test_work_too_short_to_measure_lets_it_grow():
    size = SliceSize(0.05, first=10)
    size.measured(10, 0.0)
    assert size.records == 40


def test_pauses_double_up_to_half_a_minute_and_start_anew(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    backoff = Backoff()
    assert backoff.failing() == 0
    assert [backoff.pause() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    now[0] = 107.0
    assert backoff.failing() == 7
    backoff.over()
    assert (backoff.failing(), backoff.pause()) == (0, 0.5)
