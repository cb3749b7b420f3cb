"""Joins the numbers of several workers to the numbers of one service. Pure.

The Prometheus client's own multiprocess mode is not used: it cannot drop a series (a partition that
went to another worker would count twice), has no numbers of the process, and keeps a file for each
process that somebody must clear away.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from matcher.metrics import CATALOGUE, ISOLATED, LAG_RECORDS, LAST_PROGRESS
from matcher.service.exposition import Family, Labels, Sample, Snapshot

_Series = tuple[str, Labels]

_JOIN: dict[str, Callable[[float, float], float]] = {
    "sum": lambda one, other: one + other,
    "max": max,
    "min": min,
}
_JOINED: dict[str, Literal["sum", "max", "min"]] = {
    **{metric.name: metric.joined for metric in CATALOGUE if metric.kind == "gauge"},
    "process_max_fds": "min",
    "process_start_time_seconds": "min",
    "python_info": "max",
}


def join(running: Sequence[Snapshot], ended: Iterable[Snapshot] = ()) -> Snapshot:
    """The numbers of all workers together.

    Counters and histograms are added, including those of ``ended`` workers, so that a counter never
    goes back. No gauge of an ended worker counts. :attr:`matcher.metrics.Metric.joined` says how
    the values of a gauge become one value. Memory is added as the kernel reports it, so memory
    pages that workers share count once for each worker.
    """
    counting = _with_the_progress_that_counts(running)
    counting += [tuple(filter(_only_grows, snapshot)) for snapshot in ended]
    families: dict[str, Family] = {}
    series: dict[str, dict[_Series, float]] = {}
    for family in (family for snapshot in counting for family in snapshot):
        families.setdefault(family.name, family)
        values = series.setdefault(family.name, {})
        together = _JOIN[_JOINED.get(family.name, "sum")]
        for sample in family.samples:
            at = (sample.name, sample.labels)
            values[at] = together(values[at], sample.value) if at in values else sample.value
    return tuple(
        Family(
            name,
            family.kind,
            family.help,
            tuple(Sample(*at, value) for at, value in series[name].items()),
        )
        for name, family in families.items()
    )


def _only_grows(family: Family) -> bool:
    return family.kind in ("counter", "histogram")


def _with_the_progress_that_counts(running: Sequence[Snapshot]) -> list[Snapshot]:
    """The snapshots, in which only the workers for which records wait keep their time of progress.
    If no records wait for any worker, the newest time counts. A worker without a partition makes no
    progress, and this is no reason for an alarm.
    """
    counting = list(filter(_records_wait, running)) or sorted(running, key=_progress)[-1:]
    ids = set(map(id, counting))
    return [
        snapshot
        if id(snapshot) in ids
        else tuple(family for family in snapshot if family.name != LAST_PROGRESS.name)
        for snapshot in running
    ]


def _progress(snapshot: Snapshot) -> float:
    families = (family for family in snapshot if family.name == LAST_PROGRESS.name)
    return max((sample.value for family in families for sample in family.samples), default=0.0)


def _records_wait(snapshot: Snapshot) -> bool:
    """Whether a partition that can be read holds records for this worker."""
    samples = {family.name: family.samples for family in snapshot}
    isolated = {sample.labels for sample in samples.get(ISOLATED.name, ())}
    return any(
        sample.value > 0 and sample.labels not in isolated
        for sample in samples.get(LAG_RECORDS.name, ())
    )
