"""Does a condition on the log source type hold anywhere?"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from matcher.engine.expression import Constant, Field
from matcher.engine.gate import possible_types
from matcher.engine.rule import Rule
from matcher.engine.verdict import condition, operands
from matcher.events.catalogue import Catalogue
from matcher.events.schema import LogSourceType
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import placed, text_test

_TYPE_PROPERTIES = ("logsourcetypename", "devicetype")


def log_source_types(rule: Rule, catalogue: Catalogue) -> Iterator[Finding]:
    """Conditions that hold for no log source type of a QRadar as delivered, or for no type known
    here.
    """
    for place in placed(rule.expression):
        items = operands(place.leaf)
        if place.negated or not items or not all(_is_type(item) for item in items):
            continue
        test = text_test(place.leaf)
        shown = quoted(test.texts[0]) if test is not None and len(test.texts) == 1 else ""
        at = place_of(shown, rule.source) if shown else None
        for code, whose, types in (
            ("type-not-stock", "a QRadar as it comes", stock_types()),
            ("type-not-ours", f"the profile {catalogue.profile}", catalogue.log_source_types),
        ):
            if not possible_types(place.leaf, types):
                yield Finding(
                    code,
                    f"{condition(place.leaf)} holds for no log source type of {whose}",
                    f"its types are: {_names(types, shown)}",
                    at,
                )


def _names(types: Iterable[LogSourceType], written: str) -> str:
    """The names that share a word with the written name, else all names."""
    words = re.findall(r"[a-z]{4,}", written.lower())
    names = sorted({kind.name for kind in types})
    alike = [name for name in names if any(word in name.lower() for word in words)]
    return ", ".join(alike or names)


def _is_type(item: object) -> bool:
    return isinstance(item, Constant) or (
        isinstance(item, Field) and item.property.name in _TYPE_PROPERTIES
    )


@cache
def stock_types() -> tuple[LogSourceType, ...]:
    """The log source types for clouds that a QRadar has when delivered."""
    text = files("matcher.rulebook.lints").joinpath("stock_types.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(LogSourceType(int(number), name) for number, name in rows)
