"""The pipeline alone: fetched batches in, encoded alerts out, in memory, on one core.

Beside a bare parse, beside the obvious Python, and, where one is named, beside another version of
the code; at several shares of matching records. From the share that matches and the one where
nothing does follows what one alert costs.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.draw import Pools, write_lines
from benchmarks.interleaved import Contestant, Entry, contestants
from benchmarks.plan import Plan
from benchmarks.report import Cost, Row, Section
from tests.faults.load import RULES

SHARES = (0.0, 0.001, 0.015, 0.25)
PARSE, OBVIOUS, PIPELINE = "bare parse", "obvious Python", "matcher"
ALERT = "one alert more"


def measure(plan: Plan) -> Section:
    """The section ``pipeline``."""
    found = entries(plan)
    lines = drawn(plan.audit_pools, plan)
    files = [
        write_lines(some, plan.scratch / f"pipeline-{number}.jsonl")
        for number, some in enumerate(lines)
    ]
    costs = race(found, files, lines, plan.rounds)
    rows = [
        row for number, share in enumerate(SHARES) for row in _compared(found, costs, number, share)
    ]
    size = sum(map(len, lines[2])) / len(lines[2])
    return Section(
        "pipeline",
        "The pipeline alone, on one core: fetched batches → alerts",
        f"One AQL rule, {plan.events} of {size:,.0f} bytes. The bare parse is `orjson.loads` and "
        "nothing else, the obvious Python is orjson, a set and pyahocorasick "
        "(`benchmarks/obvious.py`). The cost of an alert is the slope between no "
        f"record that matches and {SHARES[-1]:.0%} that match.",
        tuple(rows + _alert_rows(found, costs, len(lines[0]))),
    )


def entries(plan: Plan) -> list[Entry]:
    """Who runs: first the yardsticks, then ours, then the other version."""
    found = [
        Entry(PARSE, "parse", RULES),
        Entry(OBVIOUS, "obvious", RULES),
        Entry(PIPELINE, "pipeline", RULES, ours=True),
    ]
    if plan.against:
        found.append(Entry(plan.against.label, "pipeline", RULES, plan.against.path))
    return found


def drawn(pools: Pools, plan: Plan) -> list[list[bytes]]:
    """The records for each share."""
    return [pools.draw(plan.records, share) for share in SHARES]


Costs = dict[tuple[str, int], Cost]
"""By contestant and by the number of the file."""


def race(
    found: Sequence[Entry], files: Sequence[Path], lines: Sequence[Sequence[bytes]], rounds: int
) -> Costs:
    """Every contestant over every file, by turns. Raises AssertionError where two of them do not
    find the same number of alerts.
    """
    costs: Costs = {(entry.label, n): Cost() for entry in found for n in range(len(files))}
    with contestants(found, files) as running:
        for _ in range(rounds):
            for number, records in enumerate(lines):
                alerts = {
                    one.entry.label: _one_pass(one, number, records, costs) for one in running
                }
                alerts.pop(PARSE, None)
                if len(set(alerts.values())) > 1:
                    raise AssertionError(f"{files[number].name}: they do not agree: {alerts}")
    return costs


def _one_pass(one: Contestant, number: int, records: Sequence[bytes], costs: Costs) -> int:
    done = one.run(number)
    costs[one.entry.label, number].add(done.cpu / len(records) * 1e6, len(records) / done.wall)
    return done.alerts


def _compared(found: Sequence[Entry], costs: Costs, number: int, share: float) -> list[Row]:
    """The rows of one share; ours beside each of the others."""
    group = f"{share * 100:g} % match"
    here = {entry.label: costs[entry.label, number] for entry in found}
    return [
        here[entry.label].row(
            group,
            entry.label,
            {label: cost for label, cost in here.items() if label != entry.label}
            if entry.ours
            else None,
            ours=entry.ours,
        )
        for entry in found
    ]


def _alert_rows(found: Sequence[Entry], costs: Costs, count: int) -> list[Row]:
    """What one alert costs over a record without."""
    share, last = SHARES[-1], len(SHARES) - 1
    slopes: dict[str, Cost] = {}
    for entry in found:
        if entry.which == "pipeline":
            slopes[entry.label] = slope = Cost("µs of CPU an alert")
            alerts = round(count * share) / count
            pairs = zip(costs[entry.label, 0].costs, costs[entry.label, last].costs, strict=True)
            for without, with_alerts in pairs:
                slope.add((with_alerts - without) / alerts)
    others = {label: slope for label, slope in slopes.items() if label != PIPELINE}
    return [
        slope.row(ALERT, label, others if label == PIPELINE else None, ours=label == PIPELINE)
        for label, slope in slopes.items()
    ]
