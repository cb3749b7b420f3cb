"""``%name%`` under the modifier ``expand`` → each text that it stands for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from math import prod
from types import MappingProxyType

from sigma import types as sigma

from matcher.errors import UnsupportedRule

MOST_TEXTS = 100_000
"""The most texts that one value with placeholders may expand to."""

Values = Mapping[str, tuple[str, ...]]

_SIGNS = {sigma.SpecialChars.WILDCARD_MULTI: "*", sigma.SpecialChars.WILDCARD_SINGLE: "?"}


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The values of each placeholder, by its name, as the user of the rules sets them."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def settings(self, text: str) -> tuple[str, ...]:
        """Each placeholder that a rule's text names, with a digest of its values."""
        return tuple(
            f"sigma.placeholders.{name} = {sha256(json.dumps(chosen).encode()).hexdigest()}"
            for name, chosen in sorted(self.values.items())
            if f"%{name}%" in text
        )


NO_PLACEHOLDERS = Placeholders()


def filled(value: sigma.SigmaString, values: Values) -> Iterator[sigma.SigmaString]:
    """Every text that results when each placeholder is replaced by each of its values.

    The values are plain text. Raises UnsupportedRule for a placeholder without values, and for too
    many texts.
    """
    choices = [
        _known(part, values) if isinstance(part, sigma.Placeholder) else (part,) for part in value.s
    ]
    if prod(map(len, choices)) > MOST_TEXTS:
        message = f"this unfolds to over {MOST_TEXTS:,} texts"
        raise UnsupportedRule(message, code="large")
    for parts in product(*choices):
        one = type(value)()
        one.s = list(parts)
        yield one


def regex_text(value: sigma.SigmaString) -> str:
    """The text of a regular expression; Sigma has no wildcards in it."""
    return "".join(
        part if isinstance(part, str) else _SIGNS[part]
        for part in value.s
        if not isinstance(part, sigma.Placeholder)
    )


def _known(placeholder: sigma.Placeholder, values: Values) -> tuple[str, ...]:
    name = placeholder.name
    if name not in values:
        raise UnsupportedRule(
            f"the placeholder %{name}% has no values",
            code="unknown-placeholder",
            hint=f"sigma.placeholders names a directory: put {name}.txt there",
        )
    return values[name]
