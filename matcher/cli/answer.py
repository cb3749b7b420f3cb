"""``matcher scan --query``: the answer of one AQL query over files."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from matcher.cli.inputs import InputFiles
from matcher.cli.progress import progress
from matcher.cli.reading import Portion, read_portions
from matcher.engine.compiler import operand, predicate
from matcher.engine.expression import Field
from matcher.engine.rule import Column, Rule, Severity
from matcher.engine.ruleset import RuleSet
from matcher.errors import UsageError
from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent, unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.events.schema import Event
from matcher.languages.aql import Ordering, Query
from matcher.languages.aql.aggregates import Grouping, Groups
from matcher.languages.aql.order import Identity, identity_for, rank_for

_EVERY_FIELD = (
    *("starttime", "qidname", "categoryname", "username", "sourceip", "logsourcename"),
    *("logsourcetypename", "errorcode", "region", "account", "payload"),
)
"""The columns of ``SELECT *``, and of a filter without a SELECT."""

_KEPT_BEFORE_CUTTING = 10_000

Row = tuple[Any, ...]


def columns_of(query: Query, catalogue: Catalogue) -> tuple[Column, ...]:
    """The columns of the answer. ``*`` stands for the usual fields, which come before
    the others.
    """
    if query.columns and not query.star:
        return query.columns
    named = {column.alias.casefold() for column in query.columns}
    fields = catalogue.properties.by_field
    usual = (Column(name, Field(fields[name], name)) for name in _EVERY_FIELD if name not in named)
    return (*usual, *query.columns)


class Answer:
    """One query over files. ``now`` (epoch ms) is the time from which LAST looks back. An event's
    start time is its own time, or 0 if it has none.
    """

    def __init__(self, query: Query, catalogue: Catalogue, now: int) -> None:
        self._query = query
        self._catalogue = catalogue
        self._rules = RuleSet([_as_rule(query)], catalogue.log_source_types)
        self._holds = predicate(query.expression, now)
        self.columns = columns_of(query, catalogue)
        self._cells = [operand(column.operand) for column in self.columns]
        self._keys = [
            (rank_for(ordering.operand), operand(ordering.operand)) for ordering in query.order_by
        ]
        self.events = self.rejected = self.rows = 0
        self.unreadable: list[str] = []

    def read(self, files: InputFiles) -> Iterator[Row]:
        """The rows, sorted and cut as the query says."""
        found = self._matching(files)
        if self._query.grouping is not None:
            found = _groups(found, self._query.grouping)
        for row in self._cut(found):
            self.rows += 1
            yield row

    def _cut(self, found: Iterator[Event]) -> Iterator[Row]:
        limit = self._query.limit
        keyed: Iterator[tuple[Row, Row]] = map(self._keyed, found)
        if self._query.distinct:
            identities = [identity_for(column.operand) for column in self.columns]
            keyed = _different(keyed, identities)
        if self._query.order_by:
            keyed = iter(_sorted(keyed, self._query.order_by, limit))
        return (row for _keys, row in islice(keyed, limit))

    def _keyed(self, event: Event) -> tuple[Row, Row]:
        return tuple(rank(key(event)) for rank, key in self._keys), self._row(event)

    def _row(self, event: Event) -> Row:
        return tuple(cell(event) for cell in self._cells)

    def _matching(self, files: InputFiles) -> Iterator[Event]:
        with progress(files) as advance:
            for path in files.paths:
                try:
                    for portion in read_portions(path):
                        yield from self._portion(portion)
                        advance(path, portion.position)
                except UsageError as error:
                    self.unreadable.append(str(error))

    def _portion(self, portion: Portion) -> Iterator[Event]:
        self.rejected += len(portion.rejects)
        for record in portion.batch.records:
            unwrapped = unwrap(record.value)
            for raw in unwrapped.events:
                self.events += 1
                event = self._event(raw)
                if event is not None and self._holds(event):
                    yield event
            self.rejected += len(unwrapped.rejects)

    def _event(self, raw: RawEvent) -> Event | None:
        """The event, if the query could match it; None if not."""
        candidates = self._rules.candidates(raw.raw)
        if not candidates:
            return None
        kind = attribute(raw)
        if not self._rules.narrow(candidates, self._catalogue.type_of(kind)):
            return None
        event = normalize(raw, None, self._catalogue, kind)
        if isinstance(event, Reject):
            self.rejected += 1
            return None
        return event


def _as_rule(query: Query) -> Rule:
    return Rule("query", "query", "1", Severity.INFORMATIONAL, query.expression)


def _groups(found: Iterable[Event], grouping: Grouping) -> Iterator[Event]:
    """The groups for which HAVING holds. The first is given after all events have been read."""
    groups = Groups(grouping)
    for event in found:
        groups.add(event)
    if grouping.having is None:
        return groups.finished()
    return filter(predicate(grouping.having), groups.finished())


def _different(
    keyed: Iterable[tuple[Row, Row]], identities: Sequence[Identity]
) -> Iterator[tuple[Row, Row]]:
    """The rows without repetitions: the first of equal rows is kept."""
    seen: set[Row] = set()
    for keys, row in keyed:
        same = tuple([identity(value) for identity, value in zip(identities, row, strict=True)])
        if same not in seen:
            seen.add(same)
            yield keys, row


def _sorted(
    found: Iterable[tuple[Row, Row]], order_by: tuple[Ordering, ...], limit: int | None
) -> list[tuple[Row, Row]]:
    """The rows, sorted; equal rows keep their order. No more rows are kept than the limit needs."""
    kept: list[tuple[Row, Row]] = []
    most = None if limit is None else 2 * limit + _KEPT_BEFORE_CUTTING
    for row in found:
        kept.append(row)
        if most is not None and len(kept) >= most:
            _sort(kept, order_by)
            del kept[limit:]
    _sort(kept, order_by)
    return kept[:limit]


def _sort(rows: list[tuple[Row, Row]], order_by: tuple[Ordering, ...]) -> None:
    for index, ordering in reversed(list(enumerate(order_by))):
        rows.sort(key=lambda row, i=index: row[0][i], reverse=ordering.descending)  # type: ignore[misc]
