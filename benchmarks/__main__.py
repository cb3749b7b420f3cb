"""``make bench``: how fast the matcher is, beside what it should be compared with, in one run.

Every section puts its contestants side by side by turns in several rounds, and takes medians. CPU
time counts, as other work on the machine changes it little; the wall clock stands beside it. The
ratios are what to compare between machines.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from benchmarks import kafka, latency, memory, peers, pipeline, rules, workers
from benchmarks.against import checked_out
from benchmarks.interleaved import ROOT
from benchmarks.machine import this_machine, this_run
from benchmarks.page import keep
from benchmarks.plan import LeftOutError, Plan
from benchmarks.report import HEADER, Report, Section
from tests.brokers.jars import KafkaMissingError

DOCS, CACHE, README = ROOT / "docs", ROOT / ".cache" / "benchmarks", ROOT / "README.md"
SECTIONS = {
    "pipeline": pipeline,
    "rules": rules,
    "kafka": kafka,
    "workers": workers,
    "latency": latency,
    "memory": memory,
    "peers": peers,
}
"""By name, modules with a ``TITLE`` and ``measure(plan)``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a Markdown table."""
    options = _parser().parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as scratch,
        _plan(options, Path(scratch)) as plan,
    ):
        print("\n".join(HEADER), flush=True)
        run = this_run(plan.rounds, quick=options.quick)
        for name in options.only or SECTIONS:
            section = replace(_measured(name, plan), run=run)
            print("\n".join(section.markdown()), flush=True)
            _keep(section, options)
    return 0


def _keep(section: Section, options: argparse.Namespace) -> None:
    """Write the section where it belongs, at once: a run that is cut off keeps what it has."""
    final = not (options.quick or options.against)
    directory = options.write or (DOCS if final else CACHE)
    report = Report("matcher-benchmarks/1", this_machine(), (section,))
    keep(report, directory, list(SECTIONS), README if directory.resolve() == DOCS else None)


def _measured(name: str, plan: Plan) -> Section:
    """The section, or what of it could not be measured here."""
    try:
        found: Section = SECTIONS[name].measure(plan)
    except (KafkaMissingError, LeftOutError) as missing:
        found = Section(name, SECTIONS[name].TITLE, "", left_out=(str(missing),))
    for reason in found.left_out:
        print(f"{name}: left out: {reason}", file=sys.stderr, flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="about two minutes, coarser")
    parser.add_argument(
        "--only", type=_names, metavar="SECTION[,…]", help=f"of {', '.join(SECTIONS)}"
    )
    parser.add_argument(
        "--against", metavar="TREE", help="a git commit or a directory: that code beside this one"
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help="where the page, the picture and the JSON go: docs, or, for a run that is quick or "
        "against another tree, .cache/benchmarks",
    )
    parser.add_argument("--rounds", type=int, help="rounds, of which medians are taken")
    parser.add_argument("--records", type=int, help="records of one pass through the pipeline")
    parser.add_argument("--kafka-records", type=int, help="records of a topic")
    parser.add_argument("--minutes", type=float, help="of the section memory: 10, quick 0.25")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section {name}: give of {', '.join(SECTIONS)}")
    return names


def _plan(options: argparse.Namespace, scratch: Path) -> Plan:
    quick = options.quick
    return Plan(
        scratch,
        rounds=options.rounds or (2 if quick else 5),
        records=options.records or (10_000 if quick else 40_000),
        kafka_records=options.kafka_records or (50_000 if quick else 200_000),
        kafka_shares=(0.0, 0.015, 0.25) if quick else Plan.kafka_shares,
        codecs=("lz4",) if quick else Plan.codecs,
        rule_counts=(3000,) if quick else Plan.rule_counts,
        peer_records=30_000 if quick else Plan.peer_records,
        steady_seconds=5 if quick else Plan.steady_seconds,
        minutes=options.minutes or (0.25 if quick else Plan.minutes),
        quick=quick,
        corpus=_named("MATCHER_CORPUS"),
        sigma_rules=_named("SIGMA_RULES"),
        rsigma=os.environ.get("RSIGMA") or shutil.which("rsigma"),
        tenzir=os.environ.get("TENZIR") or shutil.which("tenzir"),
        against=checked_out(options.against, scratch) if options.against else None,
    )


def _named(variable: str) -> Path | None:
    found = os.environ.get(variable)
    return Path(found) if found else None


if __name__ == "__main__":
    sys.exit(main())
