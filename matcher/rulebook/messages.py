"""What a reader is told of a rule file: notes, and errors with their place in the file."""

from dataclasses import dataclass

import yaml

from matcher.errors import RuleError
from matcher.rulebook.document import Document


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a rule that works, or about a document that is no rule."""

    rule_id: str
    file: str
    text: str


def in_file(error: RuleError, document: Document, node: yaml.ScalarNode | yaml.Node) -> RuleError:
    """The error with its place in the file. ``node`` holds the query.

    The place is exact for a block (``query: |``) and for a query on one line. For a text that YAML
    folds or unescapes, the place is where the query begins.
    """
    if error.location is not None:
        lines = error.source.split("\n")
        written = lines[error.location.line - 1] if error.location.line <= len(lines) else ""
        offsets = _offsets(document, node, error.location.line, written)
        if offsets is not None:
            return error.located(
                path=document.path, line_offset=offsets[0], column_offset=offsets[1]
            )
    return document.error(error.code, error.message, node, error.hint, type(error))


def _offsets(
    document: Document, node: yaml.Node, line: int, written: str
) -> tuple[int, int] | None:
    """Lines and columns to add to a place in the query to get its place in the file; None where
    that is unknown.
    """
    file_lines = document.text.split("\n")
    start = node.start_mark
    block = isinstance(node, yaml.ScalarNode) and node.style == "|"
    line_offset = start.line + 1 if block else start.line
    in_query = line_offset + line - 1
    if in_query >= len(file_lines):
        return None
    if block:
        shown = file_lines[in_query].rstrip("\r")
        return (line_offset, len(shown) - len(written)) if shown.endswith(written) else None
    column = file_lines[in_query].find(written, start.column)
    one_line = start.line == node.end_mark.line and column >= 0
    return (line_offset, column) if one_line else None
