"""Turns the metrics of :mod:`matcher.metrics` into Prometheus series.

This is the only module that imports the Prometheus client. Each :class:`Exposition` has a registry
of its own, so two services in one process do not share series.
"""

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from matcher.metrics import CATALOGUE, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # every counter would have a second series that nobody asks for


class Exposition:
    """A :class:`matcher.metrics.Recorder`. A metric that is not in the catalogue raises
    KeyError.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._families = {metric.name: self._family(metric) for metric in CATALOGUE}
        self._children: dict[tuple[str, tuple[str, ...]], Any] = {}

    def add(self, metric: Metric, amount: float = 1, labels: tuple[str, ...] = ()) -> None:
        """Count up a counter."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        """Put one value into a histogram."""
        self._child(metric, labels).observe(value)

    def forget(self, metric: Metric, labels: tuple[str, ...]) -> None:
        """Drop one series; dropping an unknown series is no error."""
        if self._children.pop((metric.name, labels), None) is not None:
            self._families[metric.name].remove(*labels)

    def totals(self, metric: Metric) -> dict[tuple[str, ...], float]:
        """The values of a counter by labels; for a histogram, the sums."""
        wanted = f"{metric.name}_sum" if metric.kind == "histogram" else metric.name
        return {
            tuple(sample.labels[name] for name in metric.labels): sample.value
            for family in self._families[metric.name].collect()
            for sample in family.samples
            if sample.name == wanted
        }

    def render(self) -> bytes:
        """The page that Prometheus scrapes, of type :data:`CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def _family(self, metric: Metric) -> Counter | Gauge | Histogram:
        common: dict[str, Any] = {
            "name": metric.name,
            "documentation": metric.help,
            "labelnames": metric.labels,
        }
        if metric.kind == "counter":
            return Counter(**common, registry=self._registry)
        if metric.kind == "gauge":
            return Gauge(**common, registry=self._registry)
        return Histogram(**common, registry=self._registry, buckets=metric.buckets)

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        """The series for these labels, which is then remembered, so that each later use costs one
        dictionary access.
        """
        key = (metric.name, labels)
        child = self._children.get(key)
        if child is None:
            family = self._families[metric.name]
            child = self._children[key] = family.labels(*labels) if labels else family
        return child
