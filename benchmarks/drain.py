"""A reader that does nothing with what it reads: the yardstick for the service.

Set as measured best (docs/reference/kafka.md, "What reading costs"): ``max_records=500``, fetches
of 1 MiB, uvloop.
Run as a program it drains a topic and prints the seconds from the first record to the last.
"""

import asyncio
import subprocess
import sys
import time

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition


def drain_rate(bootstrap: str, topic: str, partitions: int, count: int) -> float:
    """Records a second that a process of its own reads."""
    command = (
        sys.executable,
        "-m",
        "benchmarks.drain",
        bootstrap,
        topic,
        str(partitions),
        str(count),
    )
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return count / float(done.stdout)


async def drain(bootstrap: str, topic: str, partitions: int, count: int) -> float:
    """Read that many records; the seconds it took once the first were there."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        seen, started = 0, time.perf_counter()
        while seen < count:
            found = await consumer.getmany(timeout_ms=500, max_records=500)
            seen += sum(map(len, found.values()))
        return time.perf_counter() - started
    finally:
        await consumer.stop()


if __name__ == "__main__":
    where, what, *sizes = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        print(loop.run(drain(where, what, *map(int, sizes))))
