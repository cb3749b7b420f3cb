"""What the number of rules costs: one to 10,000 Sigma rules, of few services and of many."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.draw import write_lines
from benchmarks.interleaved import Entry, race
from benchmarks.plan import Plan
from benchmarks.report import Row, Section
from benchmarks.sigma_rules import FEW, MANY, write_given, write_many, write_one

TITLE = "The number of rules: the pipeline alone, on one core"
_SHARE = 0.015
_GIVEN = "SigmaHQ's"


@dataclass(frozen=True, slots=True)
class _RuleSet:
    """A rule set, by the group and the label of its row."""

    group: str
    label: str
    rules: Path
    finds: str = "what all others find"

    def entry(self) -> Entry:
        return Entry(self.name, "pipeline", self.rules, finds=self.finds)

    @property
    def name(self) -> str:
        return f"{self.group}, {self.label}"


def measure(plan: Plan) -> Section:
    """The section ``rules``. Raises LeftOutError without rules or corpus."""
    lines = plan.cloudtrail_pools.draw(plan.records, _SHARE)
    file = write_lines(lines, plan.scratch / "rules.jsonl")
    found = rule_sets(plan)
    given = found[1]
    (costs,) = race([some.entry() for some in found], [file], plan.records, plan.rounds)
    rows: list[Row] = []
    for some in found:
        beside = {} if some is given else {given.label: costs[given.name]}
        rows.append(costs[some.name].row(some.group, some.label, beside, ours=True))
    return Section(
        "rules",
        TITLE,
        "SigmaHQ's rules for CloudTrail, and sets that hold them and variants of them: of *few "
        "services* means that all of them look at the services of the given rules, of *many* that "
        "each variant looks at a service of its own. 1.5 % of the records match one of the given.",
        tuple(rows),
    )


def rule_sets(plan: Plan) -> list[_RuleSet]:
    """One rule, SigmaHQ's rules, and the large sets. Raises LeftOutError."""
    given, into = plan.needed_sigma_rules(), plan.scratch / "rule-sets"
    into.mkdir()
    number = len(sorted(given.glob("*.yml")))
    found = [
        _RuleSet(_GIVEN, "1 rule", write_one(given, into / "one"), finds="of one rule"),
        _RuleSet(_GIVEN, f"{number} rules", write_given(given, into / "given")),
    ]
    for count in plan.rule_counts:
        for services in (FEW, MANY):
            rules = write_many(given, into / f"{services}-{count}", count, services)
            found.append(_RuleSet(services, f"{count:,} rules", rules))
    return found
