"""``matcher run`` as a process: it drains on one signal, ends on two, and serves its pages."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from typing import Self

import pytest

from matcher.errors import EXIT_CONFIG, EXIT_FORCED, EXIT_OK
from tests.brokers.client import Message
from tests.brokers.mock import MockCluster
from tests.cli.program import VERBATIM, start

PARTITIONS = 4
A_PARTITION = 3000
MATCHING = {
    "eventVersion": "1.11",
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "awsRegion": "us-east-1",
    "eventTime": "2026-03-14T09:02:41Z",
    "userIdentity": {"type": "IAMUser", "userName": "mallory"},
}


class Running:
    """The service on a mock cluster, with its topics."""

    def __init__(self, broker: MockCluster, *options: str) -> None:
        self.broker = broker
        self.topic = broker.create_topic("audit", PARTITIONS)
        self.alerts = broker.create_topic("alerts", PARTITIONS)
        self.letters = broker.create_topic("letters")
        self._options = options
        self.said: list[dict] = []

    def __enter__(self) -> Self:
        self.process: subprocess.Popen[str] = start(
            "run",
            *("--bootstrap-servers", self.broker.bootstrap),
            *("--topic", self.topic, "--alert-topic", self.alerts, "--group", "g"),
            *("--set", f"output.dead_letter_topic={self.letters}"),
            *("--http-port", "0"),
            *self._options,
        )
        self.address = self.line("listening")["address"]
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self, event: str) -> dict:
        """The next log line that says so."""
        assert self.process.stderr is not None
        for text in self.process.stderr:
            self.said.append(json.loads(text))
            if self.said[-1]["event"] == event:
                return self.said[-1]
        raise AssertionError(f"no line {event}: {self.said}")

    def page(self, name: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.address}/{name}") as answer:  # noqa: S310 - ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def consumed(self) -> float:
        found = re.findall(
            r"^matcher_records_consumed_total\S* (\S+)$", self.page("metrics")[1], re.MULTILINE
        )
        return sum(map(float, found))

    def ended(self) -> int:
        """The exit code, once it has ended; what it said is in ``said``."""
        _out, text = self.process.communicate(timeout=100)
        self.said += [json.loads(line) for line in text.splitlines()]
        return self.process.returncode


def until(condition: Callable[[], object], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.005)


def fill(running: Running) -> None:
    def messages():
        for number in range(PARTITIONS * A_PARTITION):
            event = MATCHING | {"eventID": f"e-{number}"}
            yield Message(json.dumps(event).encode(), partition=number % PARTITIONS)

    running.broker.produce(running.topic, messages())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_under_load_drains(mock_broker, number):
    with Running(mock_broker) as running:
        fill(running)
        until(running.consumed)
        running.process.send_signal(number)
        assert running.ended() == EXIT_OK, running.said
    committed = mock_broker.committed("g", running.topic)
    assert 0 < sum(committed.values()) < PARTITIONS * A_PARTITION, "the signal came under load"
    below = {(p, offset) for p, end in committed.items() for offset in range(end)}
    origins = [json.loads(alert.value)["origin"] for alert in mock_broker.read_all(running.alerts)]
    written = [(origin["partition"], origin["offset"]) for origin in origins]
    assert len(written) == len(set(written))
    assert set(written) == below, "what was begun was committed, and nothing else"
    assert running.said[-1]["event"] == "stopped"


def test_the_first_line_says_what_runs(mock_broker):
    with Running(mock_broker) as running:
        first = running.said[0]
    assert first["event"] == "starting"
    assert first["version"] == version("matcher")
    assert (first["group"], first["topics"]) == ("g", [running.topic])
    assert first["alert_topic"] == running.alerts
    assert first["rules"] == 1
    assert first["rules_from"] == [str(VERBATIM)]
    assert re.fullmatch(r"[0-9a-f]{64}", first["ruleset"])


def test_a_second_signal_forces(mock_broker):
    with Running(mock_broker) as running:
        fill(running)
        until(running.consumed)
        mock_broker.take_down()
        running.process.send_signal(signal.SIGTERM)
        assert running.line("draining")["why"] == "SIGTERM"
        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == EXIT_FORCED
    mock_broker.bring_up()


@pytest.mark.parametrize(
    "said",
    [["starting", "listening"], ["starting", "listening", "worker_started", "worker_started"]],
    ids=["one", "two workers"],
)
def test_a_signal_before_a_broker_answered_ends_at_once(said):
    workers = str(max(1, said.count("worker_started")))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        servers = f"127.0.0.1:{mute.getsockname()[1]}"
        where = ("--bootstrap-servers", servers, "--http-port", "0")
        with start("run", *where, "--workers", workers) as process:
            for event in said:
                assert f'"{event}"' in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            _out, said = process.communicate(timeout=100)
    assert process.returncode == EXIT_OK, said


def test_an_address_that_is_taken_is_said_before_a_worker_starts():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with start("run", "--http-port", port, "--workers", "3") as process:
            _out, said = process.communicate(timeout=100)
    assert process.returncode == EXIT_CONFIG
    assert said.count(f"cannot listen on 127.0.0.1 port {port}") == 1
    assert "worker_started" not in said


def test_the_pages_while_it_runs(mock_broker):
    with Running(mock_broker) as running:
        until(lambda: running.page("readyz")[0] == 200)
        assert running.page("readyz")[1] == "1 rules loaded, 4 partitions assigned\n"
        assert running.page("livez")[0] == 200
        fill(running)
        until(lambda: running.consumed() == PARTITIONS * A_PARTITION)
        metrics = running.page("metrics")[1]
        total = float(PARTITIONS * A_PARTITION)
        assert f'matcher_events_total{{log_source_type="Amazon AWS CloudTrail"}} {total}' in metrics
        assert "matcher_assigned_partitions 4.0" in metrics
        assert 'matcher_rules_loaded{language="aql"} 1.0' in metrics
        assert re.search(r'matcher_build_info\{aiokafka="[\d.]+",python="3', metrics)
        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == EXIT_OK
