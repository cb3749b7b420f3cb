"""The conditions of an AQL rule → Sigma's, for the events of one log source type.

What Sigma cannot express exactly is refused by name. Differences that are part of the two
languages, however a rule is written, are noted (:mod:`matcher.languages.conversion.notes`).
"""

import dataclasses
import re
from collections.abc import Iterator

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
    Compare,
    Comparison,
    Constant,
    Expression,
    Field,
    InNetwork,
    IsNull,
    Leaf,
    Like,
    Matches,
    Not,
    Nulls,
    Operand,
    Or,
    Recent,
    Scalar,
)
from matcher.engine.gate import specialized
from matcher.engine.patterns import like_escaped, like_pieces
from matcher.engine.regex import regex_test
from matcher.engine.values import text_of
from matcher.events.catalogue import Catalogue
from matcher.events.schema import Kind
from matcher.events.sources import BY_KIND, SourceKind
from matcher.events.text import fold
from matcher.languages.conversion import notes
from matcher.languages.conversion.field_mapping import FieldMapping
from matcher.languages.conversion.notes import Notes, refused
from matcher.languages.sigma.fields import KEYWORDS, Fields
from matcher.languages.sigma.log_sources import SigmaLogSource
from matcher.languages.sigma.values import ESCAPE

_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class SigmaTerms:
    """AQL's conditions in Sigma's terms, for the events of one log source type.

    Differences are added to ``found``. Every method raises UnsupportedRule for what Sigma cannot
    express.
    """

    def __init__(
        self, source: SigmaLogSource, kind: SourceKind, catalogue: Catalogue, found: Notes
    ) -> None:
        self._fields = Fields([source])
        self._kind = kind
        self._catalogue = catalogue
        self._notes = found
        self._spelled = source.spelled
        operation = BY_KIND[kind].only_operation
        self._only_name = catalogue.naming(kind, operation).qidname if operation else None
        self._mapping = FieldMapping(catalogue, kind, source)

    def expression(self, node: Expression) -> Expression:
        """The expression in Sigma's terms; conditions on the log source type must have been decided
        before.
        """
        match node:
            case And(items):
                return And(tuple(map(self.expression, items)))
            case Or(items):
                return Or(tuple(map(self.expression, items)))
            case Not(item):
                return Not(self.expression(item))
            case _:
                return self._leaf(self._named(node))

    def shown(self, columns: tuple[Operand, ...]) -> Iterator[str]:
        """The names in the event that the columns show; columns without such a name are
        left out.
        """
        for column in columns:
            if isinstance(column, Field) and column.property.kind is not Kind.PAYLOAD:
                pair = self._mapping.of_property(column.property.name)
                if pair is not None:
                    yield pair.name

    def _named(self, leaf: Leaf) -> Leaf:
        """Replace QIDNAME by its value if every event of the log source has the same one."""
        if self._only_name is None:
            return leaf
        match leaf:
            case Compare(left=Field(property=found)) if found.name == "qidname":
                return dataclasses.replace(leaf, left=Constant(self._only_name))
            case (
                Among(operand=Field(property=found))
                | Like(operand=Field(property=found))
                | Matches(operand=Field(property=found))
                | IsNull(operand=Field(property=found))
            ) if found.name == "qidname":
                return dataclasses.replace(leaf, operand=Constant(self._only_name))
            case _:
                return leaf

    def _leaf(self, leaf: Leaf) -> Expression:
        decided = specialized(leaf, self._catalogue.type_of(self._kind))
        if isinstance(decided, Always):
            return decided
        match leaf:
            case Recent(_, written):
                self._notes.add(f"{written} {notes.LAST}")
                return Always(holds=True)
            case Compare():
                return self._compare(leaf)
            case Among(item, values):
                return Or(tuple(self._equal(item, value) for value in values))
            case Like(item, pattern, caseless):
                return self._like(item, pattern, caseless=caseless)
            case Matches(item, pattern, caseless):
                return self._matches(item, pattern, caseless=caseless)
            case InNetwork(item, network):
                return InNetwork(self._field(item), network, Nulls.SIGMA)
            case IsNull(item):
                field = self._field(item)
                return Or((IsNull(field, Nulls.SIGMA), _same(field, "")))
            case _:
                raise refused("unsupported", f"{type(leaf).__name__} has no equivalent in Sigma")

    def _compare(self, leaf: Compare) -> Expression:
        item, value = leaf.left, leaf.right
        if isinstance(item, Constant):
            item, value = value, item
        if not isinstance(value, Constant):
            message = (
                f"{_name(item)} {leaf.operator.value} {_name(value)}: a value is compared with"
            )
            raise refused("computed", f"{message} another of the event")
        if leaf.operator is Comparison.EQUAL:
            return self._equal(item, value.value)
        if leaf.operator is Comparison.UNEQUAL:
            if value.value in (None, ""):
                return Always(holds=False)
            field = self._field(item)
            nothing = Or((IsNull(field, Nulls.SIGMA), _same(field, "")))
            return Not(Or((nothing, self._equal(item, value.value))))
        raise refused(
            "order",
            f"{_name(item)} {leaf.operator.value} {_name(value)}: AQL orders by its letters a text "
            "that is no number; Sigma passes it over",
        )

    def _equal(self, item: Operand, value: Scalar) -> Expression:
        text = text_of(value)
        if text is None:
            return Always(holds=False)
        if isinstance(item, Call):
            return self._like(item, like_escaped(text, ESCAPE), caseless=False, escape=ESCAPE)
        if not isinstance(value, str):
            self._notes.add(notes.NUMBER)
        if self._is_payload(item):
            message = "the whole event is compared with a text, and Sigma looks at its values"
            raise refused("payload", message)
        field = self._field(item)
        if text.lower() not in ("true", "false"):
            return _same(field, text)
        if isinstance(value, bool):
            return Among(field, (text,), Nulls.SIGMA, caseless=True)
        if text != text.lower():
            self._notes.add(notes.TRUTH)
        return Among(field, tuple(dict.fromkeys((text, text.lower()))), Nulls.SIGMA)

    def _like(self, item: Operand, pattern: str, *, caseless: bool, escape: str = "") -> Expression:
        if isinstance(item, Call) and item.function.name == "LOWER":
            if pattern != fold(pattern):
                return Always(holds=False)
            item, caseless = item.arguments[0], True
        pieces = list(like_pieces(pattern, escape))
        if self._is_payload(item):
            return self._keyword(pieces, caseless=caseless)
        field = self._field(item)
        written = _escaped(pieces)
        if written == "%":
            written = "_%"
        if len(pieces) == 1 and not pieces[0][1]:
            return Among(field, (pieces[0][0],), Nulls.SIGMA, caseless)
        return (
            Like(field, written, caseless, Nulls.SIGMA, ESCAPE) if written else Always(holds=False)
        )

    def _keyword(self, pieces: list[tuple[str, bool]], *, caseless: bool) -> Expression:
        match pieces:
            case [("%", True)]:
                return Always(holds=True)
            case [("%", True), *inner, ("%", True)]:
                opened = [piece if wild else _opened(piece) for piece, wild in inner]
                if None not in opened and ("%", True) not in inner:
                    self._notes.add(notes.PAYLOAD)
                    signs = [wild for _, wild in inner]
                    texts = [text or "" for text in opened]
                    return _keyword(list(zip(texts, signs, strict=True)), caseless=caseless)
        pattern = "".join(piece for piece, _ in pieces)
        raise refused(
            "payload",
            f"UTF8(payload) LIKE '{pattern}': only a text within one value can become a keyword",
            "name the property that holds the value",
        )

    def _matches(self, item: Operand, pattern: str, *, caseless: bool) -> Expression:
        if self._is_payload(item):
            message = f"UTF8(payload) MATCHES '{pattern}': keywords are no expressions"
            raise refused("payload", message, "name the property that holds the value")
        field = self._field(item)
        end = r"\z" if _MULTILINE.search(pattern) else "$"
        pattern = _ESCAPE.sub(lambda sign: _end(sign, end), pattern)
        found = Matches(field, pattern, caseless, Nulls.SIGMA)
        if regex_test(pattern, caseless)(""):
            return And((found, Not(_same(field, ""))))
        return found

    def _is_payload(self, item: Operand) -> bool:
        return isinstance(item, Field) and item.property.kind is Kind.PAYLOAD

    def _field(self, item: Operand) -> Field:
        if not isinstance(item, Field):
            raise refused("computed", f"{_name(item)}: Sigma computes no values")
        pair = self._mapping.of_property(item.property.name)
        if pair is None or (pair.property == "qidname" and self._catalogue.renames(self._kind)):
            raise refused(
                "no-name",
                f"{item.written}: no single name in the event holds it",
                "name a property that is read by a path",
            )
        self._notes.add(pair.differs)
        self._notes.add(notes.PROPERTY)
        if not self._spelled:
            self._notes.add(notes.SPELLINGS)
        return self._fields.field(pair.name)


def _end(escape: re.Match[str], end: str) -> str:
    r"""``\z`` and ``\Z`` in a form that Sigma's parser accepts.

    The parser accepts ``$``, which outside of multi-line mode is the end of the text.
    """
    if escape[1] == "z":
        return end
    return rf"(?:\n?{end})" if escape[1] == "Z" else escape[0]


def _same(field: Field, text: str) -> Among:
    return Among(field, (text,), Nulls.SIGMA, caseless=not text)


def _escaped(pieces: list[tuple[str, bool]]) -> str:
    return "".join(piece if wild else like_escaped(piece, ESCAPE) for piece, wild in pieces)


def _keyword(pieces: list[tuple[str, bool]], *, caseless: bool) -> Like:
    return Like(KEYWORDS, f"%{_escaped(pieces)}%", caseless, Nulls.SIGMA, ESCAPE)


def _opened(text: str) -> str | None:
    """The value that a piece of JSON text stands for; None where the piece reaches beyond the
    value.
    """
    opened = re.sub(r'\\(["\\/])', r"\1", text)
    closed = re.sub(r'(["\\])', r"\\\1", opened)
    return opened if closed == text.replace("\\/", "/") else None


def _name(item: Operand) -> str:
    match item:
        case Field(written=written):
            return written
        case Constant(value):
            return repr(value)
        case Call(function, arguments):
            return f"{function.name}({', '.join(map(_name, arguments))})"
        case _:
            return "CASE"
