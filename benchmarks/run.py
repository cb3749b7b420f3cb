"""How fast it is, measured in one run: ``python -m benchmarks.run`` (``make bench``).

Two measurements, each beside something well known of the same kind, by turns in several rounds:

* the pipeline alone, a batch in, an outcome out, beside orjson merely parsing the same records;
* Kafka → alerts, the whole service as a process, beside a bare and well-set aiokafka reader that
  drains the same topic and does nothing with it.

The ratios are what to compare between machines; the absolute numbers are this machine's. Records
are drawn from ``MATCHER_CORPUS``, or generated where it is unset.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.drain import drain_rate
from benchmarks.service import service_rate
from matcher.config import RuleSettings, Settings
from matcher.events.record import Batch, PlainRecord, TopicPartition
from matcher.pipeline.process import Pipeline
from matcher.service.wiring import build_pipeline
from tests.brokers.client import KafkaBroker
from tests.brokers.jars import KafkaMissingError, find_jars
from tests.brokers.real import RealCluster
from tests.faults.load import PARTITIONS, RULES, Load, event_lines

BATCH_RECORDS = 500
PIPELINE_RECORDS = 40_000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: events a second by round, and the row it is compared with."""

    name: str
    rates: Sequence[float]
    beside: "Row | None" = None

    def markdown(self) -> str:
        """The median, the spread, and the median ratio of the rounds."""
        low, high = min(self.rates), max(self.rates)
        ratio = "1"
        if self.beside is not None:
            pairs = zip(self.rates, self.beside.rates, strict=True)
            ratio = f"{median(ours / theirs for ours, theirs in pairs):.2f}"
        return f"| {self.name} | {median(self.rates):,.0f} | {low:,.0f} to {high:,.0f} | {ratio} |"


def measure_pipeline(lines: Sequence[bytes], rounds: int) -> list[Row]:
    """The pipeline and a bare parse, over the same records in memory."""
    messages = Load(lines, PIPELINE_RECORDS).take(PIPELINE_RECORDS)
    records = [
        PlainRecord(offset, 1_760_000_000_000 + offset, message.value)
        for offset, message in enumerate(messages)
    ]
    batches = [
        Batch(TopicPartition("bench", 0), records[at : at + BATCH_RECORDS])
        for at in range(0, len(records), BATCH_RECORDS)
    ]
    pipeline = build_pipeline(Settings(rules=RuleSettings(paths=(RULES,))), print)
    work: list[Callable[[], None]] = [
        lambda: _parse(records),
        lambda: _process(pipeline, batches),
    ]
    for one in work:
        one()
    rates: list[list[float]] = [[], []]
    for _ in range(rounds):
        for one, found in zip(work, rates, strict=True):
            started = time.perf_counter()
            one()
            found.append(len(records) / (time.perf_counter() - started))
    parse = Row("orjson parses each record, nothing else", rates[0])
    return [parse, Row("**the pipeline alone**: batch → alerts", rates[1], parse)]


def _parse(records: Sequence[PlainRecord]) -> None:
    for record in records:
        orjson.loads(record.value or b"")


def _process(pipeline: Pipeline, batches: Sequence[Batch]) -> None:
    for batch in batches:
        pipeline.process(batch)


def measure_kafka(lines: Sequence[bytes], rounds: int, count: int) -> list[Row]:
    """The service and a bare reader, each a process, on one topic of a real Kafka."""
    bare: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with RealCluster(find_jars(), directory / "kafka") as cluster:
            broker = KafkaBroker("real", cluster.bootstrap)
            topic = broker.create_topic("bench", PARTITIONS)
            load = Load(lines, count)
            broker.produce(topic, load.take(count), **{"compression.type": "lz4"})
            for _ in range(rounds):
                bare.append(drain_rate(broker.bootstrap, topic, PARTITIONS, count))
                whole.append(service_rate(broker, topic, count, directory))
    reader = Row("bare aiokafka reader (`max_records=500`)", bare)
    return [reader, Row("**Kafka → alerts**: the service", whole, reader)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are taken")
    parser.add_argument("--records", type=int, default=200_000, help="records in the Kafka topic")
    options = parser.parse_args(arguments)
    corpus = os.environ.get("MATCHER_CORPUS")
    lines = event_lines(Path(corpus) if corpus else None, envelopes=False)
    rows = measure_pipeline(lines, options.rounds)
    try:
        rows += measure_kafka(lines, options.rounds, options.records)
    except KafkaMissingError as missing:
        print(f"Kafka → alerts is left out: {missing}", file=sys.stderr)
    size = sum(map(len, lines)) / len(lines)
    origin = "drawn from the corpus" if corpus else "generated"
    print(
        f"Events {origin}, one a record, {size:,.0f} bytes on average; "
        f"{options.rounds} rounds by turns; Python {platform.python_version()}, "
        f"{os.cpu_count()} cores.\n"
    )
    print("| what | events a second (median) | spread | ratio |")
    print("|---|---|---|---|")
    for row in rows:
        print(row.markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
