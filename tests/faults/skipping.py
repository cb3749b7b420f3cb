"""The product with a fault: it skips the first records that would have made an alert.

This program only shows that the judge of the fault tests sees such a loss. ``SKIPPED_RECORDS`` is
the number of records to skip.
"""

import os
from collections.abc import Iterator

from matcher.cli.main import main
from matcher.events.record import Batch
from matcher.pipeline.outcome import Outcome
from matcher.pipeline.process import Pipeline

_left = int(os.environ["SKIPPED_RECORDS"])
_parts = Pipeline.parts


def _skipping(pipeline: Pipeline, batch: Batch) -> Iterator[Outcome]:
    global _left  # noqa: PLW0603 - one process, one count
    for record in batch.records:
        parts = list(_parts(pipeline, Batch(batch.input, [record])))
        if _left and any(part.alerts for part in parts):
            _left -= 1
            yield Outcome(done=record.offset)
        else:
            yield from parts


Pipeline.parts = _skipping  # type: ignore[method-assign]
main()
