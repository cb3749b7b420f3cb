"""What a run is to measure, and with what: made once from the options, read by every section."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.against import Tree
from benchmarks.draw import Pools, audit_lines, split
from tests.faults.load import RULES


@dataclass(frozen=True)
class Plan:
    """The options of a run. ``records`` go through the pipeline in each pass."""

    scratch: Path
    rounds: int
    records: int
    corpus: Path | None = None
    against: Tree | None = None

    @property
    def events(self) -> str:
        """What the records are, in words."""
        return "public audit events" if self.corpus else "generated audit events"

    @cached_property
    def audit_pools(self) -> Pools:
        """Records of CloudTrail and Azure, parted by the rule that ships."""
        return split(audit_lines(self.corpus), RULES)


def corpus_of_environment() -> Path | None:
    """``MATCHER_CORPUS``, None where it is unset."""
    found = os.environ.get("MATCHER_CORPUS")
    return Path(found) if found else None
