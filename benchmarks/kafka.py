"""Kafka → acknowledged alerts: the whole service as a process, beside a bare reader.

Both read one topic of a real Kafka by turns: the reader does nothing with what it reads, the
service writes every alert and commits what is done. At several shares of matching records, and by
codec.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.compare import LEAN, OURS, Cost, alert_rows, compared
from benchmarks.drain import drained
from benchmarks.interleaved import ROOT
from benchmarks.pipeline import group
from benchmarks.plan import LEAN_IS_THERE, Plan
from benchmarks.report import Row, Section
from benchmarks.service import Service, Spent
from tests.brokers.client import KafkaBroker, Message
from tests.faults.load import PARTITIONS

TITLE = "Kafka → acknowledged alerts: the whole service"
DRAIN = "bare drain"
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
        topic = fill(plan, plan.broker, load, count)
        costs = _race(contestants(plan, topic, count), plan.rounds)
        rows += compared(load.group, costs)
        if load.codec == "lz4":
            by_share[load.share] = costs
        plan.broker.delete_topic(topic)
    labels = [label for label in costs if label != DRAIN]
    rows += alert_rows("one alert more, acknowledged", by_share, labels)
    return Section(
        "kafka",
        TITLE,
        f"One process, {count:,} records a topic, one AQL rule, from a real Kafka on the same "
        "machine. The bare drain is aiokafka's `getmany(max_records=500)` with uvloop, which does "
        "nothing with what it reads. CPU is the process's own, from its assignment to the last "
        "commit; the broker's is not in it.",
        tuple(rows),
    )


def contestants(plan: Plan, topic: str, count: int) -> dict[str, Callable[[], Spent]]:
    """Who reads the topic, by label."""

    def served(tree: Path, **settings: object) -> Spent:
        with Service(plan.broker, topic, plan.scratch, tree=tree, settings=settings) as service:
            return service.settled(count)

    found = {DRAIN: lambda: drained(plan.broker.bootstrap, topic, PARTITIONS, count)}
    found[OURS] = partial(served, ROOT)
    if LEAN_IS_THERE:
        found[LEAN] = partial(served, ROOT, input__accounting="lean")
    if plan.against:
        found[plan.against.label] = partial(served, plan.against.path)
    return found


def _race(found: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, Cost]:
    costs = {label: Cost() for label in found}
    for _ in range(rounds):
        for label, run in found.items():
            spent = run()
            costs[label].add(spent.cpu_micros, spent.rate)
    return costs
