"""Records at a steady rate, and when their alerts could be read.

Run as a program it reads an alert topic to its end of time and prints, a line an alert, the time of
the alert's record and the time at which the alert was there, in epoch milliseconds.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.interleaved import ROOT
from tests.faults.load import PARTITIONS

_TURN_SECONDS = 0.002


def produce(bootstrap: str, topic: str, lines: Sequence[bytes], rate: float, seconds: float) -> int:
    """Write the lines over and over, ``rate`` a second for so long; returns how many."""
    settings = {"bootstrap.servers": bootstrap, "linger.ms": 1, "compression.type": "lz4"}
    producer = Producer(settings | {"queue.buffering.max.messages": 1_000_000})
    sent, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        for number in range(sent, int(elapsed * rate)):
            line, place = lines[number % len(lines)], number % PARTITIONS
            producer.produce(topic, line, partition=place, timestamp=round(time.time() * 1000))
        sent = max(sent, int(elapsed * rate))
        producer.poll(0)
        time.sleep(_TURN_SECONDS)
    if producer.flush(30):
        raise AssertionError("the broker did not take the records")
    return sent


class AlertWatch:
    """Reads an alert topic in a process of its own. A context manager."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, scratch: Path) -> None:
        self._seen = scratch / f"{topic}.seen"
        with self._seen.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.paced", bootstrap, topic, str(partitions)],
                stdout=output,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()

    def latencies(self, after: float) -> list[int]:
        """Milliseconds from record to readable alert, of the records from that time on (epoch
        milliseconds).
        """
        pairs = (line.split() for line in self._seen.read_text("ascii").splitlines())
        return [int(there) - int(record) for record, there in pairs if int(record) >= after]


def _watch(bootstrap: str, topic: str, partitions: int) -> None:
    settings = {"bootstrap.servers": bootstrap, "group.id": "watch", "fetch.wait.max.ms": 5}
    consumer = Consumer(settings | {"enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    while True:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            there = round(time.time() * 1000)
            print(json.loads(message.value() or b"null")["event"]["starttime"], there)


if __name__ == "__main__":
    _watch(sys.argv[1], sys.argv[2], int(sys.argv[3]))
