"""Settings for what IBM's documentation leaves open; each default is what seems to be meant.

Source: docs/reference/aql.md, "Operators" and "NULL".
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Literal

NullLogic = Literal["two-valued", "three-valued"]
MatchExtent = Literal["find", "full"]


@dataclass(frozen=True, slots=True)
class AqlPolicy:
    """How AQL is understood.

    ``nulls``: with ``two-valued`` a comparison with NULL is false and its NOT is true; with
    ``three-valued`` neither is true, as in SQL. ``matches``: MATCHES holds if the expression is
    found anywhere in the text (``find``), or only if it matches the full text (``full``). ``zone``
    is the console's time zone, in which DATEFORMAT writes, and START and PARSEDATETIME read.
    ``reference_sets`` are the sets of REFERENCESETCONTAINS, by name.
    """

    nulls: NullLogic = "two-valued"
    matches: MatchExtent = "find"
    zone: tzinfo = UTC
    reference_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def digest_of_set(self, name: str) -> str:
        """SHA-256 over the values of a reference set, which must exist."""
        return hashlib.sha256(json.dumps(sorted(self.reference_sets[name])).encode()).hexdigest()


DEFAULT_POLICY = AqlPolicy()
