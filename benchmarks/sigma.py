"""Sigma at speed, beside other engines in one run: ``python -m benchmarks.sigma``.

200,000 CloudTrail records drawn from ``MATCHER_CORPUS``, about 1.5 % of which match one of
SigmaHQ's 57 AWS rules, go through ``matcher scan`` and through each other engine that is named, by
turns, one core each. CPU time counts, less that of the same command on one record before and
after: start-up and the loading of rules. The rule sets: one rule; the 57; 3,000 that vary their
event names and keep their event sources (*few*); the same with an event source each (*many*).
"""

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.schema import Event
from matcher.rulebook import load_rules

RECORDS = 200_000
MATCHING = 0.015
RULES = 3000
ONE = "aws_cloudtrail_disable_logging.yml"

Command = Callable[[Path, Path], list[str]]


@dataclass(frozen=True, slots=True)
class Engine:
    """A program and how it is called: with a directory of rules and a file of records, which it
    reads itself, or, with ``stdin``, is fed.
    """

    name: str
    command: Command
    stdin: bool = False

    def seconds(self, rules: Path, events: Path) -> float:
        """CPU seconds of one run, pinned to one core."""
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
            raise SystemExit(f"{self.name} ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime


def engines(options: argparse.Namespace) -> list[Engine]:
    """Ours, and those whose programs are named."""
    found = [
        Engine(
            "**matcher scan**",
            lambda rules, events: [
                *(sys.executable, "-m", "matcher", "scan", "--rules", str(rules)),
                *("--output", "jsonl", str(events)),
            ],
        )
    ]
    if options.rsigma:
        found += [
            Engine(
                "rsigma `engine daemon --batch-size 512`",
                lambda rules, _: [
                    *(options.rsigma, "engine", "daemon", "-r", str(rules), "--input", "stdin"),
                    *("--batch-size", "512", "--api-addr", "127.0.0.1:0"),
                ],
                stdin=True,
            ),
            Engine(
                "rsigma `engine eval`",
                lambda rules, events: [
                    *(options.rsigma, "engine", "eval", "-r", str(rules), "-e", f"@{events}")
                ],
            ),
        ]
    if options.tenzir:
        found.append(Engine("Tenzir `read_ndjson`, `sigma`", _tenzir(options.tenzir)))
    return found


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


def draw_events(corpus: Path, rules: Path, count: int) -> list[bytes]:
    """Records of the corpus, drawn so that about MATCHING of them match one of the rules."""
    catalogue = Catalogue.load()
    ruleset = RuleSet(load_rules([rules], catalogue).rules, catalogue.log_source_types)
    matching: list[bytes] = []
    others: list[bytes] = []
    for file in sorted(corpus.glob("cloudtrail__*.jsonl.gz")):
        for line in dict.fromkeys(gzip.decompress(file.read_bytes()).splitlines()):
            (matching if _matches(line, ruleset, catalogue) else others).append(line)
    draw = random.Random(1)  # noqa: S311 - a benchmark's draw is repeatable
    return [draw.choice(matching if draw.random() < MATCHING else others) for _ in range(count)]


def _matches(line: bytes, ruleset: RuleSet, catalogue: Catalogue) -> bool:
    events = (normalize(raw, 0, catalogue) for raw in unwrap(line).events)
    return any(isinstance(event, Event) and ruleset.match(event) for event in events)


def write_rule_sets(rules: Path, into: Path, count: int) -> dict[str, Path]:
    """The rule sets by name, each in a directory of its own."""
    files = sorted(rules.glob("*.yml"))
    texts = {file.name: file.read_text("utf-8") for file in files}
    sets = {"1 rule": {ONE: texts[ONE]}, "57 AWS rules": texts}
    for name, own_source in (("few", False), ("many", True)):
        varied = dict(_varied([yaml.safe_load(t) for t in texts.values()], count, own_source))
        sets[f"{count:,} rules of {name} sources"] = varied
    paths = {}
    for number, (name, contents) in enumerate(sets.items()):
        paths[name] = into / f"rules-{number}"
        paths[name].mkdir()
        for file, text in contents.items():
            (paths[name] / file).write_text(text, "utf-8")
    return paths


def _varied(
    rules: Sequence[dict[str, Any]], count: int, own_source: bool
) -> Iterator[tuple[str, str]]:
    draw = random.Random(2)  # noqa: S311 - as above
    named = [rule for rule in rules if _asks_for_a_name(rule["detection"])]
    for number in range(count):
        given = rules[number] if number < len(rules) else named[number % len(named)]
        rule = json.loads(json.dumps(given, default=str))
        if number >= len(rules):
            _vary(rule["detection"], f"X{number}", own_source)
        rule["id"] = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        rule["title"] = f"{rule['title']} {number}"
        yield f"{number:04}.yml", yaml.safe_dump(rule, sort_keys=False)


def _asks_for_a_name(detection: dict[str, Any]) -> bool:
    """Whether every event that matches has an event name and an event source of the rule's."""
    fields = set(_fields({k: v for k, v in detection.items() if not k.startswith("filter")}))
    return fields >= {"eventName", "eventSource"}


def _fields(node: Any) -> Iterator[str]:
    for item in node if isinstance(node, list) else ():
        yield from _fields(item)
    for key, value in node.items() if isinstance(node, dict) else ():
        yield key.split("|")[0]
        yield from _fields(value)


def _vary(node: Any, suffix: str, own_source: bool) -> None:
    """Give every event name the suffix, and every event source, if it is to be the rule's own."""
    if isinstance(node, list):
        for item in node:
            _vary(item, suffix, own_source)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        field = key.split("|")[0]
        if field == "eventName":
            names = value if isinstance(value, list) else [value]
            node[key] = [f"{name}{suffix}" for name in names]
        elif field == "eventSource" and own_source:
            node[key] = f"service{suffix.lower()}.amazonaws.com"
        else:
            _vary(value, suffix, own_source)


def measure(
    found: Sequence[Engine], sets: dict[str, Path], events: Path, one: Path, rounds: int
) -> Iterator[str]:
    """The lines of a Markdown table: µs of CPU a record, the ratio to ours in the same round."""
    count = sum(1 for _ in events.open("rb"))
    yield "| rules | engine | µs a record (median) | spread | CPU, in ours | start-up, s |"
    yield "|---|---|---|---|---|---|"
    for name, rules in sets.items():
        costs: dict[str, list[float]] = {engine.name: [] for engine in found}
        starts: dict[str, list[float]] = {engine.name: [] for engine in found}
        for _ in range(rounds):
            for engine in found:
                before, whole, after = (engine.seconds(rules, file) for file in (one, events, one))
                starts[engine.name] += (before, after)
                costs[engine.name].append((whole - (before + after) / 2) / count * 1e6)
        ours = costs[found[0].name]
        for engine in found:
            theirs = costs[engine.name]
            ratio = median(their / our for their, our in zip(theirs, ours, strict=True))
            yield (
                f"| {name} | {engine.name} | {median(theirs):.1f} "
                f"| {min(theirs):.1f} to {max(theirs):.1f} | {ratio:.2f} "
                f"| {median(starts[engine.name]):.1f} |"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="benchmarks.sigma", description=__doc__.split("\n")[0])
    parser.add_argument("--rules", type=Path, required=True, help="SigmaHQ's rules for CloudTrail")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which medians are taken")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--made", type=int, default=RULES, help="size of the large rule sets")
    parser.add_argument("--rsigma", help="rsigma's program; left out where it is not named")
    parser.add_argument("--tenzir", help="Tenzir's program; likewise")
    options = parser.parse_args(arguments)
    corpus = Path(os.environ["MATCHER_CORPUS"])
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        lines = draw_events(corpus, options.rules, options.records)
        events, one = directory / "events.ndjson", directory / "one.ndjson"
        events.write_bytes(b"".join(line + b"\n" for line in lines))
        one.write_bytes(lines[0] + b"\n")
        size = events.stat().st_size / len(lines)
        sets = write_rule_sets(options.rules, directory, options.made)
        print(f"{len(lines):,} records of {size:,.0f} bytes; {options.rounds} rounds by turns.\n")
        for row in measure(engines(options), sets, events, one, options.rounds):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
