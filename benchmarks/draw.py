"""Records to measure with: drawn from the corpus, or generated, an exact share of them matching.

Each record is one event with an id of its own. Real accounts differ widely in how much of their log
matches: ``AssumeRole`` alone is a large part of many, so the share is given and not left to chance.
"""

import gzip
import random
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.schema import Event
from matcher.rulebook import load_rules
from tests.faults.load import event_lines

_ID = re.compile(rb'("(?:eventID|eventDataId)"\s*:\s*")[^"]*"')


@dataclass(frozen=True, slots=True)
class Pools:
    """Records that match some rule, and records that match no rule."""

    matching: Sequence[bytes]
    others: Sequence[bytes]

    def draw(self, count: int, share: float, seed: int = 1) -> list[bytes]:
        """That many records, of which ``round(count * share)`` match, in an order that is the same
        each time.
        """
        hits = round(count * share)
        draw = random.Random(seed)  # noqa: S311 - a benchmark's draw is repeatable
        drawn = [draw.choice(self.matching) for _ in range(hits)]
        drawn += [draw.choice(self.others) for _ in range(count - hits)]
        draw.shuffle(drawn)
        return [_ID.sub(lambda found: _fresh(found, draw), line) for line in drawn]


def _fresh(found: re.Match[bytes], draw: random.Random) -> bytes:
    return found[1] + str(uuid.UUID(int=draw.getrandbits(128))).encode() + b'"'


def audit_lines(corpus: Path | None) -> list[bytes]:
    """Records of CloudTrail and Azure, one event each: those of the corpus, else generated ones."""
    return event_lines(corpus, envelopes=False)


def cloudtrail_lines(corpus: Path) -> list[bytes]:
    """The corpus's records of CloudTrail, each once."""
    files = sorted(corpus.glob("cloudtrail__*.jsonl.gz"))
    lines = (line for file in files for line in gzip.decompress(file.read_bytes()).splitlines())
    return list(dict.fromkeys(lines))


def split(lines: Sequence[bytes], rules: Path) -> Pools:
    """The records parted by whether a rule of that file or directory matches: by the oracle, which
    knows no prefilter. What is not exactly one event is left out.
    """
    catalogue = Catalogue.load()
    ruleset = RuleSet(load_rules([rules], catalogue).rules, catalogue.log_source_types)
    pools: tuple[list[bytes], list[bytes]] = ([], [])
    for line in lines:
        events = [normalize(raw, 0, catalogue) for raw in unwrap(line).events]
        if len(events) == 1 and isinstance(events[0], Event):
            pools[not ruleset.match_naive(events[0])].append(line)
    return Pools(*pools)


def write_lines(lines: Sequence[bytes], file: Path) -> Path:
    """The records as a file, one a line."""
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file
