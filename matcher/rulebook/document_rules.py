"""The shipped rules as a page for users.

python -m matcher.rulebook.document_rules rules > docs/rules.md
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.rulebook.lints import Lint, lint_rules
from matcher.rulebook.loading import Rulebook, load_rules

_HEAD = """\
# The rules that ship

Made from the files in `rules/` by `make docs`; do not edit it by hand.

| rule | severity | what was seen |
|---|---|---|
"""
_STEPS = ("triage", "investigate", "contain")


def document(rulebook: Rulebook, lints: Sequence[Lint]) -> str:
    """The page: a table of the rules, the most severe first, then a section for each rule."""
    rules = sorted(rulebook.rules, key=lambda rule: (-rule.severity, rule.id))
    table = [
        f"| [{rule.id}](#{_anchor(rule)}) | {rule.severity.label} | {rule.title} |"
        for rule in rules
    ]
    sections = [
        "\n".join(_section(rule, rulebook, [lint for lint in lints if lint.rule_id == rule.id]))
        for rule in rules
    ]
    return _HEAD + "\n".join(table) + "\n\n" + "\n\n".join(sections) + "\n"


def _section(rule: Rule, rulebook: Rulebook, lints: Sequence[Lint]) -> Iterator[str]:
    about = rule.metadata
    tests = [test for test in rulebook.tests if test.rule_id == rule.id]
    positive = sum(test.match for test in tests)
    yield f"## {rule.id}\n\n{rule.title}.\n"
    yield f"* Severity {rule.severity.label}, confidence {rule.confidence}, version {rule.version}"
    yield f"* ATT&CK: {', '.join((*rule.attack.tactics, *rule.attack.techniques)) or 'none'}"
    yield f"* Data: {', '.join(about.get('data_sources', ())) or 'any'}"
    file = Path(rule.file).name
    yield (
        f"* [rules/{file}](../rules/{file}): {positive} tests that it matches, "
        f"{len(tests) - positive} that it does not"
    )
    if "description" in about:
        yield f"\n{about['description'].strip()}"
    yield f"\n```sql\n{rule.source.strip()}\n```"
    if about.get("false_positives"):
        yield from ("\n**False positives**\n", *_list(about["false_positives"]))
    for step in _STEPS:
        if steps := about.get("runbook", {}).get(step):
            yield from (f"\n**{step.capitalize()}**\n", *_list(steps))
    for hunt in about.get("hunting", ()):
        yield f"\n**Hunt: {hunt['name']}**\n\n```sql\n{hunt['query'].strip()}\n```"
    if lints:
        yield "\n**What `matcher check` says of it** ([lints.md](lints.md))\n"
        yield from (f"* `{lint.code}`: {lint.message}" for lint in lints)


def _list(items: Sequence[Any]) -> Iterator[str]:
    yield from (f"* {' '.join(str(item).split())}" for item in items)


def _anchor(rule: Rule) -> str:
    """The anchor of the heading for a rule's id: letters, digits, '-' and '_'."""
    return rule.id.replace(".", "")


def main(paths: Sequence[str]) -> int:
    """Print the page for these rule files or directories."""
    catalogue = Catalogue.load()
    rulebook = load_rules([Path(path) for path in paths], catalogue)
    rulebook.raise_errors()
    sys.stdout.write(document(rulebook, lint_rules(rulebook, catalogue)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["rules"]))
