"""The pipeline alone: fetched batches in, encoded alerts out, in memory, on one core.

Beside a bare parse, beside the obvious Python, and, where one is named, beside another version of
the code; at several shares of matching records. From the share that matches and the one where
nothing does follows what one alert costs.
"""

from benchmarks.compare import LEAN, OURS, alert_rows, compared
from benchmarks.draw import write_lines
from benchmarks.interleaved import Entry, race
from benchmarks.plan import LEAN_IS_THERE, Plan
from benchmarks.report import Section
from tests.faults.load import RULES

TITLE = "The pipeline alone, on one core: fetched batches → alerts"
SHARES = (0.0, 0.001, 0.015, 0.25)
PARSE, OBVIOUS = "bare parse", "obvious Python"


def measure(plan: Plan) -> Section:
    """The section ``pipeline``."""
    found = entries(plan)
    lines = {share: plan.audit_pools.draw(plan.records, share) for share in SHARES}
    files = [
        write_lines(some, plan.scratch / f"pipeline-{share}.jsonl") for share, some in lines.items()
    ]
    costs = dict(zip(SHARES, race(found, files, plan.records, plan.rounds), strict=True))
    rows = [row for share in SHARES for row in compared(group(share), costs[share])]
    rows += alert_rows(
        "one alert more", costs, [one.label for one in found if one.label not in {PARSE, OBVIOUS}]
    )
    size = sum(map(len, lines[0.015])) / plan.records
    return Section(
        "pipeline",
        TITLE,
        f"One AQL rule, {plan.events} of {size:,.0f} bytes. The bare parse is `orjson.loads` and "
        "nothing else, the obvious Python is orjson, a set and pyahocorasick "
        "(`benchmarks/obvious.py`). The cost of an alert is the slope between no record that "
        f"matches and {SHARES[-1]:.0%} that match.",
        tuple(rows),
    )


def group(share: float) -> str:
    """How a share of matching records is called."""
    return f"{share * 100:g} % match"


def entries(plan: Plan) -> list[Entry]:
    """Who runs: first the yardsticks, then ours, then the other version."""
    found = [
        Entry(PARSE, "parse", RULES, finds="nothing"),
        Entry(OBVIOUS, "obvious", RULES),
        Entry(OURS, "pipeline", RULES),
    ]
    if LEAN_IS_THERE:
        found.append(Entry(LEAN, "lean", RULES))
    if plan.against:
        found.append(Entry(plan.against.label, "pipeline", RULES, plan.against.path))
    return found
