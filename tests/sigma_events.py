"""For every Sigma rule events that satisfy it, and near-misses that do not, built from its tree.

``python -m tests.sigma_events OUT.ndjson [PRODUCT]`` writes those of the public rules (those beside
``MATCHER_CORPUS``) of one product, an event a line, for other engines to judge; beside it
``OUT.expected.jsonl`` says line by line which rule it was built for and whether it satisfies it.

The expectation does not come from the engine: a rule's tree is decided by :func:`truth`, which
knows nothing but the plain texts and objects that are built here.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import find, settings
from hypothesis import strategies as st

from matcher.engine.expression import (
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
    leaves,
)
from matcher.engine.patterns import like_runs
from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.rulebook import load_rules
from tests.sigma_documents import BASES, drop, get, put
from tests.sigma_truth import GATE, pieces, truth

MOST_WAYS = 80


@dataclass(frozen=True)
class Made:
    """An event built for a rule. ``how`` says which way, and what was broken in it."""

    rule: Rule
    how: str
    document: dict[str, Any]
    satisfies: bool


@dataclass(frozen=True)
class Demand:
    """What a leaf is to give, and which of its values is to make it hold."""

    leaf: Any
    holds: bool
    pick: int

    @property
    def name(self) -> str:
        operand = self.leaf.left if isinstance(self.leaf, Compare) else self.leaf.operand
        return operand.written


def events_for(rule: Rule) -> Iterator[Made]:
    """Events that satisfy the rule, every alternative and value in one of them at least, each
    followed by its near-misses; no event twice.
    """
    seen = set()
    for made in _events(rule):
        text = json.dumps(made.document)
        if text not in seen:
            seen.add(text)
            yield made


def _events(rule: Rule) -> Iterator[Made]:
    for pick in range(min(MOST_WAYS, _width(rule.expression))):
        wanted = demands(rule.expression, holds=True, pick=pick)
        document = deepcopy(_base(rule))
        fulfil(document, wanted)
        if not truth(rule.expression, document):
            continue
        yield Made(rule, f"way {pick}", document, satisfies=True)
        for what, broken in _broken(rule.expression, document, wanted, pick):
            if not truth(rule.expression, broken):
                yield Made(rule, f"way {pick}, {what}", broken, satisfies=False)


def _base(rule: Rule) -> dict[str, Any]:
    gates = [leaf for leaf in leaves(rule.expression) if Demand(leaf, True, 0).name == GATE]  # noqa: FBT003
    return BASES[int(str(gates[0].values[0]))]


def _width(expression: Expression) -> int:
    """The most alternatives at one place."""
    match expression:
        case And(items) | Or(items):
            return max(len(items), *map(_width, items))
        case Not(item):
            return _width(item)
        case Among(_, values):
            return len(values)
        case _:
            return 1


def demands(expression: Expression, *, holds: bool, pick: int) -> list[Demand]:
    """What leaves must give so that the expression holds, or does not."""
    match expression:
        case Not(item):
            return demands(item, holds=not holds, pick=pick)
        case And(items) | Or(items):
            every = isinstance(expression, And) is holds
            chosen = items if every else [items[pick % len(items)]]
            return [one for item in chosen for one in demands(item, holds=holds, pick=pick)]
        case _:
            return [Demand(expression, holds, pick)]


def fulfil(document: dict[str, Any], wanted: list[Demand]) -> None:
    """Give the document what is demanded of it."""
    by_name: dict[str, list[Demand]] = {}
    for one in wanted:
        if one.name != GATE and (one.holds or isinstance(one.leaf, IsNull)):
            by_name.setdefault(one.name, []).append(one)
    for name, several in sorted(by_name.items(), key=lambda item: item[0].count(".")):
        if any(isinstance(one.leaf, IsNull) and one.holds for one in several):
            drop(document, name)
            continue
        several.sort(key=_order)
        texts = [example(one) for one in several]
        exact = [t for t, one in zip(texts, several, strict=True) if isinstance(one.leaf, Among)]
        put(document, name, exact[0] if exact else " ".join(dict.fromkeys(texts)))
        if isinstance(several[0].leaf, Compare) and isinstance(several[0].leaf.right, Field):
            put(document, several[0].leaf.right.written, texts[0])


def _order(demand: Demand) -> int:
    """Beginnings first, ends last."""
    pattern = demand.leaf.pattern if isinstance(demand.leaf, Like) else "%%"
    return pattern.startswith("%") - pattern.endswith("%")


def example(demand: Demand) -> str:
    """A text for which the leaf holds."""
    match demand.leaf:
        case Among(_, values):
            return str(values[demand.pick % len(values)])
        case Like(_, pattern, _, _, escape):
            signs = {"%": "~", "_": "x"}
            return "".join(signs.get(one) or one[-1] for one in pieces(pattern, escape))
        case Matches(_, pattern, caseless):
            flags = re.IGNORECASE if caseless else 0
            strategy = st.from_regex(
                re.compile(pattern, flags),
                alphabet=st.characters(min_codepoint=32, max_codepoint=126),
            )
            quiet = settings(database=None, derandomize=True)
            return find(strategy, bool, settings=quiet)
        case InNetwork(_, network):
            return str(network[-1])
        case Compare(operator, _, Constant(value)):
            step = {Comparison.GREATER: 1, Comparison.LESS: -1}.get(operator, 0)
            return str(value + step)
        case _:
            return "some text"


def _broken(
    expression: Expression, document: dict[str, Any], wanted: list[Demand], pick: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one thing wrong in it, each need in turn."""
    for one in wanted:
        if one.name == GATE or not one.holds or isinstance(one.leaf, IsNull):
            continue
        for what, changed in _changes(one, document):
            yield f"{one.name} {what}", changed
    for sub in _excluded(expression):
        changed = deepcopy(document)
        fulfil(changed, demands(sub, holds=True, pick=pick))
        yield "what is excluded added", changed


def _changes(demand: Demand, document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = demand.name
    dropped = deepcopy(document)
    drop(dropped, name)
    yield "dropped", dropped
    held = get(document, name)
    for what, value in (
        ("altered", "none of it"),
        ("null", None),
        ("empty", ""),
        ("one letter changed", _misspelt(demand, held)),
        ("cut short", held[:-1]),
        ("with more behind", f"{held}s"),
        ("with more before", f"s{held}"),
    ):
        changed = deepcopy(document)
        put(changed, name, value)
        yield what, changed


def _misspelt(demand: Demand, held: str) -> str:
    """The text with one letter of what is looked for another."""
    runs = [held]
    if isinstance(demand.leaf, Like):
        runs = like_runs(demand.leaf.pattern, demand.leaf.escape)
    run = max(runs, key=len, default="")
    letters = [at for at, sign in enumerate(run) if sign.isalnum()]
    if not letters or run not in held:
        return "none of it"
    at = letters[len(letters) // 2]
    other = "q" if run[at].lower() != "q" else "w"
    return held.replace(run, run[:at] + other + run[at + 1 :])


def _excluded(expression: Expression) -> list[Expression]:
    match expression:
        case Not(item):
            return [item]
        case And(items) | Or(items):
            return [one for item in items for one in _excluded(item)]
        case _:
            return []


def public_rules(corpus: Path) -> tuple[Rule, ...]:
    """SigmaHQ's AWS and Azure rules, which stand beside the corpus."""
    book = load_rules([corpus.parent / "sigma"], Catalogue.load())
    book.raise_errors()
    return book.rules


def main(out: str, product: str = "aws") -> int:
    """Write the events and what is expected of them."""
    rules = public_rules(Path(os.environ["MATCHER_CORPUS"]).resolve())
    path = Path(out)
    expected = path.with_suffix(".expected.jsonl")
    with path.open("w", encoding="utf-8") as events, expected.open("w", encoding="utf-8") as told:
        for rule in rules:
            if rule.metadata["logsource"].get("product") != product:
                continue
            for made in events_for(rule):
                events.write(json.dumps(made.document) + "\n")
                line = {"rule": rule.id, "how": made.how, "satisfies": made.satisfies}
                told.write(json.dumps(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
