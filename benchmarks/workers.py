"""Several workers beside one: ``matcher run --workers N`` in one group, by the wall clock."""

from benchmarks.compare import OURS, Cost
from benchmarks.kafka import SHARE, Load, fill
from benchmarks.plan import Plan
from benchmarks.report import Row, Section
from benchmarks.service import Service, Spent, TooFewRecordsError

TITLE = "Workers: `matcher run --workers N`, Kafka → acknowledged alerts"
WORKERS = (1, 2)
_TIME, _CPU = "time", "CPU"


def measure(plan: Plan) -> Section:
    """The section ``workers``."""
    count = plan.kafka_records * 3
    topic = fill(plan, plan.broker, Load("lz4", SHARE), count)
    times = {number: Cost("µs of time") for number in WORKERS}
    costs = {number: Cost() for number in WORKERS}
    for number in WORKERS * plan.rounds:
        while (spent := _settled(plan, topic, count, number)) is None:
            plan.broker.delete_topic(topic)
            count *= 2
            topic = fill(plan, plan.broker, Load("lz4", SHARE), count)
        times[number].add(1e6 / spent.rate, spent.rate)
        costs[number].add(spent.cpu_micros)
    plan.broker.delete_topic(topic)
    return Section(
        "workers",
        TITLE,
        f"{count:,} records, lz4, {SHARE * 100:g} % match. The broker runs on the same cores: with "
        "as many workers as cores it is the broker that is measured, too. The CPU of all workers "
        "is added up.",
        tuple(_rows(_TIME, times) + _rows(_CPU, costs)),
    )


def _settled(plan: Plan, topic: str, count: int, number: int) -> Spent | None:
    """What the topic's records cost; None if they are too few: one worker may have read them before
    the other has joined.
    """
    with Service(plan.broker, topic, plan.scratch, workers=number) as service:
        try:
            return service.settled(count)
        except TooFewRecordsError:
            return None


def label(number: int) -> str:
    """How so many workers are called."""
    return f"{OURS}, {number} worker{'s' if number > 1 else ''}"


def _rows(group: str, costs: dict[int, Cost]) -> list[Row]:
    one = {label(1): costs[1]}
    return [
        cost.row(group, label(number), one if number > 1 else None, ours=True)
        for number, cost in costs.items()
    ]
