"""What IBM's text leaves open, as settings: each default is what seems meant.

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

    ``nulls``: a comparison with NULL is false and its NOT true (two-valued), or neither, as in
    SQL (three-valued). ``matches``: MATCHES holds where the expression is found anywhere, or only
    where it matches the full text. ``zone`` is the console's: DATEFORMAT writes in it, START and
    PARSEDATETIME read in it. ``reference_sets`` are what REFERENCESETCONTAINS asks, by name.
    """

    nulls: NullLogic = "two-valued"
    matches: MatchExtent = "find"
    zone: tzinfo = UTC
    reference_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def digest_of_set(self, name: str) -> str:
        """SHA-256 over the values of a reference set that is there."""
        return hashlib.sha256(json.dumps(sorted(self.reference_sets[name])).encode()).hexdigest()


DEFAULT_POLICY = AqlPolicy()
