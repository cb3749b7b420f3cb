"""A rule as the text of a rule file in the other language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from textwrap import wrap
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import yaml

from matcher.engine.rule import Attack, Rule
from matcher.errors import UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql.text import aql_statement
from matcher.languages.conversion import (
    Notes,
    SigmaExpression,
    aql_columns,
    aql_expression,
    sigma_expressions,
)
from matcher.languages.sigma.log_sources import log_sources
from matcher.languages.sigma.text import detection
from matcher.rulebook.format import ATTACK_KEYS, STATUSES
from matcher.rulebook.sigma_rules import TACTICS
from matcher.rulebook.values import LONGEST_LINE

_WIDTH = 96
_TACTIC_NAMES = {number: name for name, number in TACTICS.items()}
_CARRIED = ("author", "date", "modified")
_LONGEST_TITLE = 256
"""The most characters that Sigma allows in a title."""


@dataclass(frozen=True, slots=True)
class Converted:
    """One document: its YAML, and how it differs from the original rule."""

    text: str
    notes: tuple[str, ...]


def as_aql(rule: Rule, catalogue: Catalogue) -> Converted:
    """Convert a Sigma rule to a rule file. Raises UnsupportedRule, with the file, for what AQL
    cannot express.
    """
    given = rule.metadata["logsource"]
    sources = log_sources(
        product=given.get("product"), service=given.get("service"), category=given.get("category")
    )
    found = Notes()
    try:
        expression = aql_expression(rule.expression, sources, catalogue, found)
    except UnsupportedRule as error:
        raise error.located(path=rule.file) from None
    columns = aql_columns(rule.columns, sources, catalogue)
    document = {
        "id": _new_id(rule, "aql"),
        "title": _line(rule.title) or rule.id,
        "version": rule.version,
        "status": _status(rule),
        "language": "aql",
        "dialect": "strict",
        "severity": rule.severity.label,
        "description": rule.metadata.get("description"),
        "attack": _attack(rule.attack),
        "false_positives": [one for one in rule.metadata.get("false_positives", ()) if one.strip()],
        "references": [line for line in map(_line, rule.references) if line],
        **_carried(rule),
        "query": aql_statement(expression, columns) + "\n",
        "metadata": {"converted_from": rule.id, **_licence(rule)},
    }
    return Converted(_text(document, rule, found.lines), found.lines)


def as_sigma(rule: Rule, catalogue: Catalogue) -> tuple[Converted, ...]:
    """Convert a rule file's rule to Sigma rules, one for each log source that the rule may match.

    Raises UnsupportedRule, with the file, for what Sigma cannot express.
    """
    operands = tuple(column.operand for column in rule.columns)
    try:
        parts = sigma_expressions(rule.expression, operands, catalogue)
    except UnsupportedRule as error:
        raise error.located(path=rule.file) from None
    return tuple(
        Converted(_text(_sigma(rule, part, len(parts) > 1), rule, part.notes), part.notes)
        for part in parts
    )


def _sigma(rule: Rule, part: SigmaExpression, several: bool) -> dict[str, Any]:
    source = part.source
    behind = f" ({source.name})" if several else ""
    return {
        "title": _line(rule.title, _LONGEST_TITLE - len(behind)) + behind,
        "id": _new_id(rule, source.name),
        "related": _related(rule.id),
        "status": _status(rule),
        "description": rule.metadata.get("description"),
        "references": list(rule.references),
        **_carried(rule),
        "tags": list(_tags(rule.attack)),
        "logsource": {"product": source.product, "service": source.service},
        "detection": detection(part.expression),
        "fields": list(part.fields),
        "falsepositives": [" ".join(t.split()) for t in rule.metadata.get("false_positives", ())],
        "level": rule.severity.label,
    }


def _new_id(rule: Rule, to: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"converted:{rule.id}:{to}"))


def _related(rule_id: str) -> list[dict[str, str]]:
    """The ``related`` entry for the original rule, which Sigma names by UUID only."""
    try:
        return [{"id": str(UUID(rule_id)), "type": "derived"}]
    except ValueError:
        return []


def _status(rule: Rule) -> str | None:
    status = rule.metadata.get("status")
    return status if status in STATUSES else None


def _carried(rule: Rule) -> dict[str, Any]:
    return {key: _day(_line(rule.metadata[key])) for key in _CARRIED if key in rule.metadata}


def _line(text: str, longest: int = LONGEST_LINE) -> str:
    """The text on a single line, cut if it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _day(text: str) -> Any:
    """A date as a value that YAML writes without quotes."""
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text


def _licence(rule: Rule) -> dict[str, Any]:
    return {key: rule.metadata[key] for key in ("license",) if key in rule.metadata}


def _attack(attack: Attack) -> dict[str, list[str]]:
    found = {"tactics": attack.tactics, "techniques": attack.techniques}
    kept = {"tactics": r"TA\d{4}", "techniques": r"T\d{4}(\.\d{3})?"}
    return {
        key: [one for one in found[key] if re.fullmatch(kept[key], one)]
        for key in ATTACK_KEYS
        if found[key]
    }


def _tags(attack: Attack) -> Iterator[str]:
    for tactic in attack.tactics:
        yield f"attack.{_TACTIC_NAMES.get(tactic, tactic.lower())}"
    for technique in attack.techniques:
        yield f"attack.{technique.lower()}"


class _Writer(yaml.SafeDumper):
    """Writes YAML: texts of several lines as blocks, and lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


_QUOTED = re.compile("(?s)-?[0-9]+(?:[.][0-9]+)?[eE][-+]?[0-9]+|.*[\x85\u2028\u2029].*")
"""Texts that must be quoted to be read back unchanged: numbers as we read them which the YAML
writer takes for texts, and line breaks that YAML would replace by others.
"""


def _represented(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _QUOTED.fullmatch(text) else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _represented)


def _text(document: Mapping[str, Any], rule: Rule, notes: tuple[str, ...]) -> str:
    """The document below its notes; keys without a value are left out."""
    kept = {key: value for key, value in document.items() if str(value or "").strip()}
    body = yaml.dump(kept, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=_WIDTH)
    lines = (part for line in _head(rule, notes) for part in _wrapped(line))
    return "".join(f"# {line}\n" for line in lines) + body


def _wrapped(line: str) -> list[str]:
    return wrap(line, _WIDTH, subsequent_indent="  ", break_long_words=False)


def _head(rule: Rule, notes: tuple[str, ...]) -> Iterator[str]:
    yield f"Made by matcher convert from {rule.id}, version {rule.version}, in {rule.language}."
    if notes:
        yield "Where the two may decide otherwise:"
        yield from (f"* {note}" for note in notes)
