"""One contestant of the pipeline's race, a program of its own: ``interleaved.py`` starts several.

It is run by its path and imports ``matcher`` from whatever tree stands first on PYTHONPATH, so the
same program measures another version of the code. Arguments: the contestant (``parse``,
``obvious``, ``pipeline``, ``lean``), the rules, and the files of records. Each line that it reads
is the number of a file; its answer is a line of JSON, the CPU and wall seconds of one pass over
that file and how many alerts it made.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import orjson

BATCH_RECORDS = 500
"""What one fetch brings: ``input.max_records``."""

Work = Callable[[], int]
"""One pass over all records; returns the number of alerts."""


def parsing(lines: Sequence[bytes]) -> Work:
    """Orjson parses each record, and nothing else."""

    def work() -> int:
        for line in lines:
            orjson.loads(line)
        return 0

    return work


def detecting(lines: Sequence[bytes]) -> Work:
    """The obvious Python."""
    from benchmarks.obvious import detect  # noqa: PLC0415 - not there in another tree

    return lambda: sum(detect(line) is not None for line in lines)


def matching(rules: Path, *, lean: bool) -> Callable[[Sequence[bytes]], Work]:
    """The pipeline of the tree at hand: fetched batches in, encoded alerts out."""
    from matcher.config import RuleSettings, Settings  # noqa: PLC0415 - the tree's own
    from matcher.events.record import Batch, PlainRecord, TopicPartition  # noqa: PLC0415
    from matcher.service.wiring import build_pipeline  # noqa: PLC0415

    pipeline = build_pipeline(Settings(rules=RuleSettings(paths=(rules,))), _ignore)
    if lean:
        # not there in every tree
        pipeline = import_module("matcher.pipeline.lean").LeanPipeline(pipeline)
    place = TopicPartition("bench", 0)

    def over(lines: Sequence[bytes]) -> Work:
        records = [
            PlainRecord(offset, 1_760_000_000_000 + offset, line)
            for offset, line in enumerate(lines)
        ]
        batches = [
            Batch(place, records[at : at + BATCH_RECORDS])
            for at in range(0, len(records), BATCH_RECORDS)
        ]

        def work() -> int:
            return sum(
                sum(1 for alert in pipeline.process(batch).alerts if alert.body)
                for batch in batches
            )

        return work

    return over


def _ignore(_warning: str) -> None:
    """A rule that has no effect is nothing to a benchmark."""


def main(which: str, rules: str, *files: str) -> None:
    """Load, say so, and answer until the input ends."""
    lines = [Path(file).read_bytes().splitlines() for file in files]
    if which in {"pipeline", "lean"}:
        over = matching(Path(rules), lean=which == "lean")
        works = [over(some) for some in lines]
    else:
        works = [(parsing if which == "parse" else detecting)(some) for some in lines]
    # as the service does: what was loaded is no garbage, and most of what comes dies young
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    print(json.dumps({"matcher": getattr(sys.modules.get("matcher"), "__file__", None)}))
    sys.stdout.flush()
    for asked in sys.stdin:
        work = works[int(asked)]
        cpu, wall = time.process_time(), time.perf_counter()
        alerts = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(json.dumps({"cpu": cpu, "wall": wall, "alerts": alerts}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
