"""Runs one record through the shipped rules and prints the cost: the peak memory, and how often the
caller got control back.

This is a program of its own, so that the peak is the peak of this record alone.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from matcher.config import Settings  # noqa: E402 - after the path
from matcher.events.record import Batch, PlainRecord, TopicPartition  # noqa: E402
from matcher.service.wiring import build_pipeline  # noqa: E402


def _peak_mib() -> float:
    """The peak since the program began. ``ru_maxrss`` would also count the process that started the
    program.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def main(path: str) -> None:
    settings = Settings(rules={"paths": [ROOT / "rules"]})
    pipeline = build_pipeline(settings, lambda _text: None)
    record = PlainRecord(1, 0, Path(path).read_bytes())
    parts, events, rejects = 0, 0, set()
    for part in pipeline.parts(Batch(TopicPartition("t", 0), [record])):
        parts += 1
        events += part.counts.events.total()
        rejects |= set(part.counts.rejects)
    peak = _peak_mib()
    print(  # noqa: T201 - its result
        json.dumps({"peak": peak, "parts": parts, "events": events, "rejects": sorted(rejects)})
    )


if __name__ == "__main__":
    main(sys.argv[1])
