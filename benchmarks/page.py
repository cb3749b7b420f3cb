"""Where a report is kept: the page and the picture of the documentation, and the README's part."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.plot import draw
from benchmarks.report import HEADER, Report, Section, from_json, number, to_json

JSON, PAGE, PICTURE = "benchmarks.json", "benchmarks.md", "benchmarks.svg"
_PART = re.compile(
    r"(<!-- benchmarks: made by make bench -->\n).*?(<!-- /benchmarks -->)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Headline:
    """One line of the README's table: a row's speed beside another row, or its cost."""

    text: str
    section: str
    group: str
    label: str
    than: str | None = None

    def line(self, report: Report) -> str | None:
        """The line; None where it was not measured."""
        section = report.section(self.section)
        row = section.row(self.group, self.label) if section else None
        if row is None:
            return None
        if self.than is None:
            return f"| {self.text} | {number(row.cost.median)} {row.unit} |"
        speeds = {speed.than: speed.times.median for speed in row.speeds}
        if self.than not in speeds:
            return None
        return f"| {self.text} | {speeds[self.than]:.2f} times as fast |"


HEADLINES = (
    Headline(
        "the pipeline alone, beside a bare `orjson.loads` of each record",
        *("pipeline", "1.5 % match", "matcher", "bare parse"),
    ),
    Headline(
        "the pipeline alone, beside the obvious Python (orjson, a set, pyahocorasick)",
        *("pipeline", "1.5 % match", "matcher", "obvious Python"),
    ),
    Headline(
        "Kafka → acknowledged alerts, beside a reader that does nothing",
        *("kafka", "lz4, 1.5 % match", "matcher", "bare drain"),
    ),
    Headline(
        "the same with lean accounting",
        *("kafka", "lz4, 1.5 % match", "matcher, lean", "bare drain"),
    ),
    Headline(
        "full accounting, where 25 % of the records match",
        *("kafka", "lz4, 25 % match", "matcher", "bare drain"),
    ),
    Headline(
        "one alert more, made and acknowledged",
        *("kafka", "one alert more, acknowledged", "matcher"),
    ),
    Headline(
        "3,000 rules of a few busy services, beside 57 rules",
        *("rules", "few services", "3,000 rules", "57 rules"),
    ),
    Headline(
        "57 Sigma rules over a file, beside rsigma's daemon",
        *("peers", "57 rules", "matcher", "rsigma daemon"),
    ),
    Headline(
        "3,000 Sigma rules of a few busy services, beside rsigma's daemon",
        *("peers", "3,000 rules of few services", "matcher", "rsigma daemon"),
    ),
    Headline(
        "two workers on the two cores that the broker shares, beside one",
        *("workers", "time", "matcher, 2 workers", "matcher, 1 worker"),
    ),
    Headline(
        "record → alert, 99 of 100, at half load",
        *("latency", "half load, latency p99", "matcher"),
    ),
    Headline("CPU at 6,000 events a second", *("latency", "6,000 a second, CPU", "matcher")),
    Headline("memory at full load, at most", *("memory", "10 minutes", "matcher, at most")),
)


def kept(directory: Path) -> Report | None:
    """The report that is kept there, None where there is none of this schema."""
    try:
        return from_json((directory / JSON).read_bytes())
    except (FileNotFoundError, msgspec.ValidationError):
        return None


def keep(report: Report, directory: Path, order: Sequence[str], readme: Path | None = None) -> None:
    """Write the report into the directory: JSON, page and picture; sections that were kept there
    and were not measured this time stay. The README's part is written anew where one is given.
    """
    directory.mkdir(parents=True, exist_ok=True)
    before = kept(directory)
    report = before.updated(report, order) if before else report
    (directory / JSON).write_bytes(to_json(report))
    (directory / PICTURE).write_text(draw(report), "utf-8")
    (directory / PAGE).write_text(page(report), "utf-8")
    if readme is not None:
        text = _PART.sub(
            lambda found: found[1] + summary(report) + found[2], readme.read_text("utf-8")
        )
        readme.write_text(text, "utf-8")


def summary(report: Report) -> str:
    """The README's part: the headlines as a table."""
    lines = [line for one in HEADLINES if (line := one.line(report))]
    return "\n".join((f"On {report.machine}:", "", "| what | result |", "|---|---|", *lines, ""))


def page(report: Report) -> str:
    """The page ``docs/benchmarks.md``."""
    return "\n".join((*_head(report), *(line for one in report.sections for line in _section(one))))


def _head(report: Report) -> Iterator[str]:
    yield "# How fast"
    yield ""
    yield (
        "Written by `make bench`; do not edit. The numbers are those of one machine "
        f"({report.machine}), and the ratios are what counts: the contestants of a section take "
        "turns in one run, every number is the median of its rounds, and a ratio is the median of "
        "the rounds' ratios. CPU is process time, the system's included. A *speed* is the other "
        "one's cost divided by ours: 2 is twice as fast."
    )
    yield ""
    yield f"![Costs beside each other, shorter is better]({PICTURE})"
    yield ""
    yield (
        "Repeat a part of it by `make bench ONLY=pipeline`, coarsely and in about two minutes by "
        "`make bench QUICK=1`, and beside another commit in the same run by "
        f"`make bench ONLY=pipeline AGAINST=commit`. [{JSON}]({JSON}) has the same numbers."
    )
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    if section.note:
        yield section.note
        yield ""
    if section.rows:
        yield from (*HEADER, *(row.markdown() for row in section.rows), "")
    for reason in section.left_out:
        yield f"Left out: {reason}."
        yield ""
    if section.run:
        quick = ", a quick run" if section.run.quick else ""
        date, commit, rounds = section.run.date, section.run.commit, section.run.rounds
        yield f"Measured on {date} at commit {commit}, {rounds} rounds{quick}."
        yield ""
