"""``matcher scan`` and a second, independent reading of the verbatim rule agree on every event."""

import base64
import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.verbatim_rule import decide

RULE = "cloud-api-t1059-009"
DEMO_EVENTS = Path(__file__).parents[1] / "matcher" / "cli" / "demo_events"

Place = tuple[str, int, int]


def lines(file: Path) -> list[bytes]:
    data = file.read_bytes()
    return (gzip.decompress(data) if file.suffix == ".gz" else data).split(b"\n")


def expected(files: Sequence[Path]) -> dict[Place, bool]:
    """By file, line and index: whether the rule holds."""
    return {
        (str(file), number, index): holds
        for file in files
        for number, line in enumerate(lines(file), start=1)
        if line.strip()
        for index, holds in enumerate(decide(line))
    }


def scan(files: Sequence[Path], scratch: Path) -> tuple[list[Place], int]:
    """The places of the alerts, and how many events there were."""
    summary = scratch / "summary.json"
    rejects = scratch / "rejects.jsonl"
    options = ("--output", "jsonl", "--summary", str(summary), "--rejects", str(rejects))
    command = (sys.executable, "-m", "matcher", "scan", *options, *map(str, files))
    done = subprocess.run(command, capture_output=True, check=True)
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    origins = [alert["origin"] for alert in alerts if alert["rule"]["id"] == RULE]
    places = [(o["file"], o["line"], o["index"]) for o in origins]
    return places, json.loads(summary.read_text())["events"]


def assert_agreement(files: Sequence[Path], scratch: Path) -> int:
    """Fails at any difference; the number of events on which the rule holds."""
    by_place = expected(files)
    places, events = scan(files, scratch)
    assert sorted(places) == sorted(place for place, holds in by_place.items() if holds)
    assert events == len(by_place)
    return len(places)


def wrapped(events: Sequence[bytes]) -> Iterator[bytes]:
    """Records that hold each of these events once, in envelopes of many kinds by turns."""
    kinds = itertools.cycle(
        (b"Records", b"records", b"value", None, _event_bridge, _logs, _packed, _notification)
    )
    at = 0
    for kind in kinds:
        if at >= len(events):
            return
        # an EventBridge envelope holds one event
        group = events[at : at + (1 if kind is _event_bridge else 7)]
        at += len(group)
        listed = b"[" + b",".join(group) + b"]"
        if callable(kind):
            yield kind(group)
        else:
            yield listed if kind is None else b'{"' + kind + b'":' + listed + b"}"


def _event_bridge(events: Sequence[bytes]) -> bytes:
    head = {"version": "0", "id": "1", "source": "aws.iam", "account": "1", "region": "us-east-1"}
    head |= {"detail-type": "AWS API Call via CloudTrail", "time": "2026-01-01T00:00:00Z"}
    return json.dumps(head).encode()[:-1] + b',"resources":[],"detail":' + events[0] + b"}"


def _logs(events: Sequence[bytes]) -> bytes:
    entries = [
        {"id": str(number), "timestamp": 1, "message": event.decode("utf-8", "replace")}
        for number, event in enumerate(events)
    ]
    return json.dumps({"messageType": "DATA_MESSAGE", "logEvents": entries}).encode()


def _packed(events: Sequence[bytes]) -> bytes:
    return b'{"awslogs":{"data":"' + base64.b64encode(gzip.compress(_logs(events), 1)) + b'"}}'


def _notification(events: Sequence[bytes]) -> bytes:
    text = b'{"Records":[' + b",".join(events) + b"]}"
    head = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:1:t"}
    return json.dumps(head | {"Message": text.decode("utf-8", "replace")}).encode()


_NOT_LOGS = ("panther_cases", "streamalert_cases")


@pytest.mark.corpus
def test_the_rule_holds_on_the_same_events_of_the_corpus(corpus, tmp_path):
    """The tests of other engines hold the event in a wrapper, which the oracle does not open."""
    files = [f for f in sorted(corpus.glob("*.jsonl.gz")) if not f.name.startswith(_NOT_LOGS)]
    assert assert_agreement(files, tmp_path) > 400


@pytest.mark.corpus
def test_an_envelope_changes_nothing_on_the_events_of_the_corpus(corpus, tmp_path):
    bare = [
        line
        for kind in ("cloudtrail__", "azure_activity__", "azure_audit__", "azure_signin__")
        for file in sorted(corpus.glob(f"{kind}*.jsonl.gz"))
        for line in lines(file)
        if line.strip()
    ]
    file = tmp_path / "wrapped.jsonl"
    file.write_bytes(b"\n".join(wrapped(bare)))
    assert assert_agreement([file], tmp_path) > 400


def test_the_rule_holds_on_the_same_events_of_the_bundled_ones(tmp_path):
    single = [DEMO_EVENTS / f"{kind}.jsonl" for kind in ("cloudtrail", "azure_activity", "entra")]
    bare = [line for file in single for line in lines(file) if line.strip()]
    file = tmp_path / "wrapped.jsonl"
    file.write_bytes(b"\n".join(wrapped(bare)))
    assert assert_agreement([*single, DEMO_EVENTS / "envelopes.jsonl", file], tmp_path) > 20


def test_the_second_reading_knows_a_near_miss():
    create = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}
    azure = {"operationName": "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE", "resourceId": "/x"}
    cases = {
        json.dumps(create): [True],
        json.dumps(create | {"eventName": "createuser"}): [False],
        json.dumps(create | {"acsRegion": "cn-hangzhou"}): [False],
        json.dumps(azure): [True],
        json.dumps(azure | {"category": "SignInLogs"}): [False],
        json.dumps({"Records": [create, azure, {}]}): [True, True, False],
        "{": [],
    }
    assert {text: decide(text.encode()) for text in cases} == cases
