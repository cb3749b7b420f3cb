"""Turns the metrics of :mod:`matcher.metrics` into Prometheus series.

This is the only module that imports the Prometheus client. Each :class:`Exposition` has a registry
of its own, so two services in one process do not share series.
"""

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
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
from prometheus_client.metrics_core import Metric as ClientFamily
from prometheus_client.registry import Collector

from matcher.metrics import CATALOGUE, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # no second series for each counter


Labels = tuple[tuple[str, str], ...]
"""The names and values of a series' labels, in their order on the page."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One line of the page."""

    name: str
    labels: Labels
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """A metric with its samples. ``name`` is without the ``_total`` of a counter."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


Snapshot = tuple[Family, ...]
"""The numbers of one process at one moment."""


class _Histogram(Histogram):
    """A histogram that takes many values at a cost that hardly depends on their number."""

    def observe_all(self, values: Sequence[float]) -> None:
        """Put each of these values into the histogram."""
        self._raise_if_not_observable()  # type: ignore[no-untyped-call]
        self._sum.inc(sum(values))
        for bucket, found in Counts(
            bisect_left(self._upper_bounds, value) for value in values
        ).items():
            self._buckets[bucket].inc(found)


class Exposition:
    """A :class:`matcher.metrics.Recorder` of these metrics; any other metric raises KeyError."""

    def __init__(self, metrics: Sequence[Metric] = CATALOGUE) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._families = {metric.name: self._family(metric) for metric in metrics}
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

    def observe_all(
        self, metric: Metric, values: Sequence[float], labels: tuple[str, ...] = ()
    ) -> None:
        """Put each of these values into a histogram."""
        self._child(metric, labels).observe_all(values)

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

    def snapshot(self) -> Snapshot:
        """Every number of the page, to be joined with those of other processes."""
        return tuple(
            Family(
                family.name,
                family.type,
                family.documentation,
                tuple(
                    Sample(sample.name, tuple(sample.labels.items()), sample.value)
                    for sample in family.samples
                ),
            )
            for family in self._registry.collect()
        )

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
        return _Histogram(**common, registry=self._registry, buckets=metric.buckets)

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


def render(snapshot: Snapshot) -> bytes:
    """The page with these numbers, of type :data:`CONTENT_TYPE`."""
    return generate_latest(_Given(snapshot))


class _Given(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[ClientFamily]:
        for family in self._snapshot:
            shown = ClientFamily(family.name, family.help, family.kind)
            for sample in family.samples:
                shown.add_sample(sample.name, dict(sample.labels), sample.value)
            yield shown
