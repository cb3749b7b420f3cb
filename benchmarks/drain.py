"""A reader that does nothing with what it reads: the yardstick for the service.

Set as measured best (docs/reference/kafka.md, "What reading costs"): ``max_records=500``, fetches
of 1 MiB, uvloop. Run as a program it drains a topic and prints the CPU and wall seconds from the
first record to the last.
"""

import asyncio
import json
import subprocess
import sys
import time

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.service import Spent


def drained(bootstrap: str, topic: str, partitions: int, count: int) -> Spent:
    """What it costs a process of its own to read that many records."""
    command = (sys.executable, "-m", "benchmarks.drain", bootstrap, topic, partitions, count)
    done = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, timeout=300
    )
    cpu, wall = json.loads(done.stdout)
    return Spent(count, cpu, wall)


async def drain(bootstrap: str, topic: str, partitions: int, count: int) -> tuple[float, float]:
    """Read that many records; the CPU and wall seconds it took."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        seen, cpu, wall = 0, time.process_time(), time.perf_counter()
        while seen < count:
            found = await consumer.getmany(timeout_ms=500, max_records=500)
            seen += sum(map(len, found.values()))
        return time.process_time() - cpu, time.perf_counter() - wall
    finally:
        await consumer.stop()


if __name__ == "__main__":
    where, what, *sizes = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        print(json.dumps(loop.run(drain(where, what, *map(int, sizes)))))
