"""The aggregate functions of AQL: each makes one value of the values of many events.

The functions are those of IBM's page "AQL data aggregation functions". Where that page says
nothing, they follow SQL: every function except ``COUNT(*)``, FIRST and LAST ignores NULL (missing,
JSON null, the empty text). Over no values COUNT is 0 and the others are NULL. SUM, AVG, STDEV and
STDEVP also ignore values that are not numbers. MIN and MAX order values as ORDER BY does. FIRST and
LAST go by start time.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

from matcher.engine.compiler import Getter, operand
from matcher.engine.expression import Expression, Operand
from matcher.events.schema import EMPTY_EVENT, Event, Kind
from matcher.languages.aql.functions import OPERATORS, finite_number
from matcher.languages.aql.order import Identity, Rank, identity_for, is_null, rank_for


class Accumulator(Protocol):
    """One aggregate of one group, while its events are read."""

    def add(self, value: Any, at: int) -> None:
        """Add one event's value; ``at`` is the event's start time."""

    def result(self) -> Any:
        """The aggregate of the values that were added."""


class _Count:
    def __init__(self) -> None:
        self._number = 0

    def add(self, value: Any, _at: int) -> None:
        self._number += not is_null(value)

    def result(self) -> int:
        return self._number


class _UniqueCount:
    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._seen: set[Any] = set()

    def add(self, value: Any, _at: int) -> None:
        if not is_null(value):
            self._seen.add(self._identity(value))

    def result(self) -> int:
        return len(self._seen)


class _Sum:
    """The sum in AQL's arithmetic: an integer as long as it fits into a long."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Any = 0

    def add(self, value: Any, _at: int) -> None:
        number = finite_number(value)
        if number is not None:
            self.count += 1
            self.total = OPERATORS["+"].call(self.total, number)

    def result(self) -> Any:
        return self.total if self.count else None


class _Average(_Sum):
    def result(self) -> Any:
        return OPERATORS["/"].call(self.total, self.count)


class _Deviation:
    """The standard deviation in one pass (Welford), over ``count - less``."""

    def __init__(self, less: int) -> None:
        self._less = less
        self._count = 0
        self._mean = self._squares = 0.0

    def add(self, value: Any, _at: int) -> None:
        number = finite_number(value)
        if number is None:
            return
        try:
            new = float(number)
        except OverflowError:
            new = math.inf
        self._count += 1
        off = new - self._mean
        self._mean += off / self._count
        self._squares += off * (new - self._mean)

    def result(self) -> float | None:
        degrees = self._count - self._less
        found = math.sqrt(self._squares / degrees) if degrees > 0 else math.nan
        return found if math.isfinite(found) else None


class _Min:
    """The value that ORDER BY would put first."""

    def __init__(self, rank: Rank) -> None:
        self._rank = rank
        self._best: Any = None

    def add(self, value: Any, _at: int) -> None:
        if not is_null(value) and (self._best is None or self._before(value, self._best)):
            self._best = value

    def _before(self, one: Any, other: Any) -> bool:
        return self._rank(one) < self._rank(other)

    def result(self) -> Any:
        return self._best


class _Max(_Min):
    def _before(self, one: Any, other: Any) -> bool:
        return self._rank(one) > self._rank(other)


class _First:
    """The value of the event with the earliest start time; among equal times, of the event read
    first.
    """

    def __init__(self) -> None:
        self._at: float = math.inf
        self._value: Any = None

    def add(self, value: Any, at: int) -> None:
        if at < self._at:
            self._at, self._value = at, value

    def result(self) -> Any:
        return self._value


class _Last:
    """The value of the event with the latest start time; among equal times, of the
    event read last.
    """

    def __init__(self) -> None:
        self._at: float = -math.inf
        self._value: Any = None

    def add(self, value: Any, at: int) -> None:
        if at >= self._at:
            self._at, self._value = at, value

    def result(self) -> Any:
        return self._value


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """An aggregate function.

    ``begin`` makes an empty accumulator for the values of an operand.
    ``kind`` is the kind of value that the function gives, or None if that is the kind of its
    argument. ``of_numbers``: the function takes only numbers.
    """

    begin: Callable[[Operand], Accumulator]
    kind: Kind | None = Kind.NUMBER
    of_numbers: bool = False


AGGREGATES: Mapping[str, AggregateFunction] = MappingProxyType(
    {
        "AVG": AggregateFunction(lambda _item: _Average(), of_numbers=True),
        "COUNT": AggregateFunction(lambda _item: _Count()),
        "DISTINCTCOUNT": AggregateFunction(lambda item: _UniqueCount(identity_for(item))),
        "FIRST": AggregateFunction(lambda _item: _First(), kind=None),
        "LAST": AggregateFunction(lambda _item: _Last(), kind=None),
        "MAX": AggregateFunction(lambda item: _Max(rank_for(item)), kind=None),
        "MIN": AggregateFunction(lambda item: _Min(rank_for(item)), kind=None),
        "STDEV": AggregateFunction(lambda _item: _Deviation(less=1), of_numbers=True),
        "STDEVP": AggregateFunction(lambda _item: _Deviation(less=0), of_numbers=True),
        "SUM": AggregateFunction(lambda _item: _Sum(), of_numbers=True),
        "UNIQUECOUNT": AggregateFunction(lambda item: _UniqueCount(identity_for(item))),
    }
)
"""The functions by name. QRadar estimates DISTINCTCOUNT; here both counts are exact."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over the events of a group. The finished group holds its value as the property
    ``slot``.
    """

    function: str
    operand: Operand
    slot: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which events form one row, and what is kept of them.

    ``keys`` are the values of GROUP BY. Without keys all events form one group, which exists even
    if there is no event. ``having`` is a condition on a finished group.
    """

    keys: tuple[Operand, ...]
    aggregates: tuple[Aggregate, ...]
    having: Expression | None


class Groups:
    """The groups of one answer, while its events are read.

    Memory grows with the number of groups, and with the number of different values that UNIQUECOUNT
    has seen.
    """

    def __init__(self, grouping: Grouping) -> None:
        self._keys = [(operand(key), identity_for(key)) for key in grouping.keys]
        self._begin = [
            partial(AGGREGATES[one.function].begin, one.operand) for one in grouping.aggregates
        ]
        self._values: list[Getter] = [operand(one.operand) for one in grouping.aggregates]
        self._slots = [one.slot for one in grouping.aggregates]
        self._groups: dict[tuple[Any, ...], list[Accumulator]] = {}
        if not self._keys:
            self._groups[()] = self._begun()

    def add(self, event: Event) -> None:
        """Add an event that matches the query."""
        key = tuple([identity(get(event)) for get, identity in self._keys])
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._begun()
        for get, accumulator in zip(self._values, group, strict=True):
            accumulator.add(get(event), event.starttime)

    def finished(self) -> Iterator[Event]:
        """The groups in the order in which they began. Each is given as an event that holds only
        the slots, as properties.
        """
        for group in self._groups.values():
            values = [accumulator.result() for accumulator in group]
            found = dict(zip(self._slots, values, strict=True))
            yield EMPTY_EVENT.replaced(properties=found)

    def _begun(self) -> list[Accumulator]:
        return [begin() for begin in self._begin]
