"""A YAML file as values with their places in the file.

Plain values are read as in JSON: only ``true``, ``false``, ``null`` and JSON's numbers are not
texts. So a country ``NO``, an account ``012345678901`` and a time are texts as written.
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
"""The most values in a file. An alias (``*name``) counts at each use, so that a small file cannot
expand to a large one.
"""

MAX_NESTING = 50

_TAG = "tag:yaml.org,2002:"


_MERGE = _TAG + "merge"
_SCALARS = ("str", "bool", "null", "int", "float", "merge")


class _Loader(yaml.CSafeLoader):
    """A YAML loader whose plain values are JSON's. libyaml limits the nesting."""


class _AnyCaseLoader(_Loader):
    """The same loader, which also reads ``True``, ``FALSE``, ``Null`` and the like."""


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
    """One document of a file: the file's text, and the root node."""

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

    Raises RuleSyntaxError, with its place, for text that is not YAML, holds more than one document,
    has a key twice, or expands to too many values.
    """
    with _yaml_errors(path, text):
        root = yaml.compose(text, _Loader)
    if root is None:
        raise RuleSyntaxError("the file is empty", code="empty", path=path)
    return _checked(Document(path, text, root))


def read_documents(path: str, text: str) -> tuple[tuple[Document, ...], tuple[RuleError, ...]]:
    """The documents of a file that may hold several, and the errors of documents that are wrong.

    The errors are those of :func:`read_document`; ``True`` and ``Null`` are not texts here. Raises
    RuleSyntaxError if the file is not YAML, as then no document can be told.
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
    """The keys and values of a mapping; its own keys come before merged ones (``<<: *name``)."""
    if any(key.tag == _MERGE for key, _ in node.value):
        loader = _Loader("")
        try:
            loader.flatten_mapping(node)
        finally:
            loader.dispose()
    return list({key.value: (key, value) for key, value in node.value}.values())


def plain(node: yaml.Node) -> Any:
    """The plain value of a node: a text, number, true, false, None, list or dict."""
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
    """Whether a node is a number; ``value`` of the node is the number as written."""
    return isinstance(node, yaml.ScalarNode) and node.tag in (_TAG + "int", _TAG + "float")


def decoded(path: str, raw: bytes) -> str:
    """The text of a file's bytes. Raises RuleSyntaxError if the file is too large or not UTF-8."""
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
    """A hint how to write what was probably meant, where YAML's own message does not help."""
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
    """Check how many values the document expands to and how deep they nest, with
    aliases followed.
    """
    measures: dict[int, tuple[int, int]] = {}

    def measure(node: yaml.Node, above: tuple[int, ...]) -> tuple[int, int]:
        """The number of values that a node expands to, and the depth of their nesting."""
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
    """Check that every key is a text and unique, and that every value is of a JSON type."""
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
