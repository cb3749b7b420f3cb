"""A Sigma rule's expression → an expression that AQL can write.

Nothing is approximated. What AQL cannot express exactly is refused by name. A few differences are
part of the two languages, however a rule is written: these are noted
(:mod:`matcher.languages.conversion.notes`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from matcher.engine.expression import (
    Always,
    Among,
    And,
    Call,
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
    Nulls,
    Operand,
    Or,
)
from matcher.engine.gate import simplified
from matcher.engine.patterns import like_pieces, like_test
from matcher.engine.regex import regex_test
from matcher.engine.rule import Column
from matcher.engine.values import number_of
from matcher.errors import UnsupportedRule
from matcher.events.catalogue import Catalogue
from matcher.events.text import fold
from matcher.languages.conversion import notes
from matcher.languages.conversion.field_mapping import FieldMapping, property_as_written
from matcher.languages.conversion.notes import Notes, refused
from matcher.languages.sigma.fields import KEYWORDS, Fields
from matcher.languages.sigma.log_sources import SigmaLogSource
from matcher.languages.sigma.paths import camel_case

_REGEX_SIGN = re.compile(r"[\\.^$|?*+()\[\]{}]")
_TRUTHS = ("true", "false")


def aql_expression(
    expression: Expression, sources: Sequence[SigmaLogSource], catalogue: Catalogue, found: Notes
) -> Expression:
    """The expression in AQL's terms; differences are added to ``found``.

    ``sources`` are the log sources of the rule. Raises UnsupportedRule, without a place, for the
    first thing that AQL cannot express.
    """
    if not sources:
        raise refused("no-log-source", "no log source here is the rule's: it never matches")
    return simplified(_ToAql(sources, catalogue, found).expression(expression))


def aql_columns(
    columns: Iterable[Column], sources: Sequence[SigmaLogSource], catalogue: Catalogue
) -> tuple[Column, ...]:
    """The columns that AQL can show; the others are left out. An alias never hides another
    property.
    """
    maker = _ToAql(sources, catalogue, Notes())
    found = []
    for column in columns:
        try:
            item = maker.field(column.operand)
        except UnsupportedRule:
            continue
        hidden = catalogue.properties.find(column.alias)
        alias = column.alias if hidden in (None, item.property) else item.property.name
        found.append(Column(alias, item))
    return tuple(found)


class _ToAql:
    def __init__(
        self, sources: Sequence[SigmaLogSource], catalogue: Catalogue, found: Notes
    ) -> None:
        self._sources = sources
        self._fields = Fields(sources)
        self._catalogue = catalogue
        self._notes = found
        self._mappings = [
            FieldMapping(catalogue, kind, source) for source in sources for kind in source.kinds
        ]

    def expression(self, node: Expression) -> Expression:
        match node:
            case And(items):
                return And(tuple(map(self.expression, items)))
            case Or(items):
                return Or(tuple(map(self.expression, items)))
            case Not(item):
                inner = simplified(self.expression(item))
                if not isinstance(inner, Always | IsNull):
                    self._notes.add(notes.NOT)
                return Not(inner)
            case Always():
                return node
            case _:
                return node if _is_aql(node) else self._leaf(node)

    def _leaf(self, leaf: Leaf) -> Expression:
        match leaf:
            case Like(item, pattern, caseless, _, escape) if item == KEYWORDS:
                return self._keyword(list(like_pieces(pattern, escape)), caseless=caseless)
            case Exists(item):
                raise refused(
                    "exists",
                    f"{_name(item)}|exists: AQL has no word for a name that is there, whatever it "
                    "holds: an empty property is NULL",
                )
            case IsNull(item):
                self._notes.add(notes.NULL)
                return IsNull(self.field(item))
            case Like(item, pattern, caseless, _, escape):
                test = like_test(pattern, caseless, escape)
                pieces = list(like_pieces(pattern, escape))
                if not any(text or wild == "_" for text, wild in _split(pieces)):
                    self._notes.add(notes.EMPTY)
                mine = self.field(item)
                return _either(_like(mine, pieces, caseless=caseless), mine, _synonyms(item, test))
            case Among(item, values, _, caseless):
                return _any([self._equal(item, str(v), caseless=caseless) for v in values])
            case Matches(item, pattern, caseless):
                return self._matches(item, pattern, caseless=caseless)
            case InNetwork(item, network):
                return InNetwork(self.field(item), network)
            case Compare():
                raise _comparison_refused(leaf)
            case _:
                raise refused("unsupported", f"{type(leaf).__name__} has no equivalent in AQL")

    def _keyword(self, pieces: list[tuple[str, bool]], *, caseless: bool) -> Expression:
        """A LIKE on the payload, where a backslash stands before each quote and backslash of a
        value.
        """
        written = [
            (piece if wild else re.sub(r'["\\]', r"\\\g<0>", piece), wild) for piece, wild in pieces
        ]
        if any(wild and piece == "%" for piece, wild in written[1:-1]):
            message = "a wildcard within a keyword would reach from one value into the next"
            raise refused("keyword-wildcard", message)
        self._notes.add(notes.PAYLOAD)
        payload = self._catalogue.properties.by_field["payload"]
        return _like(Field(payload, "UTF8(payload)"), written, caseless=caseless)

    def _equal(self, item: Operand, text: str, *, caseless: bool) -> Expression:
        if not text:
            message = f"{_name(item)}: '': the empty text is NULL in AQL, and equal to nothing"
            raise refused("empty-text", message)
        mine, wanted = self.field(item), fold(text) if caseless else text
        plain = _like(mine, [(text, False)], caseless=caseless)
        if not caseless and number_of(text) is None and text.lower() not in _TRUTHS:
            plain = Among(mine, (text,))
        test = (lambda value: fold(value) == wanted) if caseless else wanted.__eq__
        return _either(plain, mine, _synonyms(item, test))

    def _matches(self, item: Operand, pattern: str, *, caseless: bool) -> Expression:
        self._notes.add(notes.FIND)
        test = regex_test(pattern, caseless)
        if test(""):
            self._notes.add(notes.EMPTY)
        mine = self.field(item)
        return _either(Matches(mine, pattern, caseless), mine, _synonyms(item, test))

    def field(self, item: Operand) -> Field:
        """The property that reads the same value as a name of the rule."""
        if not isinstance(item, Field):
            message = f"{_name(item)}: AQL computes no such value"
            raise refused("computed", message)
        if item == KEYWORDS:
            raise refused("keyword", "a keyword that is no plain text has no equivalent in AQL")
        for name in self._names(item.written):
            found = {mapping.of_name(name) for mapping in self._mappings}
            pair = found.pop() if len(found) == 1 else None
            if pair is None or (pair.property == "qidname" and self._renamed()):
                continue
            prop = self._catalogue.properties.find(pair.property)
            if prop is None:
                continue
            self._notes.add(pair.differs)
            self._notes.add(self._read_elsewhere(item.written, prop.name))
            self._notes.add(notes.PROPERTY)
            if not all(source.spelled for source in self._sources):
                self._notes.add(notes.SPELLINGS)
            if prop.name in self._objects():
                self._notes.add(notes.OBJECT)
            return Field(prop, property_as_written(prop.name))
        raise refused(
            "no-property",
            f"{item.written}: no property reads it",
            f"add one to properties.yml: My Name: {self._in_event(item.written)}",
        )

    def _in_event(self, name: str) -> str:
        """The name as a path in the event, without the prefix that rules put before it."""
        found = (source.in_event(name) for source in self._sources)
        return next((camel_case(path) for path in found if path != name), name)

    def _names(self, name: str) -> Iterator[str]:
        """The name itself, and each plain path that its aliases read."""
        yield name
        for path in (path for alias in self._fields.aliases(name) for path in alias.reads):
            if not path.cut and path.plain == path.text:
                yield path.text

    def _read_elsewhere(self, name: str, prop: str) -> str:
        """The note for a name that is read in several places; "" for any other name."""
        reads = [str(path) for alias in self._fields.aliases(name) for path in alias.reads]
        if len(reads) < 2:  # noqa: PLR2004 - not several
            return ""
        return f"{name} is looked for in {', '.join(reads)}; {property_as_written(prop)} may not be"

    def _renamed(self) -> bool:
        kinds = (kind for source in self._sources for kind in source.kinds)
        return any(self._catalogue.renames(kind) for kind in kinds)

    def _objects(self) -> frozenset[str]:
        return frozenset(one.name for one in self._catalogue.properties.custom if one.anything)


def _is_aql(leaf: Leaf) -> bool:
    return getattr(leaf, "nulls", None) is Nulls.AQL


def _name(item: Operand) -> str:
    match item:
        case Field(written=written):
            return written
        case Call(function, arguments):
            return f"{_name(arguments[0])}|{function.name}"
        case _:
            return "a value"


def _comparison_refused(leaf: Compare) -> UnsupportedRule:
    name = _name(leaf.left)
    if isinstance(leaf.left, Call):
        return refused("computed", f"{name}: AQL computes no such value")
    if isinstance(leaf.right, Constant):
        message = (
            f"{name} {leaf.operator.value} {leaf.right.value}: AQL orders by its letters a text "
        )
        return refused("order", message + "that is no number; Sigma passes it over")
    message = f"{name}|fieldref: AQL compares two properties in their case, Sigma without"
    return refused("fieldref", message)


def _synonyms(item: Operand, test: object) -> Iterable[str]:
    """The words that an event may hold in place of a word that passes the test."""
    if not isinstance(item, Field) or not callable(test):
        return ()
    return sorted(item.property.derived(test) or ())


def _either(leaf: Expression, item: Field, words: Iterable[str]) -> Expression:
    others = [_like(item, [(word, False)], caseless=True) for word in words]
    new = [other for other in others if other != leaf]
    return Or((leaf, *new)) if new else leaf


def _any(items: Sequence[Expression]) -> Expression:
    """The OR of the items; if each item is an exact equality, one list of their values."""
    equal = [item for item in items if isinstance(item, Among)]
    if len(equal) < len(items) or len(equal) == 1:
        return Or(tuple(items))
    return Among(equal[0].operand, tuple(value for item in equal for value in item.values))


def _split(pieces: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    for piece, wild in pieces:
        yield ("", piece) if wild else (piece, "")


def _like(item: Field, pieces: Sequence[tuple[str, bool]], *, caseless: bool) -> Expression:
    """LIKE; if a text holds ``%`` or ``_``, MATCHES, because AQL's LIKE has no escape sign."""
    if not any(sign in text for text, _ in _split(pieces) for sign in "%_"):
        return Like(item, "".join(piece for piece, _ in pieces), caseless)
    signs = {"%": ".*", "_": "."}
    body = "".join(
        signs[piece] if wild else _REGEX_SIGN.sub(r"\\\g<0>", piece) for piece, wild in pieces
    )
    return Matches(item, rf"(?s)\A{body}\z", caseless)
