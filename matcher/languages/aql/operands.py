"""Values of AQL → the engine's operands."""

from collections.abc import Callable
from datetime import tzinfo
from functools import reduce

from matcher.engine.expression import (
    Call,
    Case,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    Operand,
)
from matcher.engine.regex import BadRegexError
from matcher.engine.values import number_of
from matcher.errors import RuleError
from matcher.events.schema import Kind
from matcher.languages.aql import ast
from matcher.languages.aql.aggregates import AGGREGATES
from matcher.languages.aql.dateformat import pieces
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.functions import FUNCTIONS, OPERATORS, REFUSALS, date_function
from matcher.languages.aql.grouping import Slots, Written
from matcher.languages.aql.moments import milliseconds_ago, moment
from matcher.languages.aql.names import NAMING_FUNCTIONS, Names
from matcher.languages.aql.policy import AqlPolicy
from matcher.languages.aql.replacing import template
from matcher.languages.aql.types import Types
from matcher.languages.nearest import nearest

_LONGEST_CHAIN = 50
"""The most arithmetic operators of one rank in a row; each becomes one call inside another."""

CONDITION_FUNCTIONS = ("INCIDR", "REFERENCESETCONTAINS")
TIME_FUNCTIONS = ("NOW", "PARSEDATETIME")
_KNOWN = (*FUNCTIONS, *NAMING_FUNCTIONS, *TIME_FUNCTIONS, *CONDITION_FUNCTIONS, *REFUSALS)


class Operands:
    """Compiles values. Every method raises the RuleError of the first error that it finds.

    ``condition`` compiles the conditions of a CASE. ``now`` is the time of the query in epoch
    milliseconds; None in a rule, where each event has its own. ``slots`` collects the aggregates.
    """

    def __init__(
        self,
        names: Names,
        findings: Findings,
        policy: AqlPolicy,
        *,
        now: int | None,
        slots: Slots,
        condition: Callable[[ast.Node], Expression],
    ) -> None:
        self._names = names
        self._types = Types(names, findings)
        self._findings = findings
        self._policy = policy
        self._now = now
        self._slots = slots
        self._condition = condition

    def operand(self, node: ast.Node) -> Operand:
        """The operand for a value."""
        match node:
            case ast.Name():
                return self._names.operand(node)
            case ast.Text(value=value) | ast.Number(value=value):
                return Constant(value)
            case ast.Null():
                return Constant(None)
            case ast.FunctionCall():
                return self._call(node)
            case ast.Arithmetic():
                return self._arithmetic(node)
            case ast.Negative(item=item):
                return Call(OPERATORS["-"], (Constant(0), self.operand(item)))
            case ast.Choice():
                return self._case(node)
            case ast.Select():
                raise self.sub_select(node)
            case _:
                raise self._findings.semantic(
                    "not-a-value",
                    "a condition stands where a value is due",
                    node.at,
                    "conditions belong into WHERE",
                )

    def sub_select(self, node: ast.Select) -> RuleError:
        """The error for a query inside another query."""
        return self._findings.unsupported(
            "sub-select",
            "a sub-select needs a stored answer, and a rule looks at one event",
            node.at,
            "list the values: field IN ('…', '…')",
        )

    def _case(self, node: ast.Choice) -> Case:
        """CASE and IF. A branch of ``CASE subject WHEN value`` is taken if the subject equals the
        value.
        """
        subject = None if node.subject is None else self.operand(node.subject)
        branches = []
        for when, then in node.branches:
            if subject is None:
                test = self._condition(when)
            else:
                value = self.operand(when)
                self._types.compared(Comparison.EQUAL, subject, value, when.at)
                test = Compare(Comparison.EQUAL, subject, value)
            branches.append((test, self.operand(then)))
        otherwise = Constant(None) if node.otherwise is None else self.operand(node.otherwise)
        return Case(tuple(branches), otherwise)

    def refused_or_unknown(self, call: ast.FunctionCall) -> RuleError:
        """The error for a function that cannot be used as a value here."""
        name = call.name.upper()
        refusal = REFUSALS.get(name)
        if refusal is not None:
            return self._findings.unsupported(
                refusal.code, f"{name} {refusal.reason}", call.at, refusal.hint
            )
        guess = nearest(name, _KNOWN)
        return self._findings.unsupported(
            "unknown-function",
            f"the function {call.name[:100]} is not known here",
            call.at,
            f"did you mean {guess}?" if guess else "docs/rule-format.md lists what is evaluated",
        )

    def _call(self, call: ast.FunctionCall) -> Operand:
        name = call.name.upper()
        if name in NAMING_FUNCTIONS:
            return self._names.name_of_id(call)
        if name == "NOW":
            return self._moment(self._names.now(call), 0)
        if name == "PARSEDATETIME":
            return self._parsed_datetime(call)
        if name in CONDITION_FUNCTIONS:
            raise self._findings.semantic(
                "not-a-value", f"{name} is a condition, not a value", call.at, "use it in WHERE"
            )
        if name in AGGREGATES and self._now is not None:
            return self._aggregate(call)
        signature = FUNCTIONS.get(name)
        if signature is None:
            raise self.refused_or_unknown(call)
        if (
            call.star
            or call.distinct
            or not signature.fewest <= len(call.arguments) <= signature.most
        ):
            raise self._findings.semantic(
                "wrong-argument",
                f"{name} takes {signature} argument{'' if str(signature) == '1' else 's'}",
                call.at,
            )
        function = signature.function
        if name == "DATEFORMAT":
            self._check_date_pattern(call.arguments[1])
            function = date_function(self._zone())
        if name in ("REPLACEFIRST", "REPLACEALL"):
            self._check_replacement(call)
        return Call(function, tuple(map(self.operand, call.arguments)))

    def _aggregate(self, call: ast.FunctionCall) -> Operand:
        """The operand for an aggregate function."""
        name = call.name.upper()
        if call.distinct:
            raise self._findings.semantic(
                "distinct-argument",
                f"{name} takes no DISTINCT",
                call.at,
                f"AQL counts different values with UNIQUECOUNT({_shown(call)})",
            )
        if call.star and name == "COUNT":
            argument: Operand = Constant(1)
        elif call.star or len(call.arguments) != 1:
            wanted = "one value, or *" if name == "COUNT" else "one value"
            raise self._findings.semantic("wrong-argument", f"{name} takes {wanted}", call.at)
        else:
            argument = self.operand(call.arguments[0])
            if AGGREGATES[name].of_numbers:
                self._check_number(name, argument, call)
        if self._slots.within(argument) is not None:
            raise self._findings.semantic(
                "nested-aggregate",
                "an aggregate stands inside another",
                call.at,
                "each takes the values of single events",
            )
        return self._slots.of_text(name, argument, Written(f"{name}({_shown(call)})", call.at))

    def _check_number(self, name: str, argument: Operand, call: ast.FunctionCall) -> None:
        """Refuse an argument that can never be a number. The text of a custom property
        may be one.
        """
        match argument:
            case Field(found) if self._names.is_field(found):
                fits = found.kind in (Kind.NUMBER, Kind.TIME)
            case Constant(value):
                fits = number_of(value) is not None
            case _:
                fits = True
        if not fits:
            shown = _shown(call)
            raise self._findings.semantic(
                "not-a-number",
                f"{name} takes numbers, and {shown} is no number",
                call.arguments[0].at,
                f"COUNT({shown}) counts its values, UNIQUECOUNT({shown}) its different ones",
            )

    def _zone(self) -> tzinfo:
        """The console's time zone, with which times are written and read."""
        self._findings.rests_on("aql.time_zone", self._policy.zone)
        return self._policy.zone

    def _moment(self, now: Operand, ago: int) -> Operand:
        """The time this many milliseconds before now."""
        if self._now is not None:
            return Constant(self._now - ago)
        return Call(OPERATORS["-"], (now, Constant(ago))) if ago else now

    def _parsed_datetime(self, call: ast.FunctionCall) -> Operand:
        match call.arguments:
            case (ast.Text(value=text),):
                ago = milliseconds_ago(text)
                if ago is not None:
                    now = ast.FunctionCall(call.at, "NOW", (), star=False)
                    return self._moment(self._names.now(now), ago)
                absolute = moment(text, self._zone())
                if absolute is not None:
                    return Constant(absolute)
        raise self._findings.semantic(
            "wrong-argument",
            "PARSEDATETIME takes a time in single quotes, relative or absolute",
            call.at,
            "such as '1 hour ago', 'now', or '2026-01-31 08:00:00'",
        )

    def _check_replacement(self, call: ast.FunctionCall) -> None:
        match call.arguments:
            case (ast.Text(value=regex), _, ast.Text(value=replacement)):
                try:
                    template(regex, replacement)
                except BadRegexError as error:
                    at = call.arguments[0].at
                    raise self._findings.semantic("bad-pattern", str(error), at) from None
                except ValueError as error:
                    at = call.arguments[2].at
                    raise self._findings.semantic("bad-replacement", str(error), at) from None
            case _:
                raise self._findings.semantic(
                    "pattern-not-text",
                    f"{call.name.upper()} takes an expression and a replacement as texts",
                    call.at,
                    f"write {call.name.upper()}('regex', value, 'replacement')",
                )

    def _check_date_pattern(self, pattern: ast.Node) -> None:
        if not isinstance(pattern, ast.Text):
            raise self._findings.semantic(
                "date-pattern",
                "DATEFORMAT's pattern is a text in single quotes",
                pattern.at,
                "such as 'yyyy-MM-dd HH:mm:ss'",
            )
        try:
            pieces(pattern.value)
        except ValueError as error:
            raise self._findings.semantic(
                "date-pattern",
                str(error),
                pattern.at,
                "the letters are those of Java's SimpleDateFormat; quote others",
            ) from None

    def _arithmetic(self, node: ast.Arithmetic) -> Operand:
        if len(node.rest) > _LONGEST_CHAIN:
            raise self._findings.semantic(
                "too-long",
                f"over {_LONGEST_CHAIN} arithmetic operators follow each other",
                node.at,
                "",
            )
        return reduce(
            lambda left, step: Call(OPERATORS[step[0]], (left, self.operand(step[1]))),
            node.rest,
            self.operand(node.first),
        )


def _shown(call: ast.FunctionCall) -> str:
    """The argument of an aggregate, as it is shown in a message."""
    if call.star:
        return "*"
    match call.arguments[0]:
        case ast.Name(text=text):
            return text
        case ast.Text(value=text):
            return f"'{text[:60]}'"
    return "…"
