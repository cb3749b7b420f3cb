"""Which series a PromQL text reads, and which of them somebody gives."""

from collections.abc import Iterator
from typing import Any

import promql_parser

from matcher.metrics import CATALOGUE, Metric

GIVEN_BY_OTHERS = {
    "ALERTS",
    "up",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
}
"""Prometheus makes the first two; the client library's process collector the rest."""

_MADE_BY_PROMETHEUS = {"instance", "job", "le"}


def exposed() -> dict[str, Metric]:
    """Every series name that a scrape of the matcher gives, with its definition."""
    names: dict[str, Metric] = {}
    for metric in CATALOGUE:
        if metric.kind == "histogram":
            names |= {f"{metric.name}_{part}": metric for part in ("bucket", "sum", "count")}
        else:
            names[metric.name] = metric
    return names


def selectors(expression: str) -> Iterator[Any]:
    """Every selector in the text. ValueError where it does not parse."""
    yield from _walk(promql_parser.parse(expression))


def wrong_selectors(expression: str) -> Iterator[str]:
    """One line for each selector of something that nobody gives: a name, or a label."""
    known = exposed()
    for selector in selectors(expression):
        metric = known.get(selector.name)
        if metric is None and selector.name not in GIVEN_BY_OTHERS:
            yield f"no metric {selector.name}"
        elif metric is not None:
            labels = {matcher.name for matcher in selector.matchers.matchers}
            for label in sorted(labels - set(metric.labels) - _MADE_BY_PROMETHEUS):
                yield f"{selector.name} has no label {label}"


def grouping_labels(expression: str) -> set[str]:
    """The labels that some aggregation in the text keeps, or some join adds."""
    return set().union(*_groupings(promql_parser.parse(expression)))


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for child in _children(node):
        yield from _walk(child)


def _groupings(node: Any) -> Iterator[set[str]]:
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        yield set(node.modifier.labels)
    if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
        yield set(node.modifier.group_labels or ())
    for child in _children(node):
        yield from _groupings(child)


def _children(node: Any) -> Iterator[Any]:
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        child = getattr(node, name, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", ())
