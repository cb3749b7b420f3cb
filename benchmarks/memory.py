"""Memory at full load over some minutes: the topic is always a little ahead of the service."""

import time
from itertools import count
from statistics import median

from confluent_kafka import Producer

from benchmarks.compare import OURS, Cost
from benchmarks.kafka import SHARE
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.service import Service
from benchmarks.usage import largest_mib
from tests.faults.load import PARTITIONS

TITLE = "Memory at full load"
_AHEAD = 100_000
"""Records that wait to be read, well below what the topic keeps."""
_KEPT = {"retention.bytes": str(256 << 20), "segment.bytes": str(32 << 20)}
_TURN = 1000


def measure(plan: Plan) -> Section:
    """The section ``memory``."""
    broker = plan.broker
    topic = broker.create_topic("memory", PARTITIONS, _KEPT)
    with Service(broker, topic, plan.scratch) as service:
        service.wait_assigned()
        started = time.perf_counter()
        done, sizes = _full_load(plan, service, started + plan.minutes * 60)
        seconds = time.perf_counter() - started
        service.stop()
    broker.delete_topic(topic)
    part = max(len(sizes) // 5, 1)
    found = {
        "in the first fifth": median(sizes[:part]),
        "in the last fifth": median(sizes[-part:]),
        "at most": max(sizes),
    }
    rows = []
    for what, size in found.items():
        cost = Cost("MiB")
        cost.add(size, done / seconds)
        rows.append(cost.row(f"{plan.minutes:g} minutes", f"{OURS}, {what}", ours=True))
    return Section(
        "memory",
        TITLE,
        f"What the service has in memory, {done:,} records long, {SHARE * 100:g} % of which match.",
        tuple(rows),
    )


def _full_load(plan: Plan, service: Service, until: float) -> tuple[int, list[float]]:
    """Feed the service until then: how many records it was given, and its size about every second.
    All of them are committed at the end.
    """
    lines = plan.audit_pools.draw(20_000, SHARE)
    settings = {"bootstrap.servers": plan.broker.bootstrap, "compression.type": "lz4"}
    producer = Producer(settings | {"linger.ms": 20})
    sizes: list[float] = []
    sent, sampled = 0, 0.0
    numbers = count()
    while (now := time.perf_counter()) < until:
        if now - sampled >= 1:
            sizes.append(largest_mib(service.child.pid))
            sampled = now
        if sent - service.committed() > _AHEAD:
            time.sleep(0.05)
            continue
        for _, number in zip(range(_TURN * 10), numbers, strict=False):
            producer.produce(
                service.topic, lines[number % len(lines)], partition=number % PARTITIONS
            )
            if number % _TURN == 0:
                producer.poll(0)
        sent += _TURN * 10
        producer.flush(30)
    service.wait_committed(sent)
    return sent, sizes
