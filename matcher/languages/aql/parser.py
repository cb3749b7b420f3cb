"""Text → syntax tree. For any text the outcome is a tree or a RuleSyntaxError."""

import re
from functools import cache
from importlib.resources import files

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from matcher.errors import Location, RuleSyntaxError
from matcher.languages.aql.ast import Parsed
from matcher.languages.aql.builder import Builder
from matcher.languages.aql.diagnostics import syntax_error

MAX_CHARACTERS = 200_000
MAX_NESTING = 150
"""The most unfinished parts at one place: parentheses, NOTs, operators, calls."""

_COMMENT = re.compile(r"""'[^']*'|"[^"]*"|(?P<comment>--[^\n]*|/\*[\s\S]*?\*/)""")


def parse(text: str) -> Parsed:
    """The tree of an AQL text: a SELECT statement, or a bare filter.

    Raises RuleSyntaxError if the text does not parse, is longer than MAX_CHARACTERS, or is nested
    deeper than MAX_NESTING.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleSyntaxError(
            f"the query has {len(text):,} characters; {MAX_CHARACTERS:,} is the limit",
            code="too-long",
            location=Location.of(text, MAX_CHARACTERS),
            source=text,
        )
    if not text.strip():
        raise RuleSyntaxError(
            "the query is empty", code="empty", location=Location(1, 1), source=text
        )
    tree = _tree(text)
    return Builder(text, _comments(text)).transform(tree)


def _tree(text: str) -> Tree[Token]:
    """Feeds the parser token by token, so that nesting that is too deep is noticed
    while it grows.
    """
    interactive = _grammar().parse_interactive(text)
    stack = interactive.parser_state.state_stack
    try:
        for token in interactive.iter_parse():
            if len(stack) > MAX_NESTING:
                raise _too_deep(text, token)
        tree: Tree[Token] = interactive.feed_eof()  # type: ignore[no-untyped-call] # untyped
    except UnexpectedInput as error:
        accepted = interactive.accepts()  # type: ignore[no-untyped-call] # as above
        raise syntax_error(error, text, accepted) from None
    return tree


def _too_deep(text: str, token: Token) -> RuleSyntaxError:
    return RuleSyntaxError(
        "the query is nested too deeply here",
        code="too-deep",
        location=Location(token.line or 1, token.column or 1, max(1, len(token))),
        source=text,
        hint="long lists are read at any length; parentheses, NOT and CASE only so deep",
    )


def _comments(text: str) -> tuple[Location, ...]:
    """The comments of a text that has been parsed. Each comment is closed, so this takes linear
    time.
    """
    return tuple(
        Location.of(text, found.start(), found.end() - found.start())
        for found in _COMMENT.finditer(text)
        if found["comment"]
    )


@cache
def _grammar() -> Lark:
    grammar = files("matcher.languages.aql").joinpath("aql.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)
