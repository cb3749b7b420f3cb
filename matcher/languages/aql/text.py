"""An expression as AQL text; compiling the text gives the same expression again.

This holds for every compiled expression, with the same catalogue and policy and without ``now``
(:func:`matcher.languages.aql.compile_query`), unless the text is longer or nested deeper than a
query may be.
"""

import re
from collections.abc import Iterable

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Case,
    Compare,
    Constant,
    Exists,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Not,
    Operand,
    Or,
    Recent,
    Scalar,
)
from matcher.engine.rule import Column
from matcher.languages.aql.functions import OPERATORS

_WIDTH = 90
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMING_CALL = re.compile(r"[A-Z0-9]+\([A-Za-z]*\)")
_WORDS = frozenset(
    (
        *("select", "from", "into", "where", "group", "having", "order", "by", "limit", "last"),
        *("start", "stop", "parameters", "collate", "asc", "desc", "as", "and", "or", "not"),
        *("between", "in", "is", "null", "like", "ilike", "matches", "imatches", "text"),
        *("case", "when", "then", "else", "end", "if"),
    )
)


def aql_text(expression: Expression) -> str:
    """The expression as a filter; if it holds for every event, a statement without WHERE."""
    match expression:
        case Always(holds):
            return "SELECT * FROM events" if holds else "NULL = NULL"
        case And(items):
            return " AND ".join(map(_part, items))
        case Or(items):
            return " OR ".join(map(_part, items))
        case Not(item):
            return f"NOT {_part(item)}"
        case _:
            return _leaf(expression)


def aql_statement(expression: Expression, columns: Iterable[Column] = ()) -> str:
    """The expression as a SELECT statement in several lines, with these columns or with ``*``."""
    listed = [f"{operand_text(c.operand)} AS {_quoted(c.alias)}" for c in columns]
    head = "SELECT " + (",\n  ".join(listed) or "*") + "\nFROM events"
    if isinstance(expression, Always) and expression.holds:
        return head
    return f"{head}\nWHERE {_laid_out(expression, 1)}"


def _laid_out(expression: Expression, depth: int) -> str:
    """AND and OR with each of their parts on a line of its own."""
    if not isinstance(expression, And | Or):
        return _negated(expression, depth)
    word = "AND" if isinstance(expression, And) else "OR"
    parts = [_block(item, depth) for item in expression.items]
    return f"\n{'  ' * depth}{word} ".join(parts)


def _block(expression: Expression, depth: int) -> str:
    if not isinstance(expression, And | Or):
        return _negated(expression, depth)
    inner = _laid_out(expression, depth + 1)
    return f"(\n{'  ' * (depth + 1)}{inner}\n{'  ' * depth})"


def _negated(expression: Expression, depth: int) -> str:
    if isinstance(expression, Not):
        return f"NOT {_block(expression.item, depth)}"
    if isinstance(expression, Among):
        return _listed(expression, depth)
    return aql_text(expression)


def _listed(leaf: Among, depth: int) -> str:
    """A list of values, on several lines."""
    lines = [f"{operand_text(leaf.operand)} IN ("]
    for at, value in enumerate(leaf.values):
        written = _constant(value) + (", " if at + 1 < len(leaf.values) else ")")
        if at and len(lines[-1]) + len(written) > _WIDTH:
            lines[-1] = lines[-1].rstrip()
            lines.append("  " * (depth + 1))
        lines[-1] += written
    return "\n".join(lines)


def _part(expression: Expression) -> str:
    """A part of an AND or OR: an AND or OR inside is put in parentheses."""
    written = aql_text(expression)
    return f"({written})" if isinstance(expression, And | Or) else written


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Compare(operator, left, right):
            return f"{operand_text(left)} {operator.value} {operand_text(right)}"
        case Among(item, values):
            return f"{operand_text(item)} IN ({', '.join(map(_constant, values))})"
        case Like(item, pattern, caseless):
            return f"{operand_text(item)} {'ILIKE' if caseless else 'LIKE'} {_quoted(pattern)}"
        case Matches(item, pattern, caseless):
            word = "IMATCHES" if caseless else "MATCHES"
            return f"{operand_text(item)} {word} {_quoted(pattern)}"
        case InNetwork(item, network):
            return f"INCIDR('{network}', {operand_text(item)})"
        case IsNull(item):
            return f"{operand_text(item)} IS NULL"
        case Recent(_, written):
            return written
        case Always():
            return aql_text(leaf)
        case Exists():
            raise ValueError("AQL has no word for a name that is there, whatever it holds")


def operand_text(item: Operand) -> str:
    """A value as AQL."""
    match item:
        case Field(written=written):
            return _name(written)
        case Constant(value):
            return _constant(value)
        case Call(function, arguments):
            given = [operand_text(argument) for argument in arguments]
            if function.name in OPERATORS:
                return f"({f' {function.name} '.join(given)})"
            return f"{function.name}({', '.join(given)})"
        case Case(branches, otherwise):
            whens = (f"WHEN {aql_text(c)} THEN {operand_text(v)}" for c, v in branches)
            return f"CASE {' '.join(whens)} ELSE {operand_text(otherwise)} END"


def _name(written: str) -> str:
    """A property's name, in double quotes where it needs them; ``QIDNAME(qid)`` as it is."""
    if _NAMING_CALL.fullmatch(written):
        return written
    if _PLAIN_NAME.fullmatch(written) and written.lower() not in _WORDS:
        return written
    return '"' + written.replace('"', '""') + '"'


def _constant(value: Scalar) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return _quoted(value)
    return f"({value!r})" if str(value).startswith("-") else repr(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
