"""Other engines beside ``matcher scan``: a file of records in, matches out, one core each.

The same CloudTrail records and the same Sigma rules go through each program by turns. CPU time
counts, less that of the same command on one record before and after: start-up and the loading of
rules.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare import OURS, Cost, compared
from benchmarks.draw import write_lines
from benchmarks.plan import Plan
from benchmarks.report import Row, Section
from benchmarks.sigma_rules import FEW, MANY, write_given, write_many, write_one

TITLE = "Beside other engines: a file of records → matches, on one core"
RSIGMA_DAEMON, RSIGMA_EVAL, TENZIR = "rsigma daemon", "rsigma eval", "Tenzir"
_SHARE = 0.015

Command = Callable[[Path, Path], list[str]]


@dataclass(frozen=True, slots=True)
class Engine:
    """A program and how it is called: with a directory of rules and a file of records, which it
    reads itself, or, with ``stdin``, is fed.
    """

    label: str
    command: Command
    stdin: bool = False

    def seconds(self, rules: Path, events: Path) -> float:
        """CPU seconds of one run, pinned to one core. Raises RuntimeError if it fails."""
        core = {max(os.sched_getaffinity(0))}
        with events.open("rb") as fed:
            process = subprocess.Popen(
                self.command(rules, events),
                stdin=fed if self.stdin else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=lambda: os.sched_setaffinity(0, core),  # noqa: PLW1509 - no threads here
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.label} ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime


def engines(plan: Plan) -> list[Engine]:
    """Ours, and those whose programs are there."""
    found = [Engine(OURS, _scan)]
    if plan.rsigma:
        found += [
            Engine(RSIGMA_DAEMON, _rsigma_daemon(plan.rsigma), stdin=True),
            Engine(RSIGMA_EVAL, _rsigma_eval(plan.rsigma)),
        ]
    if plan.tenzir:
        found.append(Engine(TENZIR, _tenzir(plan.tenzir)))
    return found


def _scan(rules: Path, events: Path) -> list[str]:
    scan = [sys.executable, "-m", "matcher", "scan", "--output", "jsonl"]
    return [*scan, "--rules", str(rules), str(events)]


def _rsigma_daemon(program: str) -> Command:
    options = ("--input", "stdin", "--batch-size", "512", "--api-addr", "127.0.0.1:0")
    return lambda rules, _: [program, "engine", "daemon", "-r", str(rules), *options]


def _rsigma_eval(program: str) -> Command:
    return lambda rules, events: [
        *(program, "engine", "eval", "-r", str(rules), "-e", f"@{events}")
    ]


def _tenzir(program: str) -> Command:
    def command(rules: Path, events: Path) -> list[str]:
        state = events.parent / "tenzir"
        pipeline = (
            f'from_file "{events}" {{ read_ndjson }}\nsigma path="{rules}", refresh_interval=1h\n'
            "to_stdout { write_ndjson }"
        )
        directories = f"--state-directory={state}", f"--cache-directory={state}-cache"
        return [program, *directories, pipeline]

    return command


def rule_sets(plan: Plan) -> dict[str, Path]:
    """The rule sets by name, each in a directory of its own."""
    given, into = plan.needed_sigma_rules(), plan.scratch / "peers"
    into.mkdir()
    number = len(sorted(given.glob("*.yml")))
    found = {f"{number} rules": write_given(given, into / "given")}
    if not plan.quick:
        found = {"1 rule": write_one(given, into / "one")} | found
        for services in (FEW, MANY):
            name = f"3,000 rules of {services}"
            found[name] = write_many(given, into / services, 3000, services)
    return found


def measure(plan: Plan) -> Section:
    """The section ``peers``. Raises LeftOutError without rules or corpus."""
    count = plan.peer_records
    lines = plan.cloudtrail_pools.draw(count, _SHARE)
    events = write_lines(lines, plan.scratch / "peers.ndjson")
    one = write_lines(lines[:1], plan.scratch / "one.ndjson")
    found = engines(plan)
    rows: list[Row] = []
    for name, rules in rule_sets(plan).items():
        costs = {engine.label: Cost() for engine in found}
        starts = {engine.label: Cost("s of CPU") for engine in found}
        for engine in found * plan.rounds:
            before, whole, after = (engine.seconds(rules, file) for file in (one, events, one))
            start = (before + after) / 2
            starts[engine.label].add(start)
            costs[engine.label].add((whole - start) / count * 1e6)
        rows += compared(name, costs) + compared(f"{name}, the start", starts)
    return Section("peers", TITLE, _note(lines), tuple(rows), tuple(_missing(plan)))


def _note(lines: list[bytes]) -> str:
    size = sum(map(len, lines)) / len(lines)
    return (
        f"{len(lines):,} public CloudTrail records of {size:,.0f} bytes, {_SHARE * 100:g} % of "
        "which match one of SigmaHQ's rules for AWS. Ours is `matcher scan --output jsonl`; "
        "rsigma's are `engine daemon --input stdin --batch-size 512`, its fastest mode, and "
        "`engine eval`; Tenzir's is `read_ndjson` and `sigma`, told not to read its rules again "
        "every five seconds. What counts is CPU time less that of the same command on one record, "
        "which is *the start*: ours is Python's, and the reading of the rules by pySigma. The "
        "engines do not do quite the same: `matcher scan` also checks every record for what makes "
        "it unacceptable, tells its log source, and writes for each match an alert with the values "
        "that held and where they stand; rsigma and Tenzir write the rule, Tenzir with the event."
    )


def _missing(plan: Plan) -> list[str]:
    missing = []
    if not plan.rsigma:
        missing.append("rsigma (`cargo install rsigma`, then `make bench RSIGMA=its program`)")
    if not plan.tenzir:
        missing.append("Tenzir (`pip install tenzir`, then `make bench TENZIR=its program`)")
    return missing
