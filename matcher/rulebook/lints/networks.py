"""Is a network written as the network that it is?"""

import dataclasses
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import ast
from matcher.languages.aql.parser import parse
from matcher.languages.aql.types import network_in
from matcher.rulebook.lints.finding import Finding, quoted


def networks(rule: Rule, _catalogue: Catalogue) -> Iterator[Finding]:
    """INCIDR with an address that has bits behind the network's."""
    for call in _calls(parse(rule.source).root):
        if call.name.upper() != "INCIDR" or not call.arguments:
            continue
        match call.arguments[0]:
            case ast.Text(value=written, at=at) if (network := network_in(written)) is not None:
                if ip_address(written.partition("/")[0]) == network.network_address:
                    continue
                message = f"{quoted(written)} has bits behind its network: it is read as {network}"
                hint = f"write {quoted(str(network))}, or the length that is meant"
                yield Finding("network-host-bits", message, hint, at)


def _calls(node: Any) -> Iterator[ast.FunctionCall]:
    """Every call of a function in a statement."""
    if isinstance(node, ast.FunctionCall):
        yield node
    if isinstance(node, tuple):
        for item in node:
            yield from _calls(item)
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        for field in dataclasses.fields(node):
            yield from _calls(getattr(node, field.name))
