"""Several workers beside one: ``matcher run --workers N`` in one group, by the wall clock."""

from collections.abc import Callable
from functools import partial

from benchmarks.compare import OURS, Cost
from benchmarks.kafka import SHARE, Load, raced, served
from benchmarks.plan import Plan
from benchmarks.report import Row, Section
from benchmarks.service import Spent

TITLE = "Workers: `matcher run --workers N`, Kafka → acknowledged alerts"
WORKERS = (1, 2)
_TIME, _CPU = "time", "CPU"


def measure(plan: Plan) -> Section:
    """The section ``workers``."""
    count = plan.kafka_records * 3
    found = raced(plan, Load("lz4", SHARE), count, partial(_contestants, plan), rounds=plan.rounds)
    times = {label: Cost("µs of time") for label in found}
    costs = {label: Cost() for label in found}
    for label, rounds in found.items():
        for spent in rounds:
            times[label].add(1e6 / spent.rate, spent.rate)
            costs[label].add(spent.cpu_micros)
    return Section(
        "workers",
        TITLE,
        f"At least {count:,} records, lz4, {SHARE * 100:g} % match. The broker runs on the same "
        "cores: with as many workers as cores it is the broker that is measured, too. The CPU of "
        "all workers is added up.",
        tuple(_rows(_TIME, times) + _rows(_CPU, costs)),
    )


def _contestants(plan: Plan, topic: str, count: int) -> dict[str, Callable[[], Spent]]:
    return {
        label(number): partial(served, plan, topic, count, workers=number) for number in WORKERS
    }


def label(number: int) -> str:
    """How so many workers are called."""
    return f"{OURS}, {number} worker{'s' if number > 1 else ''}"


def _rows(group: str, costs: dict[str, Cost]) -> list[Row]:
    one = label(1)
    return [
        cost.row(group, name, {one: costs[one]} if name != one else None, ours=True)
        for name, cost in costs.items()
    ]
