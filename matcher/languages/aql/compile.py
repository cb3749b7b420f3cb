"""AQL text → the engine's expression and columns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from matcher.engine.expression import (
    Always,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Recent,
)
from matcher.engine.rule import Column
from matcher.errors import Location
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import ast
from matcher.languages.aql.aggregates import Grouping
from matcher.languages.aql.clauses import Clauses, Ordering, Tail
from matcher.languages.aql.columns import Columns, named_as_first
from matcher.languages.aql.conditions import Conditions
from matcher.languages.aql.dialect import COMMENT, DISTINCT, SEMICOLON, DialectName
from matcher.languages.aql.extent import (
    MAX_HEIGHT,
    MAX_PARTS,
    Part,
    conditions_within,
    extent,
)
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.functions import ASK_IT_OVER_FILES
from matcher.languages.aql.grouping import Slots
from matcher.languages.aql.names import Names
from matcher.languages.aql.operands import Operands
from matcher.languages.aql.parser import parse
from matcher.languages.aql.policy import DEFAULT_POLICY, AqlPolicy
from matcher.languages.aql.types import Types


@dataclass(frozen=True, slots=True)
class Query:
    """One compiled AQL text.

    ``expression`` is everything that decides whether an event matches, including LAST, START and
    STOP. ``order_by`` and ``limit`` say how a complete answer is sorted and cut. ``window`` is the
    LAST at the end of the text. ``star``: the SELECT list has a ``*``. ``distinct``: equal rows are
    shown once. With ``grouping``, the columns and ``order_by`` apply to finished groups
    (:class:`matcher.languages.aql.aggregates.Groups`); without it they apply to events.
    ``conditions`` are the other conditions of the text as they are written, HAVING and those of
    CASE. ``notes`` name what has no meaning on a stream, one line each. ``settings`` are the
    settings of the policy that the expression and the columns depend on, each with its value.
    """

    expression: Expression
    columns: tuple[Column, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    window: Recent | None = None
    star: bool = False
    distinct: bool = False
    grouping: Grouping | None = None
    conditions: tuple[Expression, ...] = ()
    notes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def compile_query(
    text: str,
    catalogue: Catalogue,
    *,
    dialect: DialectName = "compat",
    policy: AqlPolicy = DEFAULT_POLICY,
    now: int | None = None,
) -> Query:
    """Compile a SELECT statement, or the bare filter of a QRadar rule test.

    ``now``, in epoch milliseconds, is the time at which a query over files is asked. NOW and
    PARSEDATETIME count from it, START and STOP have a meaning, and aggregates are allowed. Without
    ``now`` the text is a rule's: the present is then each event's own start time.

    Raises a RuleError with its place: RuleSyntaxError, RuleSemanticError, UnsupportedRule, or
    RuleErrors if the text has several errors.
    """
    findings = Findings(text, dialect, of_rule=now is None)
    return _Compilation(findings, catalogue, policy, now).query()


class _Compilation:
    """The compilation of one text."""

    def __init__(
        self, findings: Findings, catalogue: Catalogue, policy: AqlPolicy, now: int | None
    ) -> None:
        self._findings = findings
        self._names = Names(catalogue, findings)
        self._now = now
        self._slots = Slots()
        self._operands = Operands(
            self._names, findings, policy, now=now, slots=self._slots, condition=self._condition
        )
        self._conditions = Conditions(
            self._operands, Types(self._names, findings), findings, policy
        )
        self._clauses = Clauses(
            self._operands, self._conditions, findings, policy, now=now, slots=self._slots
        )

    def _condition(self, node: ast.Node) -> Expression:
        """A condition inside a value: values and conditions are compiled by turns."""
        return self._conditions.condition(node)

    def query(self) -> Query:
        parsed = parse(self._findings.text)
        for comment in parsed.comments:
            self._findings.departs(COMMENT, comment)
        if parsed.semicolon is not None:
            self._findings.departs(SEMICOLON, parsed.semicolon)
        if isinstance(parsed.root, ast.Select) and parsed.kind == "statement":
            query = self._statement(parsed.root)
        else:
            expression = self._conditions.where(parsed.root)
            self._check_where(expression)
            query = Query(expression, notes=self._findings.notes, settings=self._findings.settings)
        self._check_extent(query, parsed.root)
        self._findings.raise_errors()
        having = query.grouping.having if query.grouping else None
        inner = conditions_within(self._roots(query))
        conditions = (*([] if having is None else [having]), *inner)
        return self._over_groups(replace(query, conditions=conditions))

    def _roots(self, query: Query) -> list[Part]:
        """Every expression and operand of the query."""
        roots: list[Part] = [query.expression]
        roots += [column.operand for column in query.columns]
        roots += [ordering.operand for ordering in query.order_by]
        roots += [aggregate.operand for aggregate in self._slots.aggregates]
        if query.grouping is not None:
            roots += query.grouping.keys
            roots += [] if query.grouping.having is None else [query.grouping.having]
        return roots

    def _check_extent(self, query: Query, root: ast.Node) -> None:
        parts, height = extent(self._roots(query))
        if parts > MAX_PARTS:
            message = f"the query unfolds to over {MAX_PARTS:,} values and conditions"
            hint = "an alias, the item of a BETWEEN and the subject of a CASE count each time"
            self._findings.add(self._findings.semantic("too-large", message, root.at, hint))
        if height > MAX_HEIGHT:
            message = f"values and conditions stand over {MAX_HEIGHT} deep in each other"
            hint = "an arithmetic operator stands in the next: 1 + 2 + 3 is three deep"
            self._findings.add(self._findings.semantic("too-deep", message, root.at, hint))

    def _statement(self, select: ast.Select) -> Query:
        self._check_source(select)
        columns = tuple(Columns(self._operands, self._findings).compiled(select.columns))
        self._names.define((column.alias, column.operand) for column in columns)
        tail = self._clauses.tail(select.clauses)
        if select.distinct is not None:
            self._check_distinct(select.distinct)
        expression = self._where(select, tail)
        self._check_where(expression)
        grouping = self._grouping(select, tail)
        if grouping is not None:
            columns = named_as_first(select.columns, columns, grouping.keys)
        return Query(
            expression=expression,
            columns=columns,
            order_by=tail.order_by,
            limit=tail.limit,
            window=tail.window,
            star=any(column.value is None for column in select.columns),
            distinct=select.distinct is not None,
            grouping=grouping,
            notes=self._findings.notes,
            settings=self._findings.settings,
        )

    def _grouping(self, select: ast.Select, tail: Tail) -> Grouping | None:
        """How the statement groups events; None if it does not."""
        if not tail.group_by and not self._slots:
            if tail.having_at is not None:
                self._findings.add(
                    self._findings.semantic(
                        "having-without-group",
                        "HAVING tests groups, and there are none",
                        tail.having_at,
                        "test events in WHERE, or add GROUP BY",
                    )
                )
            return None
        for column in select.columns:
            if column.value is None:
                self._findings.add(
                    self._findings.semantic(
                        "star-of-group",
                        "* stands for the columns of an event, and this row is a group of them",
                        column.at,
                        "name the columns",
                    )
                )
        return Grouping(tail.group_by, (), tail.having)

    def _over_groups(self, query: Query) -> Query:
        """The query, with its columns, HAVING and ORDER BY changed so that they apply to finished
        groups.
        """
        if query.grouping is None:
            return query
        slots, having = self._slots, query.grouping.having
        columns = tuple(
            replace(column, operand=slots.operand_of_group(column.operand))
            for column in query.columns
        )
        order_by = tuple(
            replace(ordering, operand=slots.operand_of_group(ordering.operand))
            for ordering in query.order_by
        )
        having = None if having is None else slots.condition_of_group(having)
        grouping = Grouping(query.grouping.keys, tuple(slots.aggregates), having)
        return replace(query, columns=columns, order_by=order_by, grouping=grouping)

    def _check_distinct(self, at: Location) -> None:
        if self._now is not None:
            self._findings.departs(DISTINCT, at)
            return
        self._findings.add(
            self._findings.unsupported(
                "distinct",
                "DISTINCT compares rows with each other, and a rule looks at one event",
                at,
                f"{ASK_IT_OVER_FILES}, or take it out: each event that matches becomes one alert",
            )
        )

    def _check_where(self, expression: Expression) -> None:
        aggregate = self._slots.within(expression)
        if aggregate is not None:
            self._findings.add(
                self._findings.semantic(
                    "aggregate-in-where",
                    f"{aggregate.text} is known once all events are read: WHERE cannot test it",
                    aggregate.at,
                    "test it in HAVING",
                )
            )

    def _where(self, select: ast.Select, tail: Tail) -> Expression:
        """The condition of WHERE together with the LAST, or START and STOP, at the end."""
        times = tuple(self._times(tail))
        if select.where is None:
            self._findings.note_of_rule("the query has no WHERE: every event matches")
            joined: tuple[Expression, ...] = times
        else:
            expression = self._conditions.where(select.where)
            if not times:
                return expression
            whole = expression.items if isinstance(expression, And) else (expression,)
            joined = (*whole, *times)
        if not joined:
            return Always(holds=True)
        return joined[0] if len(joined) == 1 else And(joined)

    def _times(self, tail: Tail) -> Iterator[Expression]:
        if tail.window is not None:
            yield tail.window
        if tail.period is not None:
            start, stop = map(Constant, tail.period)
            yield Compare(Comparison.AT_LEAST, self._names.starttime(), start)
            yield Compare(Comparison.LESS, self._names.starttime(), stop)

    def _check_source(self, select: ast.Select) -> None:
        if select.into is not None:
            self._findings.add(
                self._findings.unsupported(
                    "into", "INTO keeps a cursor on a console", select.into.at, "take INTO out"
                )
            )
        source = select.source
        if isinstance(source, ast.Select):
            self._findings.add(self._operands.sub_select(source))
        elif source.text.casefold() == "flows":
            self._findings.add(
                self._findings.unsupported(
                    "flows", "there are no flows here, only events", source.at, "FROM events"
                )
            )
        elif source.text.casefold() != "events":
            self._findings.add(
                self._findings.semantic(
                    "unknown-table", f'unknown table "{source.text}"', source.at, "FROM events"
                )
            )
