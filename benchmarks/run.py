"""The benchmarks: one command, ratios measured in one run, a Markdown table.

``make bench``; ``RECORDS`` and ``ROUNDS`` in the environment change the size. Records are drawn
from the public corpus where ``MATCHER_CORPUS`` names it, else generated. The broker is Apache
Kafka as a process of its own on this machine, so both sides of a ratio share its processors.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from matcher.config import load_settings  # noqa: E402 - the tests' broker is found by the path above
from matcher.events.record import Batch, PlainRecord, TopicPartition  # noqa: E402
from matcher.service.wiring import build_pipeline  # noqa: E402
from tests.brokers.client import KafkaBroker  # noqa: E402
from tests.brokers.jars import KafkaMissingError, find_jars  # noqa: E402
from tests.brokers.real import RealCluster  # noqa: E402
from tests.faults.load import Load, event_lines  # noqa: E402

RECORDS = int(os.environ.get("RECORDS", "200000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SLICE = 500
PARTITIONS = 4


def lines() -> list[bytes]:
    """What is drawn from."""
    corpus = os.environ.get("MATCHER_CORPUS")
    return event_lines(Path(corpus) if corpus else None)


def pipeline_alone(drawn: Sequence[bytes]) -> tuple[float, float]:
    """Seconds of processor time a record, and the share of records that alert."""
    rules = {"rules.paths": ("rules", [str(ROOT / "rules")])}
    pipeline = build_pipeline(load_settings(options=rules).settings)
    place = TopicPartition("benchmark", 0)
    batches = [
        Batch(place, [PlainRecord(n, 1_700_000_000_000, v) for n, v in enumerate(part, start)])
        for start in range(0, len(drawn), SLICE)
        for part in [drawn[start : start + SLICE]]
    ]
    seconds, alerts = [], 0
    for _ in range(ROUNDS):
        begun = time.process_time()
        alerts = sum(len(pipeline.process(batch).alerts) for batch in batches)
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds) / len(drawn), alerts / len(drawn)


def consumed(what: str, settings: dict[str, str]) -> dict[str, float]:
    """One measured process of ``benchmarks/consume.py``, in a consumer group of its own."""
    group = f"{what}-{time.monotonic_ns()}"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MATCHER_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.consume", what, str(RECORDS)],
        env={**inherited, **settings, "MATCHER_INPUT__GROUP": group},
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def beside_a_drain(drawn: list[bytes]) -> dict[str, list[dict[str, float]]]:
    """Rounds of both, one after the other in turn, over one topic of a real broker."""
    with (
        tempfile.TemporaryDirectory() as directory,
        RealCluster(find_jars(), Path(directory)) as cluster,
    ):
        broker = KafkaBroker("real", cluster.bootstrap)
        topic = broker.create_topic("input", PARTITIONS)
        settings = {
            "MATCHER_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap,
            "MATCHER_INPUT__TOPICS": topic,
            "MATCHER_OUTPUT__ALERT_TOPIC": broker.create_topic("alerts", PARTITIONS),
            "MATCHER_OUTPUT__DEAD_LETTER_TOPIC": broker.create_topic("dead-letters"),
            "MATCHER_RULES__PATHS": str(ROOT / "rules"),
        }
        compressed = {"compression.type": "lz4", "linger.ms": 50, "batch.size": 262_144}
        broker.produce(topic, Load(drawn, RECORDS).take(RECORDS), **compressed)
        rounds: dict[str, list[dict[str, float]]] = {"drain": [], "worker": []}
        for _ in range(ROUNDS):
            for what, measured in rounds.items():
                measured.append(consumed(what, settings))
        return rounds


def main() -> None:
    drawn = lines()
    size = statistics.mean(map(len, drawn))
    cost, share = pipeline_alone(drawn)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors; records of {size:.0f}")
    print(f"bytes on average, {share:.1%} of them alert; medians of {ROUNDS} rounds.\n")
    print("| what | records a second | CPU µs a record | beside the bare drain |")
    print("|---|---|---|---|")
    print(f"| pipeline alone, one core | {1 / cost:,.0f} | {cost * 1e6:.1f} | |")
    try:
        rounds = beside_a_drain(drawn)
    except KafkaMissingError as missing:
        print(f"\nNot measured on Kafka: {missing}")
        return
    ratios = [
        drain["seconds"] / worker["seconds"]
        for drain, worker in zip(rounds["drain"], rounds["worker"], strict=True)
    ]
    names = {"drain": "bare aiokafka drain", "worker": "Kafka → alerts, committed"}
    for what, measured in rounds.items():
        seconds = statistics.median(one["seconds"] for one in measured)
        cpu = statistics.median(one["cpu"] for one in measured) / RECORDS
        beside = "1" if what == "drain" else f"{statistics.median(ratios):.2f}"
        if what == "worker":
            beside += f" ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| {names[what]} | {RECORDS / seconds:,.0f} | {cpu * 1e6:.1f} | {beside} |")


if __name__ == "__main__":
    main()
