"""Values of AQL → the engine's operands."""

from functools import reduce

from matcher.engine.expression import Call, Constant, Operand
from matcher.errors import RuleError
from matcher.languages.aql import ast
from matcher.languages.aql.dateformat import pieces
from matcher.languages.aql.diagnostics import nearest
from matcher.languages.aql.findings import Findings
from matcher.languages.aql.functions import FUNCTIONS, OPERATORS, REFUSALS
from matcher.languages.aql.names import NAMING_FUNCTIONS, Names

_LONGEST_CHAIN = 50
"""How many arithmetic operators of one rank may follow each other: each is one call in another."""

NOW = "NOW"
CONDITION_FUNCTIONS = ("INCIDR",)
_KNOWN = (*FUNCTIONS, *NAMING_FUNCTIONS, NOW, *CONDITION_FUNCTIONS, *REFUSALS)


class Operands:
    """Compiles values. Every method raises the RuleError of the first fault it meets."""

    def __init__(self, names: Names, findings: Findings) -> None:
        self._names = names
        self._findings = findings

    def operand(self, node: ast.Node) -> Operand:
        """The operand that a value is."""
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
            case ast.Choice() | ast.Select():
                raise self.not_evaluated(node)
            case _:
                raise self._findings.semantic(
                    "not-a-value",
                    "a condition stands where a value is due",
                    node.at,
                    "conditions belong into WHERE",
                )

    def not_evaluated(self, node: ast.Choice | ast.Select) -> RuleError:
        """The refusal of what is parsed and has no value on a stream."""
        if isinstance(node, ast.Select):
            return self._findings.unsupported(
                "sub-select",
                "a sub-select needs a stored answer, and a rule looks at one event",
                node.at,
                "list the values: field IN ('…', '…')",
            )
        return self._findings.unsupported(
            "case",
            f"{node.word} … THEN is not evaluated on a stream",
            node.at,
            "write the cases as conditions joined by AND and OR",
        )

    def refused_or_unknown(self, call: ast.FunctionCall) -> RuleError:
        """The error for a function that has no value here."""
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
        if name == NOW:
            return self._names.now(call)
        if name in CONDITION_FUNCTIONS:
            raise self._findings.semantic(
                "not-a-value", f"{name} is a condition, not a value", call.at, "use it in WHERE"
            )
        signature = FUNCTIONS.get(name)
        if signature is None:
            raise self.refused_or_unknown(call)
        if call.star or not signature.fewest <= len(call.arguments) <= signature.most:
            raise self._findings.semantic(
                "wrong-argument",
                f"{name} takes {signature} argument{'' if str(signature) == '1' else 's'}",
                call.at,
            )
        if name == "DATEFORMAT":
            self._check_date_pattern(call.arguments[1])
        return Call(signature.function, tuple(map(self.operand, call.arguments)))

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
