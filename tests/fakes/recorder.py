"""A recorder that remembers."""

from collections import defaultdict
from collections.abc import Sequence

from matcher.metrics import Metric


class MemoryRecorder:
    """``value`` and ``values`` read back what was counted or set."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
        self.observed: dict[str, list[float]] = defaultdict(list)

    def add(self, metric: Metric, amount: float = 1, labels: tuple[str, ...] = ()) -> None:
        assert len(labels) == len(metric.labels), metric.name
        self._values[metric.name, labels] += amount

    def set(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        assert len(labels) == len(metric.labels), metric.name
        self._values[metric.name, labels] = value

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        assert len(labels) == len(metric.labels), metric.name
        self.observed[metric.name].append(value)

    def observe_all(
        self, metric: Metric, values: Sequence[float], labels: tuple[str, ...] = ()
    ) -> None:
        for value in values:
            self.observe(metric, value, labels)

    def forget(self, metric: Metric, labels: tuple[str, ...]) -> None:
        self._values.pop((metric.name, labels), None)

    def value(self, metric: Metric, *labels: str) -> float:
        return self._values.get((metric.name, labels), 0)

    def values(self, metric: Metric) -> dict[tuple[str, ...], float]:
        return {
            labels: value for (name, labels), value in self._values.items() if name == metric.name
        }
