"""The table of aliases: conditions, and records that satisfy them or do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from sigma.rule import SigmaRule

TABLE = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "sigma-aliases.yml").read_text("utf-8")
)


def alias_selections() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each condition of the table with its log source."""
    for group in TABLE:
        for case in group["cases"]:
            yield group["source"], case["when"]


def sigma_rule(source: str, selection: dict[str, Any], condition: str = "selection") -> SigmaRule:
    """A rule for a log source (``azure/auditlogs``; ``azure`` for all of the product)."""
    product, _, service = source.partition("/")
    logsource = {"product": product, "service": service} if service else {"product": product}
    detection = {"selection": selection, "condition": condition}
    return SigmaRule.from_dict({"title": "T", "logsource": logsource, "detection": detection})
