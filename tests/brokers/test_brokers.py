"""Tests of the harness itself: the other tests rely on it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers.client import KafkaBroker, Message
from tests.brokers.process import Child, wait_until
from tests.brokers.real import RealCluster


@pytest.fixture(params=["mock", pytest.param("real", marks=pytest.mark.real_kafka)])
def kafka(request) -> KafkaBroker:
    return request.getfixturevalue(f"{request.param}_broker")


def test_what_is_produced_is_read_with_keys_headers_partitions_and_times(kafka):
    topic = kafka.create_topic("round-trip", partitions=2)
    sent = [
        Message(b"one", b"k", (("a", b"1"), ("a", b"2"), ("none", None)), 0, 1_700_000_000_123),
        Message(b"", None, (), 1, 1_700_000_000_456),
        Message(None, b"tombstone", (), 1, 1_700_000_000_789),
    ]
    kafka.produce(topic, sent)
    read = sorted(kafka.read_all(topic), key=lambda m: m.timestamp)
    seen = [(m.value, m.key, m.headers, m.partition, m.timestamp, m.offset) for m in read]
    assert seen == [
        (m.value, m.key, m.headers, m.partition, m.timestamp, offset)
        for m, offset in zip(sent, (0, 0, 1), strict=True)
    ]
    assert kafka.ends(topic) == {0: 1, 1: 2}
    assert kafka.committed("nobody", topic) == {}


def test_records_can_be_made_to_expire(kafka):
    topic = kafka.create_topic("expiring")
    kafka.produce(topic, [Message(b"%d" % i) for i in range(10)])
    kafka.delete_before(topic, {0: 7})
    assert kafka.starts(topic) == {0: 7}
    assert [m.value for m in kafka.read_all(topic)] == [b"7", b"8", b"9"]


def test_the_mock_cluster_refuses_what_it_is_told_to(mock_broker):
    topic = mock_broker.create_topic("refused")
    record_too_large = 10
    mock_broker.fail_next(0, record_too_large)
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        mock_broker.produce(topic, [Message(b"x")])


@pytest.mark.real_kafka
def test_three_nodes_survive_the_loss_of_one(kafka_jars, tmp_path):
    with RealCluster(kafka_jars, tmp_path, nodes=3) as cluster:
        broker = KafkaBroker("real", cluster.bootstrap)
        topic = broker.create_topic("replicated", partitions=3)
        broker.produce(topic, [Message(b"%d" % i, partition=i % 3) for i in range(30)])
        cluster.nodes[0].kill()
        broker.produce(topic, [Message(b"%d" % i, partition=i % 3) for i in range(30, 60)])
        assert {int(m.value) for m in broker.read_all(topic)} == set(range(60))
        cluster.nodes[0].start()
        cluster.nodes[0].wait_ready()


@pytest.mark.real_kafka
def test_a_secure_listener_lets_known_users_in_and_nobody_else(kafka_jars, tmp_path):
    with RealCluster(kafka_jars, tmp_path, secure=True) as cluster:
        plain = KafkaBroker("real", cluster.bootstrap)
        plain.add_user("alice", "right")
        topic = plain.create_topic("secret")
        plain.produce(topic, [Message(b"hello")])

        def client(password: str) -> KafkaBroker:
            secure = {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": "alice",
                "sasl.password": password,
                "ssl.ca.location": str(cluster.certificates.ca),
            }
            return KafkaBroker("real", cluster.secure_bootstrap, secure)

        assert [m.value for m in client("right").read_all(topic)] == [b"hello"]
        with pytest.raises(AssertionError, match="_MSG_TIMED_OUT"):
            client("wrong").produce(topic, [Message(b"x")], **{"message.timeout.ms": 1500})


@pytest.mark.real_kafka
def test_a_broker_that_does_not_start_says_why(kafka_jars, tmp_path):
    cluster = RealCluster(kafka_jars, tmp_path, server="log.segment.bytes=nonsense\n")
    with pytest.raises(AssertionError, match="Invalid value nonsense"):
        cluster.__enter__()
    assert [node.child.returncode for node in cluster.nodes] == [1]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv of util-linux here")
def test_a_child_does_not_outlive_the_suite(tmp_path):
    """In the worst case the suite is killed: its children must end, too."""
    suite = tmp_path / "suite.py"
    suite.write_text(
        "import pathlib, sys, time\n"
        "from tests.brokers.process import Child, wait_until\n"
        "program = 'import time; print(\"up\", flush=True); time.sleep(600)'\n"
        "command = [sys.executable, '-c', program]\n"
        f"child = Child(command, log=pathlib.Path({str(tmp_path / 'log')!r}))\n"
        "wait_until(child.output, 60, 'the child', child)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, str(suite)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    ) as started:
        pid = int(started.stdout.readline())
        started.kill()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # dead, and not yet fetched by whoever inherited it
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    try:
        wait_until(gone, 60, "the end of the child")
    finally:
        if not gone():
            os.kill(pid, signal.SIGKILL)


def test_a_child_s_last_words_are_kept(tmp_path):
    child = Child([sys.executable, "-c", "print('last words')"], log=tmp_path / "log")
    try:
        assert child.wait(30) == 0
        assert "last words" in child.tail()
    finally:
        child.kill()
