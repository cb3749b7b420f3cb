"""How long an alert takes, and what a light load costs: records at a steady rate.

At half of what the service manages when the topic is full, and at 6,000 a second: from the record's
time to the moment another consumer has the alert, and the CPU that the service takes meanwhile.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles

from benchmarks.compare import OURS, Cost, compared
from benchmarks.interleaved import ROOT
from benchmarks.kafka import SHARE, Load, raced, served
from benchmarks.paced import AlertWatch, produce
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.service import Service, Spent
from benchmarks.usage import cpu_seconds
from tests.faults.load import PARTITIONS

TITLE = "Latency, and the cost of a light load"
LIGHT = 6000
_WARM_SECONDS = 3


def measure(plan: Plan) -> Section:
    """The section ``latency``."""
    half = _half_load(plan)
    trees = {OURS: ROOT} | ({plan.against.label: plan.against.path} if plan.against else {})
    costs: dict[str, dict[str, Cost]] = defaultdict(dict)
    for _ in range(plan.rounds):
        for name, rate in ((f"{LIGHT:,} a second", LIGHT), ("half load", half)):
            for label, tree in trees.items():
                for what, unit, cost in _steady(plan, tree, rate):
                    found = costs[f"{name}, {what}"].setdefault(label, Cost(unit))
                    found.add(cost, rate)
    rows = [row for group, found in costs.items() for row in compared(group, found)]
    return Section(
        "latency",
        TITLE,
        f"Records at a steady rate, {SHARE * 100:g} % of which match; half load is {half:,} a "
        "second, half of what the service managed here right before with a full topic. An alert's "
        "latency is from its record's time to when another consumer has it, the producer's and the "
        "consumer's own waiting included. The CPU is that of the service, in cores.",
        tuple(rows),
    )


def _half_load(plan: Plan) -> int:
    """Half of the rate at which the service reads a full topic, in whole hundreds."""

    def ours(topic: str, count: int) -> dict[str, Callable[[], Spent]]:
        return {OURS: partial(served, plan, topic, count)}

    (spent,) = raced(plan, Load("lz4", SHARE), plan.kafka_records, ours, rounds=1)[OURS]
    return max(round(spent.rate / 200) * 100, 100)


def _steady(plan: Plan, tree: Path, rate: float) -> list[tuple[str, str, float]]:
    """What, its unit, and how much."""
    broker = plan.broker
    topic = broker.create_topic("steady", PARTITIONS)
    lines = plan.audit_pools.draw(10_000, SHARE)
    with (
        Service(broker, topic, plan.scratch, tree=tree) as service,
        AlertWatch(
            broker.bootstrap, service.alerts, len(broker.partitions(service.alerts)), plan.scratch
        ) as watch,
    ):
        service.wait_assigned()
        warm = produce(broker.bootstrap, topic, lines, rate, _WARM_SECONDS)
        start, cpu = time.time() * 1000, cpu_seconds(service.child.pid)
        sent = produce(broker.bootstrap, topic, lines, rate, plan.steady_seconds)
        service.wait_committed(warm + sent)
        cpu = (cpu_seconds(service.child.pid) - cpu) / plan.steady_seconds
        latencies = watch.latencies(start)
        service.stop()
    broker.delete_topic(topic)
    if len(latencies) < 20:
        raise AssertionError(f"{len(latencies)} alerts are too few for a percentile")
    percentiles = quantiles(latencies, n=100)
    return [
        ("latency p50", "ms", percentiles[49]),
        ("latency p99", "ms", percentiles[98]),
        ("CPU", "cores", cpu),
    ]
