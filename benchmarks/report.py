"""What a run found: rows of costs by section, as a table and as JSON.

Every row is a *cost* (µs of CPU a record, milliseconds, MiB, …): less is better everywhere. A row's
*speed* beside another one is the other's cost divided by its own: 2 is twice as fast.
"""

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

HEADER = (
    "| what | cost (median) | spread | records a second | speed |",
    "|---|---|---|---|---|",
)


class Figure(msgspec.Struct, frozen=True):
    """A median, and the smallest and the largest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        return cls(median(values), min(values), max(values))


class Speed(msgspec.Struct, frozen=True):
    """How many times as fast as another row of the section, round by round."""

    than: str
    times: Figure


class Row(msgspec.Struct, frozen=True):
    """One line of the table. ``ours`` marks what a plot stresses.

    ``group`` is what the rows that belong side by side have in common, ``label`` the rest; the two
    together are unique in a section. ``rate`` is records a second by the wall clock.
    """

    group: str
    label: str
    unit: str
    cost: Figure
    rate: Figure | None = None
    speeds: tuple[Speed, ...] = ()
    ours: bool = False

    @property
    def name(self) -> str:
        return f"{self.group}: {self.label}" if self.group else self.label

    def markdown(self) -> str:
        """The row as a line of the table."""
        low, high = number(self.cost.low), number(self.cost.high)
        rate = f"{self.rate.median:,.0f}" if self.rate else ""
        speeds = " · ".join(f"{one.times.median:.2f} of {one.than}" for one in self.speeds)
        name = f"**{self.name}**" if self.ours else self.name
        cost = f"{number(self.cost.median)} {self.unit}"
        return f"| {name} | {cost} | {low} to {high} | {rate} | {speeds} |"


class Run(msgspec.Struct, frozen=True):
    """When a section was measured, of which commit, and how thoroughly."""

    date: str
    commit: str
    rounds: int
    quick: bool = False


class Section(msgspec.Struct, frozen=True):
    """What one measurement found; ``left_out`` says why a part of it is missing."""

    name: str
    title: str
    note: str
    rows: tuple[Row, ...] = ()
    left_out: tuple[str, ...] = ()
    run: Run | None = None

    def markdown(self) -> list[str]:
        """Its rows as lines of the table, below a line with its title."""
        return [f"| *{self.title}* | | | | |", *(row.markdown() for row in self.rows)]

    def row(self, group: str, label: str) -> Row | None:
        """The row with these, None where it was not measured."""
        return next((r for r in self.rows if (r.group, r.label) == (group, label)), None)


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    processor: str
    cores: int
    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}"


class Report(msgspec.Struct, frozen=True):
    """Every section that was measured, on one machine. The rows of one section are of one run."""

    schema: Literal["matcher-benchmarks/1"]
    machine: Machine
    sections: tuple[Section, ...] = ()

    def section(self, name: str) -> Section | None:
        """The section with the name, None where it was not measured."""
        return next((one for one in self.sections if one.name == name), None)

    def updated(self, new: "Report", order: Sequence[str]) -> "Report":
        """The report with the new one's sections in place of its own of the same names, sorted as
        ``order`` has them. Where the machine is another one, the new report alone.
        """
        if new.machine != self.machine:
            return new
        by_name = {one.name: one for one in (*self.sections, *new.sections)}
        kept = [by_name[name] for name in order if name in by_name]
        return Report(self.schema, self.machine, tuple(kept))


def number(value: float) -> str:
    """Three digits that count, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def to_json(report: Report) -> bytes:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def from_json(text: bytes) -> Report:
    """The report of such JSON. Raises msgspec.ValidationError."""
    return msgspec.json.decode(text, type=Report)
