"""Contestants beside each other: their costs round by round, and the rows that compare them."""

from collections.abc import Mapping, Sequence

from benchmarks.report import Figure, Row, Speed

CPU = "µs of CPU"
OURS = "matcher"
"""The label of what this tree does; its variants are called ``matcher, …``."""
LEAN = f"{OURS}, lean"


class Cost:
    """The rounds of one contestant: what it cost, and how many records a second it did."""

    def __init__(self, unit: str = CPU) -> None:
        self.unit = unit
        self.costs: list[float] = []
        self.rates: list[float] = []

    def add(self, cost: float, rate: float | None = None) -> None:
        """One round."""
        self.costs.append(cost)
        if rate is not None:
            self.rates.append(rate)

    def row(
        self,
        group: str,
        label: str,
        beside: Mapping[str, "Cost"] | None = None,
        *,
        ours: bool = False,
    ) -> Row:
        """Its row, compared with the contestants in ``beside``, by their labels."""
        speeds = tuple(
            Speed(label, self.speed_beside(other)) for label, other in (beside or {}).items()
        )
        rate = Figure.of(self.rates) if self.rates else None
        return Row(group, label, self.unit, Figure.of(self.costs), rate, speeds, ours)

    def speed_beside(self, other: "Cost") -> Figure:
        """How many times as fast as the other, compared within each round."""
        pairs = zip(self.costs, other.costs, strict=True)
        return Figure.of([theirs / own for own, theirs in pairs])


def is_ours(label: str) -> bool:
    """Whether it is what this tree does, in any of its variants."""
    return label.split(",", maxsplit=1)[0] == OURS


def compared(group: str, costs: Mapping[str, Cost]) -> list[Row]:
    """The rows of contestants at one task; each of ours beside all that are not."""
    others = {label: cost for label, cost in costs.items() if not is_ours(label)}
    return [
        cost.row(group, label, others if is_ours(label) else None, ours=is_ours(label))
        for label, cost in costs.items()
    ]


def alert_rows(
    group: str, by_share: Mapping[float, Mapping[str, Cost]], labels: Sequence[str]
) -> list[Row]:
    """What one alert costs over a record without: the slope from the smallest share of matching
    records to the largest.
    """
    low, high = min(by_share), max(by_share)
    slopes: dict[str, Cost] = {}
    for label in labels:
        slopes[label] = Cost("µs of CPU an alert")
        pairs = zip(by_share[low][label].costs, by_share[high][label].costs, strict=True)
        for without, with_alerts in pairs:
            slopes[label].add((with_alerts - without) / (high - low))
    return compared(group, slopes)
