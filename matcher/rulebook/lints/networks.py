"""Is a network written correctly, and compared as a network?"""

import dataclasses
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from matcher.engine.rule import Rule
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import ast
from matcher.languages.aql.parser import parse
from matcher.languages.aql.types import network_in
from matcher.rulebook.lints.finding import Finding, place_of, quoted
from matcher.rulebook.lints.walking import placed, text_test

_ADDRESSES = (
    *("sourceipaddress", "source ip", "ipaddress", "calleripaddress", "client ip", "clientip"),
    *("clientipaddress", "callerip", "properties.ipaddress", "src_ip", "source.ip"),
)
"""Properties of AQL and fields of Sigma that hold an address as a text."""


def networks_as_texts(rule: Rule, _catalogue: Catalogue) -> Iterator[Finding]:
    """A network that is compared with an address as a text, which no address equals."""
    for place in placed(rule.expression):
        test = text_test(place.leaf)
        if test is None or test.operator != "=" or test.name not in _ADDRESSES:
            continue
        for text in test.texts:
            network = network_in(text)
            if network is not None:
                field = test.field.written
                is_sigma = rule.language == "sigma"
                meant = f"{field}|cidr: {network}" if is_sigma else f"INCIDR('{network}', {field})"
                shown = text if is_sigma else quoted(text)
                message = (
                    f"{field} holds addresses, and {quoted(text)} is a network: none equals it"
                )
                yield Finding(
                    "network-as-text", message, f"write {meant}", place_of(shown, rule.source)
                )


def networks(rule: Rule, _catalogue: Catalogue) -> Iterator[Finding]:
    """INCIDR with an address that has bits set beyond the network's length."""
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
