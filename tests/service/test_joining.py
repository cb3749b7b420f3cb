"""The numbers of several workers as those of one service."""

from matcher.metrics import (
    ASSIGNED_PARTITIONS,
    CATALOGUE,
    EVENT_TO_ALERT,
    ISOLATED,
    LAG_RECORDS,
    LAST_PROGRESS,
    LOOP_LAG,
    RECORDS_CONSUMED,
    RULE_INFO,
    RULES_LOADED,
    WORKERS,
)
from matcher.service.exposition import Exposition, Snapshot, render
from matcher.service.joining import join

PARTITION = ("t", "0")


def values(snapshot: Snapshot) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, sample.labels): sample.value
        for family in snapshot
        for sample in family.samples
    }


def worker(progress: float = 0, lag: float = 0) -> Exposition:
    exposition = Exposition()
    exposition.set(LAST_PROGRESS, progress)
    exposition.set(LAG_RECORDS, lag, PARTITION)
    return exposition


def joined(*workers: Exposition, ended: Snapshot = ()):
    return values(join([one.snapshot() for one in workers], [ended]))


def test_one_worker_has_the_page_it_would_have_alone():
    alone = worker(5, 3)
    alone.observe(EVENT_TO_ALERT, 2.0)
    alone.add(RECORDS_CONSUMED, 2, PARTITION)
    snapshot = alone.snapshot()
    assert render(join([snapshot])) == render(snapshot)
    names = {line.split()[2] for line in render(snapshot).decode().splitlines() if "# HELP" in line}
    assert names >= {metric.name for metric in CATALOGUE}


def test_counters_histograms_and_what_each_worker_holds_are_added():
    one, other = worker(), worker()
    for exposition, number in ((one, 2), (other, 3)):
        exposition.add(RECORDS_CONSUMED, number, PARTITION)
        exposition.observe(EVENT_TO_ALERT, number)
        exposition.set(ASSIGNED_PARTITIONS, number)
        exposition.set(WORKERS, 1)
    both = joined(one, other)
    labels = (("topic", "t"), ("partition", "0"))
    assert both["matcher_records_consumed_total", labels] == 5
    assert both["matcher_event_to_alert_seconds_sum", ()] == 5
    assert both["matcher_event_to_alert_seconds_bucket", (("le", "5.0"),)] == 2
    assert both["matcher_assigned_partitions", ()] == 5
    assert both["matcher_workers", ()] == 2
    alone = values(one.snapshot())
    assert both["process_resident_memory_bytes", ()] > alone["process_resident_memory_bytes", ()]


def test_what_all_workers_have_alike_is_told_once():
    one, other = worker(), worker()
    for exposition, late in ((one, 0.5), (other, 0.1)):
        exposition.set(RULES_LOADED, 57, ("sigma",))
        exposition.set(RULE_INFO, 1, ("r", "R", "sigma"))
        exposition.set(LOOP_LAG, late)
    both = joined(one, other)
    assert both["matcher_rules_loaded", (("language", "sigma"),)] == 57
    info = (("rule_id", "r"), ("title", "R"), ("language", "sigma"))
    assert both["matcher_rule_info", info] == 1
    assert both["matcher_event_loop_lag_seconds", ()] == 0.5
    assert both["process_max_fds", ()] == values(one.snapshot())["process_max_fds", ()]


def test_the_counters_of_an_ended_worker_stay_and_its_gauges_do_not():
    one, dead = worker(), worker(lag=7)
    dead.add(RECORDS_CONSUMED, 3, PARTITION)
    dead.observe(EVENT_TO_ALERT, 2.0)
    dead.set(ASSIGNED_PARTITIONS, 4)
    one.add(RECORDS_CONSUMED, 2, PARTITION)
    both = joined(one, ended=dead.snapshot())
    labels = (("topic", "t"), ("partition", "0"))
    assert both["matcher_records_consumed_total", labels] == 5
    assert both["matcher_event_to_alert_seconds_count", ()] == 1
    assert both["matcher_assigned_partitions", ()] == 0
    assert both["matcher_consumer_lag_records", labels] == 0


def test_progress_is_that_of_the_worker_for_which_records_wait_longest():
    progress = ("matcher_last_progress_timestamp_seconds", ())
    assert joined(worker(5, 9), worker(8, 9))[progress] == 5
    assert joined(worker(5, 0), worker(8, 9))[progress] == 8
    assert joined(worker(5, 0), worker(8, 0))[progress] == 8


def test_records_of_a_partition_that_cannot_be_read_do_not_wait():
    isolated = worker(5, 9)
    isolated.set(ISOLATED, 41, PARTITION)
    progress = ("matcher_last_progress_timestamp_seconds", ())
    assert joined(isolated, worker(8, 9))[progress] == 8
