"""What a run is to measure, and with what: made once from the options, read by every section."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from benchmarks.against import Tree
from benchmarks.draw import Pools, audit_lines, cloudtrail_lines, split
from tests.brokers.client import KafkaBroker
from tests.brokers.jars import find_jars
from tests.brokers.real import RealCluster
from tests.faults.load import RULES

LEAN_IS_THERE = find_spec("matcher.pipeline.lean") is not None
"""Whether this tree has lean accounting."""


class LeftOutError(Exception):
    """A section cannot be measured here; the text says why, and what would change that."""


@dataclass(frozen=True)
class Plan:
    """The options of a run. ``records`` go through the pipeline in each pass, ``kafka_records``
    through a topic. A context manager: at its end the broker stops, if one was asked for.
    """

    scratch: Path
    rounds: int
    records: int
    kafka_records: int = 200_000
    kafka_shares: tuple[float, ...] = (0.0, 0.001, 0.015, 0.25)
    codecs: tuple[str, ...] = ("none", "lz4", "zstd")
    rule_counts: tuple[int, ...] = (500, 3000, 10_000)
    peer_records: int = 200_000
    steady_seconds: float = 15
    minutes: float = 10
    quick: bool = False
    corpus: Path | None = None
    sigma_rules: Path | None = None
    rsigma: str | None = None
    tenzir: str | None = None
    against: Tree | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @cached_property
    def _stack(self) -> ExitStack:
        return ExitStack()

    @cached_property
    def broker(self) -> KafkaBroker:
        """A real Kafka, started when it is first asked for. Raises KafkaMissingError."""
        cluster = RealCluster(find_jars(), self.scratch / "kafka")
        return KafkaBroker("real", self._stack.enter_context(cluster).bootstrap)

    @property
    def events(self) -> str:
        """What the records are, in words."""
        return "public audit events" if self.corpus else "generated audit events"

    @cached_property
    def audit_pools(self) -> Pools:
        """Records of CloudTrail and Azure, parted by the rule that ships."""
        return split(audit_lines(self.corpus), RULES)

    @cached_property
    def cloudtrail_pools(self) -> Pools:
        """Records of CloudTrail, parted by SigmaHQ's rules. Raises LeftOutError."""
        rules = self.needed_sigma_rules()
        if self.corpus is None:
            raise LeftOutError("set MATCHER_CORPUS to the directory of the public corpus")
        return split(cloudtrail_lines(self.corpus), rules)

    def needed_sigma_rules(self) -> Path:
        """SigmaHQ's rules for CloudTrail. Raises LeftOutError where they are not named."""
        if self.sigma_rules is None:
            raise LeftOutError(
                "set SIGMA_RULES to rules/cloud/aws/cloudtrail of a checkout of SigmaHQ/sigma"
            )
        return self.sigma_rules
