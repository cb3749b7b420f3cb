"""The clauses after WHERE: checks them, and compiles what they mean for an answer over files."""

from dataclasses import dataclass

from matcher.engine.expression import Constant, Expression, Operand, Recent
from matcher.errors import Location, RuleError
from matcher.languages.aql import ast, dialect
from matcher.languages.aql.conditions import Conditions
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.functions import ASK_IT_OVER_FILES
from matcher.languages.aql.grouping import Slots
from matcher.languages.aql.moments import moment, whole_minutes
from matcher.languages.aql.operands import Operands
from matcher.languages.aql.policy import AqlPolicy

_RANKS: dict[type[ast.Clause], tuple[int, str]] = {
    ast.GroupBy: (0, "GROUP BY"),
    ast.Having: (1, "HAVING"),
    ast.OrderBy: (2, "ORDER BY"),
    ast.Limit: (3, "LIMIT"),
    ast.Last: (4, "LAST"),
    ast.StartStop: (4, "START"),
    ast.Parameters: (5, "PARAMETERS"),
}
"""The order in which IBM documents the clauses, and their words (docs/reference/aql.md)."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """One item of ORDER BY with its operand."""

    operand: Operand
    descending: bool


@dataclass(slots=True)
class Tail:
    """The compiled clauses of a statement."""

    group_by: tuple[Operand, ...] = ()
    having: Expression | None = None
    having_at: Location | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    window: Recent | None = None
    period: tuple[int, int] | None = None


class Clauses:
    """Compiles the clauses of one statement. ``now`` and ``slots`` are as for Operands."""

    def __init__(
        self,
        operands: Operands,
        conditions: Conditions,
        findings: Findings,
        policy: AqlPolicy,
        *,
        now: int | None,
        slots: Slots,
    ) -> None:
        self._operands = operands
        self._conditions = conditions
        self._findings = findings
        self._policy = policy
        self._now = now
        self._slots = slots

    def tail(self, clauses: tuple[ast.Clause, ...]) -> Tail:
        """Compile all clauses. Errors are added to the findings."""
        self._check_order(clauses)
        tail = Tail()
        for clause in clauses:
            try:
                self._read(clause, tail)
            except RuleError as error:
                self._findings.add(error)
        return tail

    def _check_order(self, clauses: tuple[ast.Clause, ...]) -> None:
        seen: dict[int, str] = {}
        for clause in clauses:
            rank, word = _RANKS[type(clause)]
            if rank in seen:
                self._findings.add(
                    self._findings.semantic(
                        "repeated-clause", f"{word} after {seen[rank]}: only one can be", clause.at
                    )
                )
            elif seen and rank < max(seen):
                self._findings.departs(
                    dialect.CLAUSE_ORDER, clause.at, clause=word, before=seen[max(seen)]
                )
            seen[rank] = word

    def _read(self, clause: ast.Clause, tail: Tail) -> None:
        match clause:
            case ast.GroupBy(items=items) if self._now is not None:
                tail.group_by = tuple(map(self._key, items))
            case ast.Having(condition=condition) if self._now is not None:
                tail.having_at = clause.at
                tail.having = self._conditions.condition(condition)
            case ast.GroupBy() | ast.Having():
                word = _RANKS[type(clause)][1]
                raise self._findings.unsupported(
                    word.lower().replace(" ", "-"),
                    f"{word} needs many events, and a rule looks at one",
                    clause.at,
                    f"{ASK_IT_OVER_FILES}, or take {word} out: each event that matches becomes "
                    "one alert",
                )
            case ast.StartStop():
                tail.period = self._period(clause)
            case ast.OrderBy():
                tail.order_by = self._order_by(clause)
            case ast.Limit(rows=rows):
                tail.limit = self._limit(clause)
                self._findings.note_of_rule(
                    f"LIMIT {rows} cuts a finished answer; on a stream every match is an alert"
                )
            case ast.Last():
                tail.window = self._conditions.recent(clause)
            case ast.Parameters(names=names):
                self._findings.note(
                    f"PARAMETERS {', '.join(names)}: settings of a QRadar search, not used here"
                )

    def _key(self, node: ast.Node) -> Operand:
        """One value of GROUP BY."""
        found = self._varying(node, "grouped")
        aggregate = self._slots.within(found)
        if aggregate is not None:
            raise self._findings.semantic(
                "aggregate-in-group-by",
                f"{aggregate.text} is known once the groups are there: they cannot be made by it",
                node.at,
                "group by a column of the events",
            )
        return found

    def _period(self, clause: ast.StartStop) -> tuple[int, int]:
        """The start and end of a period; the end is the first millisecond outside."""
        if self._now is None:
            raise self._findings.unsupported(
                "start-stop",
                "a rule runs on what comes: START and STOP have no meaning there",
                clause.at,
                "take them out, or write LAST",
            )
        start = self._time(clause.start)
        stop = self._now if clause.stop is None else self._time(clause.stop)
        if stop < start:
            raise self._findings.semantic("wrong-period", "STOP is before START", clause.at)
        return whole_minutes(start, stop)

    def _time(self, node: ast.Node) -> int:
        if isinstance(node, ast.Text):
            found: object = moment(node.value, self._policy.zone)
        else:
            value = self._operands.operand(node)
            found = value.value if isinstance(value, Constant) else None
        if isinstance(found, int):
            return found
        raise self._findings.semantic(
            "wrong-time",
            "this is no time",
            node.at,
            "such as '2026-01-31 08:00', '2026-01-31 08:00:00', epoch milliseconds, or "
            "PARSEDATETIME('1 hour ago')",
        )

    def _order_by(self, clause: ast.OrderBy) -> tuple[Ordering, ...]:
        self._findings.note_of_rule(
            "ORDER BY sorts a finished answer; on a stream alerts come as their events do"
        )
        if any(item.collation for item in clause.items):
            self._findings.note("COLLATE is not used: texts are ordered by code point")
        return tuple(
            Ordering(self._varying(item.item, "sorted"), item.descending) for item in clause.items
        )

    def _varying(self, node: ast.Node, done: str) -> Operand:
        """Compile a value of GROUP BY or ORDER BY. In a query over files, a constant there is an
        error.
        """
        found = self._operands.operand(node)
        if self._now is None or not isinstance(found, Constant):
            return found
        hint = "name a column or an alias; its number does not stand for it"
        if isinstance(node, ast.Text):
            hint = f'single quotes hold texts; a name stands in double quotes: "{node.value[:60]}"'
        raise self._findings.semantic(
            "constant-key",
            f"this is the same for every row: nothing is {done} by it",
            node.at,
            hint,
        )

    def _limit(self, clause: ast.Limit) -> int:
        if isinstance(clause.rows, int):
            return clause.rows
        raise self._findings.semantic("wrong-number", "LIMIT takes a whole number", clause.at)
