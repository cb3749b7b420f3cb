"""Conditions of AQL → the engine's expressions."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Like,
    Matches,
    Not,
    Operand,
    Or,
    Recent,
)
from matcher.engine.regex import BadRegexError, compiled, whole
from matcher.errors import Location, RuleError
from matcher.events.schema import Kind
from matcher.languages.aql import ast, dialect
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.nulls import NOTHING, three_valued
from matcher.languages.aql.operands import Operands
from matcher.languages.aql.policy import AqlPolicy
from matcher.languages.aql.types import Types, network_in
from matcher.languages.nearest import nearest

_MILLISECONDS = {"MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_LONGEST_LAST = 1_000_000
_NO_ADDRESS = (Kind.NUMBER, Kind.TIME, Kind.PAYLOAD)


class Conditions:
    """Compiles conditions. The error of a wrong leaf is added to the findings and compiling goes
    on, so that one pass shows every error.
    """

    def __init__(
        self, operands: Operands, types: Types, findings: Findings, policy: AqlPolicy
    ) -> None:
        self._operands = operands
        self._types = types
        self._findings = findings
        self._policy = policy

    def where(self, node: ast.Node) -> Expression:
        """Compile the condition of WHERE, or a filter."""
        return self._logic(self._top(node))

    def condition(self, node: ast.Node) -> Expression:
        """Compile a condition of a CASE."""
        return self._logic(self._condition(node))

    def _logic(self, expression: Expression) -> Expression:
        as_in_sql = three_valued(expression)
        if as_in_sql != expression:
            self._findings.rests_on("aql.nulls", self._policy.nulls)
        return as_in_sql if self._policy.nulls == "three-valued" else expression

    def _top(self, node: ast.Node) -> Expression:
        """Compile the top of WHERE, where compat accepts LAST as a part that AND joins."""
        if isinstance(node, ast.And):
            return And(tuple(self._top(item) for item in node.items))
        if isinstance(node, ast.Last):
            self._findings.departs(dialect.LAST_IN_WHERE, node.at)
            try:
                return self.recent(node)
            except RuleError as error:
                self._findings.add(error)
                return Always(holds=False)
        return self._condition(node)

    def _condition(self, node: ast.Node) -> Expression:
        match node:
            case ast.And(items=items):
                return And(tuple(map(self._condition, items)))
            case ast.Or(items=items):
                return Or(tuple(map(self._condition, items)))
            case ast.Not(item=item):
                return Not(self._condition(item))
        try:
            return self._leaf(node)
        except RuleError as error:
            self._findings.add(error)
            return Always(holds=False)

    def recent(self, node: ast.Last) -> Recent:
        """Compile a LAST clause. Raises RuleSemanticError for an invalid amount or unit."""
        unit = node.unit.upper()
        milliseconds = _MILLISECONDS.get(unit.removesuffix("S"))
        if milliseconds is None:
            raise self._findings.semantic(
                "unknown-unit",
                f"LAST counts MINUTES, HOURS or DAYS, not '{node.unit[:40]}'",
                node.at,
            )
        if not unit.endswith("S"):
            self._findings.departs(dialect.SINGULAR_UNIT, node.at, unit=node.unit)
        if not isinstance(node.amount, int) or not 0 < node.amount <= _LONGEST_LAST:
            raise self._findings.semantic(
                "wrong-number", f"LAST takes a whole number from 1 to {_LONGEST_LAST:,}", node.at
            )
        return Recent(node.amount * milliseconds, f"LAST {node.amount} {unit}")

    def _leaf(self, node: ast.Node) -> Expression:
        match node:
            case ast.Comparison():
                return self._comparison(node)
            case ast.Between():
                return self._between(node)
            case ast.Among():
                return self._among(node)
            case ast.Like():
                return _unless(node.negated, self._like(node))
            case ast.Matches():
                return _unless(node.negated, self._matches(node))
            case ast.IsNull(item=item):
                return _unless(node.negated, IsNull(self._operands.operand(item)))
            case ast.FunctionCall():
                return self._predicate(node)
            case _:
                raise self._no_condition(node)

    def _no_condition(self, node: ast.Node) -> RuleError:
        match node:
            case ast.Select():
                return self._operands.sub_select(node)
            case ast.TextSearch():
                return self._findings.unsupported(
                    "text-search",
                    "TEXT SEARCH asks QRadar's index of words, which is not here",
                    node.at,
                    "write UTF8(payload) ILIKE '%…%'",
                )
            case ast.Last():
                return self._findings.semantic(
                    "last-in-condition",
                    "LAST holds for the whole query: it stands under no OR and no NOT",
                    node.at,
                    "join it to the rest of WHERE by AND, or write it at the end",
                )
            case _:
                return self._findings.semantic(
                    "not-a-condition",
                    "a value stands where a condition is due",
                    node.at,
                    "compare it: … = '…'",
                )

    def _comparison(self, node: ast.Comparison) -> Expression:
        if isinstance(node.left, ast.Null) or isinstance(node.right, ast.Null):
            self._findings.note(
                f"a comparison with NULL never holds (line {node.at.line}): "
                "write IS NULL or IS NOT NULL"
            )
        left, right = self._operands.operand(node.left), self._operands.operand(node.right)
        texts = [one for one in (node.left, node.right) if isinstance(one, ast.Text)]
        if texts and isinstance(left, Constant) and isinstance(right, Constant):
            self._findings.note(
                f"two values that stand in the query are compared (line {node.at.line}): "
                f'a name stands in double quotes, "{texts[0].value[:60]}"'
            )
        return self._compared(Comparison(node.operator), left, right, _value_at(node))

    def _compared(
        self, operator: Comparison, left: Operand, right: Operand, at: Location
    ) -> Compare:
        self._types.compared(operator, left, right, at)
        return Compare(operator, left, right)

    def _between(self, node: ast.Between) -> Expression:
        item = self._operands.operand(node.item)
        low, high = self._operands.operand(node.low), self._operands.operand(node.high)
        inside = And(
            (
                self._compared(Comparison.AT_LEAST, item, low, node.low.at),
                self._compared(Comparison.AT_MOST, item, high, node.high.at),
            )
        )
        return _unless(node.negated, inside)

    def _among(self, node: ast.Among) -> Expression:
        item = self._operands.operand(node.item)
        if any(isinstance(member, ast.Null) for member in node.members):
            self._findings.note(
                f"NULL in a list equals nothing (line {node.at.line}): write … OR … IS NULL"
            )
        members = [self._operands.operand(member) for member in node.members]
        for member, value in zip(node.members, members, strict=True):
            self._types.compared(Comparison.EQUAL, item, value, member.at)
        values = tuple(member.value for member in members if isinstance(member, Constant))
        if len(values) == len(members):
            return _unless(node.negated, Among(item, values))
        equal = tuple(Compare(Comparison.EQUAL, item, member) for member in members)
        return _unless(node.negated, Or(equal) if len(equal) > 1 else equal[0])

    def _like(self, node: ast.Like) -> Expression:
        word = "ILIKE" if node.caseless else "LIKE"
        item = self._operands.operand(node.item)
        if isinstance(item, Field) and item.property.kind is Kind.ADDRESS:
            self._findings.departs(
                dialect.LIKE_ON_ADDRESS, node.at, operator=word, name=item.written
            )
        pattern = node.pattern
        if isinstance(pattern, ast.FunctionCall) and pattern.name.upper() == "ENUMERATION":
            self._findings.departs(dialect.ENUMERATION, pattern.at, operator=word)
            likes = tuple(self._one_like(item, part, node) for part in pattern.arguments)
            if not likes:
                raise self._findings.semantic("wrong-argument", "ENUMERATION is empty", pattern.at)
            return Or(likes) if len(likes) > 1 else likes[0]
        return self._one_like(item, pattern, node)

    def _one_like(self, item: Operand, pattern: ast.Node, node: ast.Like) -> Like:
        word = "ILIKE" if node.caseless else "LIKE"
        text = self._pattern_text(pattern, word)
        self._types.matched(item, text, pattern.at)
        return Like(item, text, node.caseless)

    def _matches(self, node: ast.Matches) -> Expression:
        word = "IMATCHES" if node.caseless else "MATCHES"
        item = self._operands.operand(node.item)
        pattern = self._pattern_text(node.pattern, word)
        try:
            compiled(pattern, caseless=node.caseless)
        except BadRegexError as error:
            raise self._findings.semantic("bad-pattern", str(error), node.pattern.at) from None
        self._findings.rests_on("aql.matches", self._policy.matches)
        if self._policy.matches == "full":
            pattern = whole(pattern)
        return Matches(item, pattern, node.caseless)

    def _pattern_text(self, pattern: ast.Node, word: str) -> str:
        if isinstance(pattern, ast.Text):
            return pattern.value
        hint = "a text stands in single quotes"
        if isinstance(pattern, ast.Name) and pattern.quoted:
            hint = "double quotes hold names; a text stands in single quotes"
        raise self._findings.semantic(
            "pattern-not-text", f"{word} takes a text that stands in the rule", pattern.at, hint
        )

    def _predicate(self, call: ast.FunctionCall) -> Expression:
        """A function that is a condition by itself, such as INCIDR."""
        if call.name.upper() == "INCIDR":
            return self._in_network(call)
        if call.name.upper() == "REFERENCESETCONTAINS":
            return self._in_reference_set(call)
        self._operands.operand(call)
        raise self._findings.semantic(
            "not-a-condition",
            f"{call.name.upper()} gives a value, and a condition is due",
            call.at,
            "compare it: … = '…'",
        )

    def _in_network(self, call: ast.FunctionCall) -> Expression:
        match call.arguments:
            case (ast.Text(value=written, at=at), item):
                network = self._network(written, at)
                return InNetwork(self._operands.operand(item), network)
        raise self._findings.semantic(
            "wrong-argument",
            "INCIDR takes a network and an address, in this order",
            call.at,
            "INCIDR('192.0.2.0/24', sourceip)",
        )

    def _in_reference_set(self, call: ast.FunctionCall) -> Expression:
        match call.arguments:
            case (ast.Text(value=name, at=at), item):
                values = self._policy.reference_sets.get(name)
                if values is None:
                    raise self._unknown_set(name, at)
                self._findings.rests_on(
                    f"aql.reference_sets {name}", self._policy.digest_of_set(name)
                )
                return self._among_listed(self._operands.operand(item), name, values)
        raise self._findings.semantic(
            "wrong-argument",
            "REFERENCESETCONTAINS takes a set's name and a value, in this order",
            call.at,
            "REFERENCESETCONTAINS('Admins', username)",
        )

    def _among_listed(self, item: Operand, name: str, values: Iterable[str]) -> Expression:
        """The condition that a value is in a set, or is an address in one of the set's networks."""
        written = sorted(values)
        if not written:
            return NOTHING
        self._note_strangers(item, name, written)
        equal = Among(item, tuple(written))
        if isinstance(item, Field) and item.property.kind in _NO_ADDRESS:
            return equal
        networks = {one: network for one in written if (network := network_in(one)) is not None}
        for one, network in networks.items():
            if str(network) != one:
                self._findings.note(f"in the reference set '{name}' {one} is read as {network}")
        merged: list[IPv4Network | IPv6Network] = [
            *collapse_addresses(one for one in networks.values() if isinstance(one, IPv4Network)),
            *collapse_addresses(one for one in networks.values() if isinstance(one, IPv6Network)),
        ]
        if not merged:
            return equal
        return Or((equal, *(InNetwork(item, network) for network in merged)))

    def _note_strangers(self, item: Operand, name: str, written: Sequence[str]) -> None:
        """Say what stands in a set and can never be the value that is asked for."""
        strange = [one for one in written if not self._types.may_equal(item, one)]
        if strange and isinstance(item, Field):
            more = f" and {len(strange) - 1} more" if strange[1:] else ""
            self._findings.note(
                f"{item.written} is never '{strange[0][:60]}'{more} of the reference set '{name}'"
            )

    def _unknown_set(self, name: str, at: Location) -> RuleError:
        sets = self._policy.reference_sets
        guess = nearest(name, sets)
        hint = f"did you mean '{guess}'?" if guess else "aql.reference_sets names their directory"
        return self._findings.semantic(
            "unknown-reference-set", f"there is no reference set '{name[:60]}'", at, hint
        )

    def _network(self, written: str, at: Location) -> IPv4Network | IPv6Network:
        try:
            return ip_network(written, strict=False)
        except ValueError:
            raise self._findings.semantic(
                "bad-network", f"'{written[:60]}' is no network", at, "such as '192.0.2.0/24'"
            ) from None


def _value_at(node: ast.Comparison) -> Location:
    """The place of the value that a name is compared with."""
    return node.left.at if isinstance(node.right, ast.Name) else node.right.at


def _unless(negated: bool, expression: Expression) -> Expression:
    return Not(expression) if negated else expression
