"""The input topic is deleted and recreated while it is read: no record of the new topic is lost."""

import signal

import pytest

from tests.brokers.client import Message
from tests.faults.load import PARTITIONS, expected_alerts, generated_lines, judge, seen_alerts
from tests.faults.service import Scene

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(600)]


def _produce(scene, count, events):
    """Write ``count`` records of ``events`` events each; every event matches."""
    lines = [line for line in generated_lines(400) if b"CreateUser" in line or b"/write" in line]
    value = b"[" + b",".join(lines[:events]) + b"]"
    scene.broker.produce(
        scene.input, [Message(value, partition=number % PARTITIONS) for number in range(count)]
    )


@pytest.mark.parametrize("frozen", ["one of two", "both"])
def test_a_topic_made_anew_under_frozen_members_is_read_whole(real_broker, tmp_path, frozen):
    with Scene(real_broker, tmp_path, kafka__metadata_max_age=2) as scene:
        members = [scene.start_assigned(), scene.start_assigned()]
        _produce(scene, 400, events=1)
        scene.until_all_committed(*members)
        stopped = members[:1] if frozen == "one of two" else members
        for member in stopped:
            member.send(signal.SIGSTOP)
        real_broker.delete_topic(scene.input)
        real_broker._create(scene.input, PARTITIONS, {})
        _produce(scene, 800, events=2)
        for member in stopped:
            member.send(signal.SIGCONT)
        expected = expected_alerts(scene.broker, scene.input)
        # the second event of each record is of the new topic alone
        assert sum(origin[3] == 1 for origin in expected) == 800
        scene.until(
            lambda: expected <= set(seen_alerts(scene.broker, scene.alerts)),
            "an alert of every record of the new topic",
            members[0],
        )
        scene.until_all_committed(*members)
        assert not judge(expected, seen_alerts(scene.broker, scene.alerts)).missing
        told = "".join(member.output() for member in members)
        assert '"topic_made_anew"' in told
