"""Kafka → acknowledged alerts: the whole service as a process, beside a bare reader.

Both read one topic of a real Kafka by turns: the reader does nothing with what it reads, the
service writes every alert and commits what is done. At several shares of matching records, and by
codec.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.compare import LEAN, OURS, Cost, alert_rows, compared
from benchmarks.drain import drained
from benchmarks.interleaved import ROOT
from benchmarks.pipeline import group
from benchmarks.plan import LEAN_IS_THERE, Plan
from benchmarks.report import Row, Section
from benchmarks.service import Service, Spent, TooFewRecordsError
from tests.brokers.client import KafkaBroker, Message
from tests.faults.load import PARTITIONS

TITLE = "Kafka → acknowledged alerts: the whole service"
DRAIN = "bare drain"
Contestants = Callable[[str, int], Mapping[str, Callable[[], Spent]]]
"""Gives for a topic, and the number of its records, who reads it, by label."""
SHARE = 0.015
"""What matches where no other share is named."""


@dataclass(frozen=True, slots=True)
class Load:
    """A topic to fill: its codec, and how much of it matches."""

    codec: str
    share: float

    @property
    def group(self) -> str:
        """How its rows are called."""
        return f"{self.codec}, {group(self.share)}"


def loads(plan: Plan) -> list[Load]:
    """The topics: each share with lz4, and each codec with the usual share."""
    found = [Load("lz4", share) for share in plan.kafka_shares]
    return found + [Load(codec, SHARE) for codec in plan.codecs if codec != "lz4"]


def fill(plan: Plan, broker: KafkaBroker, load: Load, count: int) -> str:
    """A topic with that many records."""
    topic = broker.create_topic("bench", PARTITIONS)
    lines = plan.audit_pools.draw(count, load.share)
    messages = (
        Message(line, key=b"%d" % number, partition=number % PARTITIONS)
        for number, line in enumerate(lines)
    )
    broker.produce(topic, messages, **{"compression.type": load.codec})
    return topic


def measure(plan: Plan) -> Section:
    """The section ``kafka``."""
    count = plan.kafka_records
    rows: list[Row] = []
    by_share: dict[float, dict[str, Cost]] = {}
    for load in loads(plan):
        costs = _costs(raced(plan, load, count, partial(contestants, plan), rounds=plan.rounds))
        rows += compared(load.group, costs)
        if load.codec == "lz4":
            by_share[load.share] = costs
    labels = [label for label in costs if label != DRAIN]
    rows += alert_rows("one alert more, acknowledged", by_share, labels)
    return Section(
        "kafka",
        TITLE,
        f"One process, at least {count:,} records a topic, one AQL rule, from a real Kafka on the "
        "same machine. The bare drain is aiokafka's `getmany(max_records=500)` with uvloop, which "
        "does nothing with what it reads. CPU is the process's own, from its assignment to the "
        "last commit; the broker's is not in it.",
        tuple(rows),
    )


def contestants(plan: Plan, topic: str, count: int) -> dict[str, Callable[[], Spent]]:
    """Who reads the topic, by label."""
    found = {DRAIN: lambda: drained(plan.broker.bootstrap, topic, PARTITIONS, count)}
    found[OURS] = partial(served, plan, topic, count)
    if LEAN_IS_THERE:
        found[LEAN] = partial(served, plan, topic, count, settings={"input__accounting": "lean"})
    if plan.against:
        found[plan.against.label] = partial(served, plan, topic, count, tree=plan.against.path)
    return found


def served(
    plan: Plan,
    topic: str,
    count: int,
    *,
    tree: Path = ROOT,
    workers: int = 1,
    settings: Mapping[str, object] | None = None,
) -> Spent:
    """What the service spends on the topic's records. Raises TooFewRecordsError."""
    with Service(
        plan.broker, topic, plan.scratch, tree=tree, workers=workers, settings=settings
    ) as service:
        return service.settled(count)


def raced(
    plan: Plan, load: Load, count: int, contestants: Contestants, *, rounds: int
) -> dict[str, list[Spent]]:
    """What each contestant spent on one topic, round by round. The topic has ``count`` records, or
    as many times two as it takes to measure all of them.
    """
    while True:
        topic = fill(plan, plan.broker, load, count)
        try:
            return _race(contestants(topic, count), rounds)
        except TooFewRecordsError:
            count *= 2
        finally:
            plan.broker.delete_topic(topic)


def _race(found: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, list[Spent]]:
    spent: dict[str, list[Spent]] = {label: [] for label in found}
    for _ in range(rounds):
        for label, run in found.items():
            spent[label].append(run())
    return spent


def _costs(spent: Mapping[str, Sequence[Spent]]) -> dict[str, Cost]:
    costs = {label: Cost() for label in spent}
    for label, rounds in spent.items():
        for one in rounds:
            costs[label].add(one.cpu_micros, one.rate)
    return costs
