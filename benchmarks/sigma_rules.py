"""Sets of Sigma rules of any size, made from SigmaHQ's rules for CloudTrail.

The large sets are those rules and variants of those that ask for an event's name and its source:
*few services* keeps the source and varies the name, as where one busy service has many rules; *many
services* varies both. No variant matches an event that was drawn, so that all sets that hold
SigmaHQ's rules find the same.
"""

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

ONE = "aws_cloudtrail_disable_logging.yml"
FEW, MANY = "few services", "many services"


def write_given(given: Path, into: Path) -> Path:
    """SigmaHQ's rules alone."""
    return _write({file.name: file.read_text("utf-8") for file in _files(given)}, into)


def write_one(given: Path, into: Path) -> Path:
    """One of them."""
    return _write({ONE: (given / ONE).read_text("utf-8")}, into)


def write_many(given: Path, into: Path, count: int, services: str) -> Path:
    """SigmaHQ's rules, and variants of them up to ``count``, of FEW services or of MANY."""
    rules = [yaml.safe_load(file.read_text("utf-8")) for file in _files(given)]
    return _write(dict(_varied(rules, count, services == MANY)), into)


def _files(given: Path) -> list[Path]:
    return sorted(given.glob("*.yml"))


def _write(contents: dict[str, str], into: Path) -> Path:
    into.mkdir()
    for file, text in contents.items():
        (into / file).write_text(text, "utf-8")
    return into


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
