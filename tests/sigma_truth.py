"""What a rule's tree says of a plain document: written for the events that tests build, which hold
texts, objects and nulls under the names that the rule uses, and nothing of the engine's own.
"""

import json
import re
from ipaddress import ip_address
from typing import Any

from matcher.engine.expression import (
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Exists,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Or,
)

GATE = "devicetype"
KEYWORDS = "keywords"
MISSING = object()


def truth(expression: Expression, document: dict[str, Any]) -> bool:
    """Whether the expression holds. The log source is taken to be the right one."""
    match expression:
        case And(items):
            return all(truth(item, document) for item in items)
        case Or(items):
            return any(truth(item, document) for item in items)
        case Not(item):
            return not truth(item, document)
        case Compare(_, Field(written=name), other):
            return compared(expression, read(document, name), other, document)
        case IsNull(Field(written=name)):
            return read(document, name) in (MISSING, None)
        case Exists(Field(written=name)):
            return read(document, name) is not MISSING
        case _ if expression.operand.written == GATE:
            return True
        case _ if expression.operand.written == KEYWORDS:
            return any(held(expression, text) for text in scalars(document))
        case _:
            return held(expression, read(document, expression.operand.written))


def held(leaf: Any, value: Any) -> bool:
    """Whether a value is what the leaf looks for."""
    if isinstance(value, dict) and isinstance(leaf, Like | Matches):
        value = json.dumps(value, separators=(",", ":"))
    if not isinstance(value, str):
        return False
    match leaf:
        case Among(_, values, _, caseless):
            flags = re.IGNORECASE if caseless else 0
            return any(re.fullmatch(re.escape(str(one)), value, flags) for one in values)
        case Like(_, pattern, caseless, _, escape):
            flags = re.DOTALL | (re.IGNORECASE if caseless else 0)
            return re.fullmatch(regex(pattern, escape), value, flags) is not None
        case Matches(_, pattern, caseless):
            return re.search(pattern, value, re.IGNORECASE if caseless else 0) is not None
        case InNetwork(_, network):
            return bool(re.fullmatch(r"[0-9.]+", value)) and ip_address(value) in network
    raise NotImplementedError(leaf)


def compared(leaf: Compare, value: Any, other: Any, document: dict[str, Any]) -> bool:
    if isinstance(other, Field):
        wanted = read(document, other.written)
        both = isinstance(value, str) and isinstance(wanted, str)
        return both and value.lower() == wanted.lower()
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        return False
    number, limit = int(value), other.value if isinstance(other, Constant) else 0
    return {
        Comparison.GREATER: number > limit,
        Comparison.AT_LEAST: number >= limit,
        Comparison.LESS: number < limit,
        Comparison.AT_MOST: number <= limit,
    }[leaf.operator]


def regex(pattern: str, escape: str) -> str:
    """A LIKE pattern as a regular expression."""
    signs = {"%": ".*", "_": "."}
    return "".join(signs.get(one) or re.escape(one[-1]) for one in pieces(pattern, escape))


def pieces(pattern: str, escape: str) -> list[str]:
    """A LIKE pattern sign by sign, each with its escape."""
    return re.findall(re.escape(escape) + ".|.", pattern, re.DOTALL) if escape else list(pattern)


def read(document: Any, name: str) -> Any:
    """What stands under a path; MISSING where nothing does."""
    for key in name.split("."):
        if not isinstance(document, dict) or key not in document:
            return MISSING
        document = document[key]
    return document


def scalars(node: Any) -> list[str]:
    """Every text in a document."""
    if isinstance(node, dict):
        return [text for inner in node.values() for text in scalars(inner)]
    return [node] if isinstance(node, str) else []
