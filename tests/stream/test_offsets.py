"""The law: an offset is committable only when everything before it is done, and never after."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from matcher.events.record import TopicPartition
from matcher.stream.offsets import OffsetTracker

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def _tracker(**positions):
    tracker = OffsetTracker()
    tracker.assign(1, {A: positions.get("a", 0), B: positions.get("b", 0)})
    return tracker


def test_slices_that_end_out_of_order_wait_for_the_first():
    tracker = _tracker()
    first, second, third = (tracker.begin(1, A, n * 10, n * 10 + 9, 10) for n in range(3))
    tracker.finish(third)
    tracker.finish(second)
    assert tracker.committable() == {}
    tracker.finish(first)
    assert tracker.committable() == {A: 30}


def test_gaps_between_offsets_are_fine():
    tracker = _tracker(a=5)
    tracker.finish(tracker.begin(1, A, 17, 40, 3))
    tracker.finish(tracker.begin(1, A, 99, 99, 1))
    assert tracker.committable() == {A: 100}


def test_what_lies_behind_the_last_record_is_committed_with_it():
    tracker = _tracker()
    work = tracker.begin(1, A, 0, 9, 10)
    tracker.passed(1, {A: 11, B: 3})
    assert tracker.committable() == {B: 3}
    tracker.finish(work)
    assert tracker.committable() == {A: 11, B: 3}


def test_a_position_of_another_generation_or_from_before_moves_nothing():
    tracker = _tracker(a=5)
    tracker.passed(2, {A: 11})
    tracker.passed(1, {A: 4, TopicPartition("not ours", 0): 7})
    assert (tracker.committable(), tracker.position(A)) == ({}, 5)


def test_what_is_committed_is_not_committed_again():
    tracker = _tracker()
    tracker.finish(tracker.begin(1, A, 0, 9, 10))
    tracker.committed(1, tracker.committable())
    assert tracker.committable() == {}
    assert tracker.uncommitted() == 0


def test_nothing_is_committable_after_a_revoke():
    tracker = _tracker()
    done, late = tracker.begin(1, A, 0, 9, 10), tracker.begin(1, B, 0, 9, 10)
    tracker.finish(done)
    tracker.revoke()
    tracker.finish(late)
    assert tracker.committable() == {}
    assert tracker.assigned == frozenset()


def test_an_acknowledgement_of_an_earlier_generation_moves_nothing():
    tracker = _tracker()
    late = tracker.begin(1, A, 0, 9, 10)
    tracker.assign(2, {A: 0})
    again = tracker.begin(2, A, 0, 4, 5)
    tracker.finish(late)
    assert tracker.committable() == {}
    tracker.finish(again)
    assert tracker.committable() == {A: 5}


def test_a_commit_of_an_earlier_generation_is_no_commit_of_this_one():
    tracker = _tracker()
    tracker.finish(tracker.begin(1, A, 0, 9, 10))
    offsets = tracker.committable()
    tracker.assign(2, {A: 0})
    tracker.committed(1, offsets)
    tracker.finish(tracker.begin(2, A, 0, 4, 5))
    assert tracker.committable() == {A: 5}


@pytest.mark.parametrize(("first", "last"), [(9, 12), (15, 14), (0, 0)])
def test_records_that_were_begun_already_are_refused(first, last):
    tracker = _tracker()
    tracker.begin(1, A, 0, 9, 10)
    with pytest.raises(ValueError, match="was expected"):
        tracker.begin(1, A, first, last, 1)


def test_a_partition_that_is_not_ours_is_refused():
    tracker = OffsetTracker()
    tracker.assign(1, {B: 0})
    with pytest.raises(LookupError, match="not assigned"):
        tracker.begin(1, A, 0, 0, 1)


def test_what_another_generation_fetched_is_refused():
    tracker = _tracker()
    tracker.assign(2, {A: 0})
    with pytest.raises(LookupError, match="fetched in generation 1, now is 2"):
        tracker.begin(1, A, 0, 9, 10)
    tracker.revoke()
    with pytest.raises(LookupError, match="fetched in generation 2, now is None"):
        tracker.begin(2, A, 0, 9, 10)
    assert tracker.committable() == {}


class _Model(RuleBasedStateMachine):
    """A model to compare the tracker with: the set of finished offsets, judged anew each time."""

    @initialize()
    def start(self):
        self.tracker = OffsetTracker()
        self.generation = 0
        self.ours = {}
        self.open = []
        self.committed = {}

    @rule(
        positions=st.fixed_dictionaries({}, optional={A: st.integers(0, 5), B: st.integers(0, 5)})
    )
    def assign(self, positions):
        self.generation += 1
        self.tracker.assign(self.generation, positions)
        self.ours = {tp: {"at": at, "slices": []} for tp, at in positions.items()}
        self.committed = dict(positions)

    @rule()
    def revoke(self):
        self.tracker.revoke()
        self.ours = {}

    @precondition(lambda self: self.ours)
    @rule(data=st.data(), gap=st.integers(0, 3), records=st.integers(1, 4))
    def begin(self, data, gap, records):
        tp = data.draw(st.sampled_from(sorted(self.ours, key=str)))
        state = self.ours[tp]
        first = state["at"] + gap
        work = self.tracker.begin(self.generation, tp, first, first + records - 1, records)
        entry = {"end": first + records, "done": False}
        state["at"] = entry["end"]
        state["slices"].append(entry)
        self.open.append((work, entry))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def finish(self, data):
        work, entry = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        self.tracker.finish(work)
        entry["done"] = True

    @rule()
    def commit(self):
        offsets = self.tracker.committable()
        for tp, offset in offsets.items():
            assert offset > self.committed[tp], "a commit never goes back"
            self.committed[tp] = offset
        self.tracker.committed(self.tracker.generation, offsets)

    @invariant()
    def committable_is_what_is_done_without_a_hole(self):
        expected = {}
        for tp, state in self.ours.items():
            reached = None
            for entry in state["slices"]:
                if not entry["done"]:
                    break
                reached = entry["end"]
            if reached is not None and reached > self.committed[tp]:
                expected[tp] = reached
        assert self.tracker.committable() == expected
        assert self.tracker.assigned == set(self.ours)


def test_no_order_of_events_commits_too_much_or_forgets_anything():
    run_state_machine_as_test(_Model, settings=settings(max_examples=150, stateful_step_count=40))
