"""The parser's tree → :mod:`matcher.languages.aql.ast`. No name is looked up."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from lark import Token, Tree

from matcher.errors import Location, RuleSyntaxError
from matcher.languages.aql import ast

_LONGEST_NUMBER = 100
_SPELLINGS = {"==": "=", "<>": "!="}


class Builder:
    """Builds the tree of one text. The parser bounds its depth, so recursion is safe here."""

    def __init__(self, text: str, comments: tuple[Location, ...]) -> None:
        self._whole = text
        self._comments = comments

    def transform(self, tree: Tree[Token]) -> ast.Parsed:
        """The whole text."""
        semicolon = tree.children[1] if len(tree.children) > 1 else None
        return ast.Parsed(
            root=self.node(tree.children[0]),
            kind="statement" if tree.data == "query" else "filter",
            comments=self._comments,
            semicolon=_token_place(semicolon) if isinstance(semicolon, Token) else None,
        )

    def node(self, tree: Any) -> Any:
        """One node, built by the method for its grammar rule."""
        build: Callable[[Tree[Token]], Any] = getattr(self, f"_{tree.data}")
        return build(tree)

    def nodes(self, trees: Any) -> tuple[Any, ...]:
        """Several nodes."""
        return tuple(self.node(tree) for tree in trees)

    def at(self, tree: Tree[Token]) -> Location:
        """The place of a node: its first line."""
        meta = tree.meta
        end = meta.end_column
        if meta.end_line != meta.line:
            line_end = self._whole.find("\n", meta.start_pos)
            end = meta.column + line_end - meta.start_pos
        return Location(meta.line, meta.column, max(1, end - meta.column))

    # Statements

    def _statement(self, tree: Tree[Token]) -> ast.Select:
        word, *others = tree.children
        distinct = _token_place(word) if isinstance(word, Token) else None
        columns, source, *rest = tree.children if distinct is None else others
        parts: dict[str, Any] = {"into": None, "where": None}
        clauses = []
        for child in rest:
            if isinstance(child, Tree) and child.data in parts:
                parts[child.data] = self.node(child)
            else:
                clauses.append(self.node(child))
        return ast.Select(
            at=self.at(tree),
            distinct=distinct,
            columns=self.nodes(columns.children),  # type: ignore[union-attr]
            source=self.node(source),
            clauses=tuple(clauses),
            **parts,
        )

    def _plain_column(self, tree: Tree[Token]) -> ast.Column:
        item = tree.children[0]
        return ast.Column(self.at(tree), self.node(item), None, "", self._written(tree))

    def _named_column(self, tree: Tree[Token]) -> ast.Column:
        item, alias = tree.children
        token: Any = alias.children[0]  # type: ignore[union-attr]
        quote = token[0] if token[0] in "'\"" else ""
        written = self._written(tree)
        return ast.Column(self.at(tree), self.node(item), _unquoted(token), quote, written)

    def _all_columns(self, tree: Tree[Token]) -> ast.Column:
        return ast.Column(self.at(tree), None, None, "", "*")

    def _written(self, tree: Tree[Token]) -> str:
        return " ".join(self._whole[tree.meta.start_pos : tree.meta.end_pos].split())

    def _source(self, tree: Tree[Token]) -> ast.Name | ast.Select:
        child = tree.children[0]
        if isinstance(child, Token):
            return _name(child)
        select: ast.Select = self.node(child)
        return select

    def _into(self, tree: Tree[Token]) -> ast.Name:
        return _name(tree.children[0])

    def _where(self, tree: Tree[Token]) -> Any:
        return self.node(tree.children[0])

    def _subselect(self, tree: Tree[Token]) -> Any:
        return self.node(tree.children[0])

    # Clauses

    def _group_by(self, tree: Tree[Token]) -> ast.GroupBy:
        return ast.GroupBy(self.at(tree), self.nodes(tree.children))

    def _having(self, tree: Tree[Token]) -> ast.Having:
        return ast.Having(self.at(tree), self.node(tree.children[0]))

    def _order_by(self, tree: Tree[Token]) -> ast.OrderBy:
        return ast.OrderBy(self.at(tree), self.nodes(tree.children))

    def _ordering(self, tree: Tree[Token]) -> ast.Ordering:
        item, *rest = tree.children
        descending, collation = False, None
        for child in rest:
            if isinstance(child, Token):
                descending = child.lower() == "desc"
            else:
                collation = _unquoted(child.children[0])
        return ast.Ordering(self.at(tree), self.node(item), descending, collation)

    def _limit(self, tree: Tree[Token]) -> ast.Limit:
        return ast.Limit(self.at(tree), self._value(tree.children[0]))

    def _start_stop(self, tree: Tree[Token]) -> ast.StartStop:
        start, *stop = tree.children
        return ast.StartStop(self.at(tree), self.node(start), self.node(stop[0]) if stop else None)

    def _parameters(self, tree: Tree[Token]) -> ast.Parameters:
        names = tuple(str(child.children[0]) for child in tree.children)  # type: ignore[union-attr]
        return ast.Parameters(self.at(tree), names)

    def _last(self, tree: Tree[Token]) -> ast.Last:
        amount, unit = tree.children
        return ast.Last(self.at(tree), self._value(amount), str(unit))

    # Conditions

    def _any(self, tree: Tree[Token]) -> ast.Or:
        return ast.Or(self.at(tree), self.nodes(tree.children))

    def _all(self, tree: Tree[Token]) -> ast.And:
        return ast.And(self.at(tree), self.nodes(tree.children))

    def _not(self, tree: Tree[Token]) -> ast.Not:
        return ast.Not(self.at(tree), self.node(tree.children[0]))

    def _comparison(self, tree: Tree[Token]) -> ast.Comparison:
        left, operator, right = tree.children
        sign = _SPELLINGS.get(str(operator), str(operator))
        return ast.Comparison(self.at(tree), sign, self.node(left), self.node(right))

    def _between(self, tree: Tree[Token]) -> ast.Between:
        item, low, high = self.nodes(_trees(tree))
        return ast.Between(self.at(tree), item, low, high, negated=_has(tree, "NOT"))

    def _among(self, tree: Tree[Token]) -> ast.Among:
        item, members = _trees(tree)
        listed = members.children if members.data == "members" else [members]
        return ast.Among(
            self.at(tree), self.node(item), self.nodes(listed), negated=_has(tree, "NOT")
        )

    def _like(self, tree: Tree[Token]) -> ast.Like:
        item, pattern = self.nodes(_trees(tree))
        return ast.Like(self.at(tree), item, pattern, _caseless(tree), _has(tree, "NOT"))

    def _matches(self, tree: Tree[Token]) -> ast.Matches:
        item, pattern = self.nodes(_trees(tree))
        return ast.Matches(self.at(tree), item, pattern, _caseless(tree), _has(tree, "NOT"))

    def _is_null(self, tree: Tree[Token]) -> ast.IsNull:
        item = self.node(tree.children[0])
        return ast.IsNull(self.at(tree), item, negated=_has(tree, "NOT"))

    def _text_search(self, tree: Tree[Token]) -> ast.TextSearch:
        return ast.TextSearch(self.at(tree), _unquoted(tree.children[0]))

    # Values

    def _arithmetic(self, tree: Tree[Token]) -> ast.Arithmetic:
        first, *rest = tree.children
        pairs = zip(rest[::2], rest[1::2], strict=True)
        operations = tuple((str(sign), self.node(item)) for sign, item in pairs)
        return ast.Arithmetic(self.at(tree), self.node(first), operations)

    _bits = _sum = _product = _power = _arithmetic

    def _negative(self, tree: Tree[Token]) -> ast.Negative | ast.Number:
        item = self.node(tree.children[1])
        if isinstance(item, ast.Number):
            return ast.Number(self.at(tree), -item.value)
        return ast.Negative(self.at(tree), item)

    def _name(self, tree: Tree[Token]) -> ast.Name:
        return _name(tree.children[0])

    def _text(self, tree: Tree[Token]) -> ast.Text:
        return ast.Text(self.at(tree), _unquoted(tree.children[0]))

    def _number(self, tree: Tree[Token]) -> ast.Number:
        return ast.Number(self.at(tree), self._value(tree.children[0]))

    def _null(self, tree: Tree[Token]) -> ast.Null:
        return ast.Null(self.at(tree))

    def _call(self, tree: Tree[Token]) -> ast.FunctionCall:
        name, *rest = tree.children
        arguments = _trees(tree)
        given = arguments[0].children if arguments else []
        star = bool(given) and isinstance(given[0], Token)
        items = () if star else self.nodes(given)
        distinct = any(isinstance(word, Token) for word in rest)
        return ast.FunctionCall(self.at(tree), str(name), items, star, distinct)

    def _if_call(self, tree: Tree[Token]) -> ast.FunctionCall:
        """``IF(condition, value, value)`` as other languages have it. It is parsed, so that it can
        be refused by name.
        """
        return ast.FunctionCall(self.at(tree), "IF", (), star=False)

    def _case(self, tree: Tree[Token]) -> ast.Choice:
        subject, branches, otherwise = None, [], None
        for child in _trees(tree):
            if child.data == "when":
                branches.append(self.nodes(child.children))
            elif child.data == "else":
                otherwise = self.node(child.children[0])
            else:
                subject = self.node(child)
        pairs = tuple((when, then) for when, then in branches)
        return ast.Choice(self.at(tree), "CASE", subject, pairs, otherwise)

    def _if(self, tree: Tree[Token]) -> ast.Choice:
        condition, then, otherwise = self.nodes(tree.children)
        return ast.Choice(self.at(tree), "IF", None, ((condition, then),), otherwise)

    def _value(self, token: Any) -> int | float:
        if len(token) > _LONGEST_NUMBER:
            raise self._number_error(token, f"this number has over {_LONGEST_NUMBER} digits")
        if token.type == "HEXADECIMAL":
            return int(token, 16)
        value = int(token) if token.isdigit() else float(token)
        if not isfinite(value):
            raise self._number_error(token, "this number is too large")
        return value

    def _number_error(self, token: Any, message: str) -> RuleSyntaxError:
        return RuleSyntaxError(
            message, code="number", location=_token_place(token), source=self._whole
        )


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _has(tree: Tree[Token], kind: str) -> bool:
    return any(isinstance(child, Token) and child.type == kind for child in tree.children)


def _caseless(tree: Tree[Token]) -> bool:
    return any(isinstance(child, Token) and child[0] in "iI" for child in tree.children)


def _token_place(token: Token) -> Location:
    return Location(token.line or 1, token.column or 1, max(1, len(token)))


def _name(token: Any) -> ast.Name:
    return ast.Name(_token_place(token), _unquoted(token), token.type == "QUOTED")


def _unquoted(token: Any) -> str:
    quote = token[0]
    if quote not in "'\"":
        return str(token)
    return str(token)[1:-1].replace(quote * 2, quote)
