"""The rule file: its keys and their values. ``rules/rule.schema.json`` describes the
same format.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from matcher.engine.rule import Attack, Severity
from matcher.errors import RuleError
from matcher.rulebook.document import Document, is_text, plain
from matcher.rulebook.values import (
    Fields,
    Reader,
    anything,
    line,
    mapping,
    matching,
    one_of,
    several,
    text,
    truth,
    version,
    wrong,
)

FREE_PREFIX = "x-"
"""The prefix of keys that are ignored; they are a place for YAML anchors."""

RESERVED = ("except", "correlation")
"""Keys that are read but not yet evaluated; a rule with such a key has a note that says so."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test inside a rule file: a record, whether the rule matches, and what the rule reports.

    ``single``: the record is one event, not an envelope. ``columns`` holds the expected values by
    alias. ``line`` is the line of ``file`` at which the test begins.
    """

    rule_id: str
    name: str
    record: bytes
    single: bool
    match: bool
    columns: Mapping[str, Any]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The checked contents of a rule file; its query is not compiled yet."""

    document: Document
    values: dict[str, Any]
    nodes: dict[str, yaml.Node]
    tests: tuple[RuleTest, ...]


def read_rule_file(document: Document) -> tuple[RuleFile, list[RuleError]]:
    """The contents of the file, and every error in its keys and values."""
    fields = Fields(document, KEYS, set(REQUIRED))
    values = fields.read(document.root, free=FREE_PREFIX)
    tests = tuple(values.pop("tests", ()))
    return RuleFile(document, values, fields.nodes, tests), fields.errors


def _severity(document: Document, node: yaml.Node) -> Severity:
    label: str = one_of(*SEVERITIES)(document, node)
    return Severity[label.upper()]


def _attack(document: Document, node: yaml.Node) -> Attack:
    fields = Fields(document, ATTACK_KEYS, set())
    values = fields.read(node)
    if fields.errors:
        raise fields.errors[0]
    return Attack(**values)


def _test(document: Document, node: yaml.Node) -> RuleTest:
    fields = Fields(document, TEST_KEYS, {"name", "match"})
    values = fields.read(node)
    if fields.errors:
        raise fields.errors[0]
    if len({"event", "record"} & values.keys()) != 1:
        raise wrong(document, node, "a test has either event or record")
    if values.get("columns") and not values["match"]:
        raise wrong(document, node, "columns are checked where match is true")
    return RuleTest(
        rule_id="",
        name=values["name"],
        record=values["event"] if "event" in values else values["record"],
        single="event" in values,
        match=values["match"],
        columns=values.get("columns", {}),
        file=document.path,
        line=node.start_mark.line + 1,
    )


def _json(document: Document, node: yaml.Node) -> bytes:
    """JSON text unchanged; a YAML mapping or list written as JSON."""
    if is_text(node):
        return text(document, node).encode()
    if isinstance(node, yaml.ScalarNode):
        raise wrong(document, node, "a mapping, or JSON in a text, is due here")
    return json.dumps(plain(node), ensure_ascii=False, separators=(",", ":")).encode()


SEVERITIES = tuple(severity.label for severity in Severity)
CONFIDENCES = ("low", "medium", "high")
STATUSES = ("stable", "test", "experimental", "deprecated")

KEYS: dict[str, Reader] = {
    "id": matching(r"[a-z0-9][a-z0-9._-]{0,99}", "an id of a-z, 0-9, '.', '_' and '-'"),
    "title": line,
    "version": version,
    "status": one_of(*STATUSES),
    "language": one_of("aql"),
    "dialect": one_of("compat", "strict"),
    "severity": _severity,
    "confidence": one_of(*CONFIDENCES),
    "description": text,
    "attack": _attack,
    "data_sources": several(line),
    "false_positives": several(text),
    "references": several(line),
    "author": line,
    "date": line,
    "modified": line,
    "query": text,
    "tests": several(_test),
    "except": anything,
    "correlation": anything,
    "runbook": anything,
    "hunting": anything,
    "metadata": mapping,
}
"""The keys of a rule file."""

REQUIRED = ("id", "title", "version", "severity", "query")

ATTACK_KEYS: dict[str, Reader] = {
    "tactics": several(matching(r"TA\d{4}", "a tactic such as TA0002")),
    "techniques": several(matching(r"T\d{4}(\.\d{3})?", "a technique such as T1059.009")),
}

TEST_KEYS: dict[str, Reader] = {
    "name": line,
    "event": _json,
    "record": _json,
    "match": truth,
    "columns": mapping,
}
