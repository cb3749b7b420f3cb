"""The records that are sent through the service, and the judge of the alerts that come out.

Expected and seen alerts are compared by *origin*, as real logs hold different events with the same
id.
"""

import gzip
import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.config import RuleSettings, Settings
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.service.wiring import build_pipeline
from tests.brokers.client import KafkaBroker, Message
from tests.verbatim_rule import decide

RULE = "cloud-api-t1059-009"
RULES = Path(__file__).parents[2] / "rules" / f"{RULE}.yml"
PARTITIONS = 4
_ID = re.compile(rb'("(?:eventID|eventDataId)"\s*:\s*")[^"]*"')
_SINGLE = ("cloudtrail__", "azure_activity__", "azure_audit__")
_ENVELOPES = ("env_records__",)

Origin = tuple[str, int, int, int, str]
"""Topic, partition, offset, index, rule."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The alerts that a run lost, wrote more than once, or invented."""

    missing: frozenset[Origin]
    repeated: frozenset[Origin]
    invented: frozenset[Origin]


def judge(expected: Iterable[Origin], seen: Counter[Origin]) -> Verdict:
    """Compare the expected alerts with those that were seen."""
    wanted = set(expected)
    return Verdict(
        frozenset(wanted - set(seen)),
        frozenset(origin for origin, times in seen.items() if times > 1),
        frozenset(set(seen) - wanted),
    )


def event_lines(corpus: Path | None, *, envelopes: bool = True) -> list[bytes]:
    """Records to draw from: those of the corpus if there is one, else generated records.

    Without ``envelopes`` each record is one event.
    """
    if corpus is None:
        return list(generated_lines(2000))
    kinds = _SINGLE + (_ENVELOPES if envelopes else ())
    files = [file for kind in kinds for file in sorted(corpus.glob(f"{kind}*.jsonl.gz"))]
    lines = (line for file in files for line in gzip.decompress(file.read_bytes()).splitlines())
    return [line for line in lines if 0 < len(line) < 60_000 and _ID.search(line)]


def generated_lines(count: int) -> Iterator[bytes]:
    """CloudTrail and Azure Activity records of about 1.2 KB; one in forty matches."""
    random_ = random.Random(20)  # noqa: S311 - the same records each time
    for number in range(count):
        hit = number % 40 == 0
        if number % 5 == 4:
            what = "virtualMachines/write" if hit else "virtualMachines/read"
            yield _azure(random_, f"Microsoft.Compute/{what}")
        else:
            name = random_.choice(("CreateUser", "StopLogging")) if hit else "DescribeInstances"
            yield _cloudtrail(random_, name)


def _cloudtrail(random_: random.Random, name: str) -> bytes:
    account = str(random_.randrange(10**11, 10**12))
    user = f"user-{random_.randrange(1000)}"
    arn = f"arn:aws:iam::{account}:user/{user}"
    record = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "arn": arn, "accountId": account, "userName": user},
        "eventTime": f"2026-11-{random_.randrange(1, 29):02}T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": f"192.0.2.{random_.randrange(256)}",
        "userAgent": "aws-cli/2.15.0 Python/3.11.6 Linux/6.1 exe/x86_64",
        "requestParameters": {"filter": [random_.randbytes(16).hex() for _ in range(18)]},
        "eventID": str(uuid.UUID(int=random_.getrandbits(128))),
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _azure(random_: random.Random, operation: str) -> bytes:
    scope = f"/subscriptions/{uuid.UUID(int=random_.getrandbits(128))}/resourceGroups/rg"
    record = {
        "time": f"2026-11-{random_.randrange(1, 29):02}T10:00:00.0000000Z",
        "resourceId": f"{scope}/providers/Microsoft.Compute/virtualMachines/vm",
        "operationName": operation,
        "category": "Administrative",
        "resultType": "Success",
        "callerIpAddress": f"198.51.100.{random_.randrange(256)}",
        "identity": {"claims": {random_.randbytes(8).hex(): "x" * 40 for _ in range(12)}},
        "properties": {"eventDataId": str(uuid.UUID(int=random_.getrandbits(128)))},
    }
    return json.dumps(record, separators=(",", ":")).encode()


class Load:
    """Draws the same records from the lines each time; every event has an id of its own."""

    def __init__(self, lines: Sequence[bytes], total: int, seed: int = 1) -> None:
        self._lines = lines
        self._random = random.Random(seed)  # noqa: S311 - likewise
        self.total = total

    def take(self, count: int) -> Iterator[Message]:
        """The next records, distributed over the partitions in turn."""
        for number in range(count):
            value = _ID.sub(self._fresh, self._random.choice(self._lines))
            yield Message(value, key=b"%d" % number, partition=number % PARTITIONS)

    def _fresh(self, found: re.Match[bytes]) -> bytes:
        identity = uuid.UUID(int=self._random.getrandbits(128))
        return found[1] + str(identity).encode() + b'"'


def expected_alerts(broker: KafkaBroker, topic: str) -> set[Origin]:
    """The alerts by the oracle ``match_naive``; a second reading of the rule must agree."""
    pipeline = build_pipeline(Settings(rules=RuleSettings(paths=(RULES,))), print)
    by_oracle: set[Origin] = set()
    by_hand: set[Origin] = set()
    for record in broker.iterate(topic):
        place = (topic, record.partition, record.offset)
        for found in unwrap(record.value).events:
            event = normalize(found, record.timestamp, pipeline.catalogue)
            if not isinstance(event, Reject):
                rules = pipeline.ruleset.match_naive(event)
                by_oracle.update((*place, found.index, rule) for rule in rules)
        held = enumerate(decide(record.value or b""))
        by_hand.update((*place, index, RULE) for index, holds in held if holds)
    assert {origin for origin in by_oracle if origin[-1] == RULE} == by_hand
    assert by_hand, "a run in which nothing matches shows nothing"
    return by_oracle


def seen_alerts(broker: KafkaBroker, topic: str) -> Counter[Origin]:
    """The origins of the alerts that librdkafka reads, with how often each was written."""
    seen: Counter[Origin] = Counter()
    for record in broker.iterate(topic):
        alert = json.loads(record.value or b"null")
        at = alert["origin"]
        place = (at["topic"], at["partition"], at["offset"], at["index"], alert["rule"]["id"])
        seen[place] += 1
    return seen
