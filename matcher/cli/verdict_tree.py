"""A rule's decision on one event as a tree: each condition, whether it held, and the value that it
saw.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from matcher.engine.verdict import Verdict
from matcher.events.schema import Event

_LONGEST_SHOWN = 80


def verdict_row(verdict: Verdict, event: Event) -> dict[str, Any]:
    """A verdict as JSON, without the payload."""
    if verdict.parts:
        parts = [verdict_row(part, event) for part in verdict.parts]
        return {"condition": verdict.text, "holds": verdict.holds, "parts": parts}
    seen = {
        name: {"$ref": "payload"} if value == event.payload.text else value
        for name, value in verdict.seen
    }
    return {"condition": verdict.text, "holds": verdict.holds, "seen": seen}


def verdict_tree(verdict: dict[str, Any], depth: int) -> Iterator[Table]:
    """The tree as text, one line for each node. A long line is continued under its text, not under
    its mark.
    """
    mark = ("+ ", "green") if verdict["holds"] else ("- ", "red")
    seen = [f"{name} is {_shown(value)}" for name, value in verdict.get("seen", {}).items()]
    tail = (f"   {', '.join(seen)}", "dim") if seen else ""
    line = Table.grid()
    line.add_row(Text.assemble("  " * depth, mark), Text.assemble(verdict["condition"], tail))
    yield line
    for part in verdict.get("parts", ()):
        yield from verdict_tree(part, depth + 1)


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "$ref" in value:
        return "the event"
    text = "NULL" if value in (None, "") else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
