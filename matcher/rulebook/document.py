"""A YAML file as values that know where they stand.

Values read as JSON reads them: only ``true``, ``false``, ``null`` and JSON's numbers are no text,
so a country ``NO``, an account ``012345678901`` and a time stay what they are.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from matcher.errors import Location, RuleError, RuleSemanticError, RuleSyntaxError

MAX_BYTES = 1_000_000
_MOST_VALUES = 100_000
"""Aliases (``*name``) count each time: a small file cannot unfold into a large one."""

MAX_NESTING = 50

_TAG = "tag:yaml.org,2002:"


_MERGE = _TAG + "merge"
_SCALARS = ("str", "bool", "null", "int", "float", "merge")


class _Loader(yaml.CSafeLoader):
    """YAML with JSON's plain values. libyaml bounds the nesting."""


class _AnyCaseLoader(_Loader):
    """The same, with ``True``, ``FALSE``, ``Null`` and the like, too."""


def _resolve(loader: type[_Loader], *words: tuple[str, str, list[str]]) -> None:
    loader.yaml_implicit_resolvers = {}
    for tag, pattern, first in (
        *words,
        ("int", "-?(0|[1-9][0-9]*)", [*"-0123456789"]),
        ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", [*"-0123456789"]),
        ("merge", "<<", ["<"]),
    ):
        loader.add_implicit_resolver(_TAG + tag, re.compile(f"^(?:{pattern})$"), first)


_resolve(_Loader, ("bool", "true|false", [*"tf"]), ("null", "null|~|", ["n", "~", ""]))
_resolve(
    _AnyCaseLoader,
    ("bool", "true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("null", "null|Null|NULL|~|", ["n", "N", "~", ""]),
)


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its text, and the node at its root."""

    path: str
    text: str
    root: yaml.Node

    def error(
        self,
        code: str,
        message: str,
        node: yaml.Node,
        hint: str = "",
        kind: type[RuleError] = RuleSemanticError,
    ) -> RuleError:
        """An error that points to a node."""
        start, end = node.start_mark, node.end_mark
        length = end.column - start.column if end.line == start.line else 1
        place = Location(start.line + 1, start.column + 1, max(1, length))
        return kind(message, code=code, location=place, source=self.text, path=self.path, hint=hint)


def read_document(path: str, text: str) -> Document:
    """The document of a file's text.

    Raises RuleSyntaxError, with its place, for what is no YAML, not one document, has a key twice,
    or unfolds to too much.
    """
    with _yaml_errors(path, text):
        root = yaml.compose(text, _Loader)
    if root is None:
        raise RuleSyntaxError("the file is empty", code="empty", path=path)
    return _checked(Document(path, text, root))


def read_documents(path: str, text: str) -> tuple[tuple[Document, ...], tuple[RuleError, ...]]:
    """The documents of a file that may hold several, and what is wrong with others of them, as
    :func:`read_document` says it; ``True`` and ``Null`` are no texts in it.

    Raises RuleSyntaxError where the file is no YAML: no document of it is known.
    """
    with _yaml_errors(path, text):
        roots = list(yaml.compose_all(text, _AnyCaseLoader))
    found: list[Document] = []
    errors: list[RuleError] = []
    for root in roots:
        if root.tag != _TAG + "null":
            try:
                found.append(_checked(Document(path, text, root)))
            except RuleError as error:
                errors.append(error)
    return tuple(found), tuple(errors)


def _checked(document: Document) -> Document:
    _check_size(document)
    _check_nodes(document)
    return document


@contextmanager
def _yaml_errors(path: str, text: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise _yaml_error(path, text, error) from None
    except yaml.reader.ReaderError as error:
        place = Location.of(text, error.position)
        message = f"no YAML: {error.reason}"
        raise RuleSyntaxError(message, code="yaml", location=place, path=path) from None


def entries(node: yaml.MappingNode) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    """The keys and values of a mapping; its own go before merged ones (``<<: *name``)."""
    if any(key.tag == _MERGE for key, _ in node.value):
        loader = _Loader("")
        try:
            loader.flatten_mapping(node)
        finally:
            loader.dispose()
    return list({key.value: (key, value) for key, value in node.value}.values())


def plain(node: yaml.Node) -> Any:
    """The value of a node: texts, numbers, true, false, None, lists and dicts."""
    if is_text(node):
        return node.value
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def is_text(node: yaml.Node) -> bool:
    """Whether a node is a text."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str"


def is_null(node: yaml.Node) -> bool:
    """Whether a node is null."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null"


def is_number(node: yaml.Node) -> bool:
    """Whether a node is a number; its ``value`` is the token."""
    return isinstance(node, yaml.ScalarNode) and node.tag in (_TAG + "int", _TAG + "float")


def decoded(path: str, raw: bytes) -> str:
    """A file's text. Raises RuleSyntaxError where it is too large or no UTF-8."""
    if len(raw) > MAX_BYTES:
        raise RuleSyntaxError(
            f"the file has {len(raw):,} bytes; {MAX_BYTES:,} is the limit", code="large", path=path
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        raise RuleSyntaxError(
            f"byte 0x{raw[error.start]:02x} is no UTF-8",
            code="encoding",
            location=Location(line, column),
            source=raw.decode("utf-8", "replace"),
            path=path,
        ) from None


def _yaml_error(path: str, text: str, error: yaml.MarkedYAMLError) -> RuleSyntaxError:
    mark = error.problem_mark or error.context_mark
    place = None if mark is None else Location(mark.line + 1, mark.column + 1)
    parts = [part for part in (error.problem, error.context) if part]
    message, hint = f"no YAML: {', '.join(parts)}", _meant(text, error, mark)
    return RuleSyntaxError(message, code="yaml", location=place, source=text, path=path, hint=hint)


def _meant(text: str, error: yaml.MarkedYAMLError, mark: yaml.Mark | None) -> str:
    """How to write what was probably meant, where YAML's words do not say so."""
    problem = error.problem or ""
    sign = "*" if "alias" in problem else ""
    if "cannot start any token" in problem and mark is not None:
        sign = text[mark.index : mark.index + 1]
    if sign == "\t":
        return "a tab does not indent: write blanks"
    if sign:
        return f"a text that begins with {sign} stands in quotes"
    if problem.startswith("mapping values are not allowed"):
        return "a text with ': ' in it stands in quotes; else look at the indentation"
    return ""


def _fault(document: Document, code: str, message: str, node: yaml.Node) -> RuleError:
    return document.error(code, message, node, kind=RuleSyntaxError)


def _check_size(document: Document) -> None:
    """Aliases are followed: what they unfold to is bounded in number and nesting."""
    measures: dict[int, tuple[int, int]] = {}

    def measure(node: yaml.Node, above: tuple[int, ...]) -> tuple[int, int]:
        """How many values a node unfolds to, and how deep they nest."""
        if id(node) in above:
            raise _fault(document, "yaml", "a value holds itself", node)
        if id(node) not in measures and len(above) <= MAX_NESTING:
            inner = [measure(child, (*above, id(node))) for child in _children(node)]
            size = 1 + sum(size for size, _ in inner)
            measures[id(node)] = size, 1 + max((height for _, height in inner), default=0)
        size, height = measures.get(id(node), (1, 1))
        if len(above) + height > MAX_NESTING:
            raise _fault(document, "too-deep", "nested too deeply", node)
        if size > _MOST_VALUES:
            message = f"this unfolds to over {_MOST_VALUES:,} values"
            raise _fault(document, "large", message, node)
        return size, height

    measure(document.root, ())


def _check_nodes(document: Document) -> None:
    """Every key is a text and stands once; every value is of JSON's kinds."""
    seen: set[int] = set()
    waiting = [document.root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting += _children(node)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
            _check_scalar(document, node)
        elif isinstance(node, yaml.MappingNode) and kind == "map":
            _check_mapping(document, node)
        elif not (isinstance(node, yaml.SequenceNode) and kind == "seq"):
            raise _fault(document, "yaml", f"the tag {node.tag} is not read", node)


def _check_scalar(document: Document, node: yaml.ScalarNode) -> None:
    if node.tag == _MERGE:
        raise _fault(document, "yaml", "here << stands in quotes", node)
    try:
        plain(node)
    except (ValueError, LookupError):
        raise _fault(document, "yaml", f"this is no {node.tag.removeprefix(_TAG)}", node) from None


def _check_mapping(document: Document, node: yaml.MappingNode) -> None:
    names: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _fault(document, "yaml", "a key is a text", key)
        if key.value in names:
            message = f"the key '{key.value}' is there twice"
            raise _fault(document, "duplicate-key", message, key)
        names.add(key.value)
        if key.tag == _MERGE:
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if not all(isinstance(one, yaml.MappingNode) for one in merged):
                raise _fault(document, "yaml", "<< merges a mapping", value)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        keys = [key for key, _ in node.value if key.tag != _MERGE]
        return [*keys, *(value for _, value in node.value)]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return []
