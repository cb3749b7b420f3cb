"""The SELECT list: its columns and their names."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcher.engine.expression import Constant, Field, Operand
from matcher.engine.rule import Column
from matcher.errors import RuleError
from matcher.languages.aql import ast
from matcher.languages.aql.aggregates import AGGREGATES
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.operands import Operands


class Columns:
    """Compiles the SELECT list of one statement. Errors are added to the findings."""

    def __init__(self, operands: Operands, findings: Findings) -> None:
        self._operands = operands
        self._findings = findings

    def compiled(self, columns: tuple[ast.Column, ...]) -> Iterator[Column]:
        """Each column except ``*``, with its alias, or with the name that it has without one."""
        seen: set[str] = set()
        for column in columns:
            if column.value is None:
                self._findings.note_of_rule(
                    "SELECT * adds no columns: an alert holds the event's fields"
                )
                continue
            alias = column.alias if column.alias is not None else _name(column)
            if not alias.strip() or alias.casefold() in seen:
                problem = "is empty" if not alias.strip() else f'"{alias}" is there twice'
                self._findings.add(
                    self._findings.semantic("alias", f"the alias {problem}", column.at)
                )
            if column.quote == '"' and self._findings.dialect == "strict":
                self._findings.note("IBM writes an alias in single quotes where it is defined")
            seen.add(alias.casefold())
            yield Column(alias, self._operand(column.value))

    def _operand(self, value: ast.Node) -> Operand:
        try:
            return self._operands.operand(value)
        except RuleError as error:
            self._findings.add(error)
            return Constant(None)


def _name(column: ast.Column) -> str:
    """The name of a column without an alias.

    A property has its own name, and other values are named as they are written. An aggregate of a
    property is named as on IBM's page of the aggregate functions, ``COUNT_sourceip``. QRadar calls
    ``COUNT(*)`` COUNT.
    """
    match column.value:
        case ast.Name(text=text):
            return text
        case ast.FunctionCall(name=name, star=True) if name.upper() in AGGREGATES:
            return name.upper()
        case ast.FunctionCall(name=name, arguments=(ast.Name(text=argument),)) if (
            name.upper() in AGGREGATES
        ):
            return f"{name.upper()}_{argument}"
    return column.written


def named_as_first(
    written: Sequence[ast.Column], columns: Sequence[Column], keys: Sequence[Operand]
) -> tuple[Column, ...]:
    """The columns of a grouped query. A property that is neither a key nor has an alias is called
    ``FIRST_sourceip``, as on IBM's page of the aggregate functions.
    """
    known = [key.property for key in keys if isinstance(key, Field)]
    values = [column for column in written if column.value is not None]
    return tuple(
        replace(column, alias=f"FIRST_{column.alias}")
        if source.alias is None
        and isinstance(source.value, ast.Name)
        and isinstance(column.operand, Field)
        and column.operand.property not in known
        else column
        for source, column in zip(values, columns, strict=True)
    )
