"""Readers of single values: a YAML node in, a value out, or an error that points to the node."""

import re
from collections.abc import Callable
from typing import Any

import yaml

from matcher.errors import RuleError
from matcher.languages.nearest import nearest
from matcher.rulebook.document import Document, entries, is_text, plain

Reader = Callable[[Document, yaml.Node], Any]
LONGEST_LINE = 300


def wrong(document: Document, node: yaml.Node, message: str, hint: str = "") -> RuleError:
    """The error for a value that is not what its key takes."""
    return document.error("wrong-value", message, node, hint)


def text(document: Document, node: yaml.Node) -> str:
    """A text that is not empty."""
    if not is_text(node) or not node.value.strip():
        raise wrong(document, node, "a text is due here")
    return str(node.value)


def line(document: Document, node: yaml.Node) -> str:
    """A text of one line."""
    value = text(document, node).strip()
    if "\n" in value or len(value) > LONGEST_LINE:
        raise wrong(document, node, f"one line of at most {LONGEST_LINE} characters is due here")
    return value


def version(document: Document, node: yaml.Node) -> str:
    """A version as it is written: ``1.10`` is not read as a number."""
    if not isinstance(node, yaml.ScalarNode) or not re.fullmatch(r"[\w.+-]{1,40}", node.value):
        raise wrong(document, node, "a version such as 1.0 is due here")
    return str(node.value)


def truth(document: Document, node: yaml.Node) -> bool:
    """``true`` or ``false``."""
    value = plain(node) if isinstance(node, yaml.ScalarNode) else None
    if not isinstance(value, bool):
        raise wrong(document, node, "true or false is due here")
    return value


def anything(_document: Document, node: yaml.Node) -> Any:
    """Any value."""
    return plain(node)


def one_of(*words: str) -> Reader:
    """One of these words."""

    def read(document: Document, node: yaml.Node) -> str:
        value = node.value if is_text(node) else ""
        if value not in words:
            guess = nearest(value, words)
            hint = f"did you mean {guess}?" if guess else ""
            raise wrong(document, node, f"one of {', '.join(words)} is due here", hint)
        return str(value)

    return read


def matching(pattern: str, what: str) -> Reader:
    """A text of this form; ``what`` describes it."""
    form = re.compile(pattern)

    def read(document: Document, node: yaml.Node) -> str:
        if not is_text(node) or not form.fullmatch(node.value):
            raise wrong(document, node, f"{what} is due here")
        return str(node.value)

    return read


def several(reader: Reader) -> Reader:
    """A list of values that the given reader reads."""

    def read(document: Document, node: yaml.Node) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise wrong(document, node, "a list is due here", "start each line with '- '")
        return tuple(reader(document, item) for item in node.value)

    return read


def mapping(document: Document, node: yaml.Node) -> dict[str, Any]:
    """A mapping of texts to any values."""
    if not isinstance(node, yaml.MappingNode):
        raise wrong(document, node, "a mapping is due here")
    return {key.value: plain(value) for key, value in entries(node)}


class Fields:
    """Reads a mapping with known keys. Each wrong key and value is kept in ``errors``."""

    def __init__(self, document: Document, readers: dict[str, Reader], required: set[str]) -> None:
        self.document = document
        self.readers = readers
        self.required = required
        self.errors: list[RuleError] = []
        self.nodes: dict[str, yaml.Node] = {}

    def read(self, node: yaml.Node, *, free: str = "") -> dict[str, Any]:
        """The values by key; keys that begin with ``free`` (if given) are not looked at."""
        if not isinstance(node, yaml.MappingNode):
            self.errors.append(wrong(self.document, node, "a mapping is due here"))
            return {}
        values: dict[str, Any] = {}
        for key, value in entries(node):
            name = key.value
            if free and name.startswith(free):
                continue
            self.nodes[name] = value
            if name not in self.readers:
                self.errors.append(self._unknown(key))
                continue
            try:
                values[name] = self.readers[name](self.document, value)
            except RuleError as error:
                self.errors.append(error)
        missing = sorted(self.required - self.nodes.keys())
        if missing:
            message = f"missing: {', '.join(missing)}"
            self.errors.append(self.document.error("missing-key", message, node))
        return values

    def _unknown(self, key: yaml.ScalarNode) -> RuleError:
        guess = nearest(key.value, self.readers)
        hint = f"did you mean {guess}?" if guess else f"known: {', '.join(self.readers)}"
        return self.document.error("unknown-key", f"unknown key '{key.value}'", key, hint)
