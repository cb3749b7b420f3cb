"""What the rules find in a file: values that a worker process can hand over."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from matcher.cli.reading import Portion
from matcher.events.record import RejectReason
from matcher.pipeline.outcome import Counts, RejectedUnit
from matcher.pipeline.process import Pipeline


@dataclass(slots=True)
class Findings:
    """What a stretch of a file gives, in the order of the file.

    ``alerts`` are the bodies of the alerts, ``rejects`` the rows of the file of rejects.
    ``position`` is the number of bytes of the file that have been read.
    """

    position: int
    alerts: list[bytes] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


def examine(pipeline: Pipeline, path: str, portions: Iterable[Portion]) -> Iterator[Findings]:
    """The findings in a file, in the order of its lines, no matter where a portion ends. Raises
    what reading the portions raises.
    """
    for portion in portions:
        yield from _examined(pipeline, path, portion)


def _examined(pipeline: Pipeline, path: str, portion: Portion) -> Iterator[Findings]:
    records = portion.batch.records
    cut = records[-1].offset if portion.cut and records else None
    unread = deque(portion.rejects)
    for part in pipeline.parts(portion.batch):
        found = Findings(portion.position, [alert.body for alert in part.alerts], [], part.counts)
        for unit in part.rejects:
            if unit.record.offset == cut and unit.reject.reason is RejectReason.TRUNCATED:
                # it is the file that is cut, and the file's own reject says so
                found.counts.rejects[str(unit.reject.reason)] -= 1
                continue
            while unread and unread[0].record.offset <= unit.record.offset:
                _add_unread(found, path, unread.popleft())
            found.rejects.append(_row(path, unit))
        yield found
    last = Findings(portion.position)
    for unit in unread:
        _add_unread(last, path, unit)
    yield last


def _add_unread(found: Findings, path: str, unit: RejectedUnit) -> None:
    """Add a reject that the pipeline never saw."""
    found.rejects.append(_row(path, unit))
    found.counts.rejects[str(unit.reject.reason)] += 1


def _row(path: str, unit: RejectedUnit) -> dict[str, Any]:
    return {
        "reason": str(unit.reject.reason),
        "file": path,
        "line": unit.record.offset,
        "index": unit.reject.index,
        "offset": unit.reject.offset,
        "detail": unit.reject.detail,
    }
