"""A write that waits for too long is reported with its true cause."""

import asyncio
import re

import pytest

from matcher.config import KafkaSettings
from matcher.errors import DeliveryError
from matcher.stream.diagnosis import troubles, why_unwritten
from tests.stream.stage import Stage


def _topic(*partitions, error=0):
    return {
        "error_code": error,
        "partitions": [
            {"partition": number, "leader": leader, "replicas": [1, 2, 3], "isr": isr}
            for number, (leader, isr) in enumerate(partitions)
        ],
    }


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"alerts": _topic((1, [1, 2, 3]))}, []),
        ({"other": _topic()}, ["topic alerts does not exist: it was deleted, or is hidden"]),
        ({"alerts": _topic(error=29)}, ["topic alerts: TopicAuthorizationFailedError"]),
        ({"alerts": _topic((1, [1, 2, 3]), (-1, []))}, ["partition 1 of topic alerts has no lead"]),
        ({"alerts": _topic((1, [1]))}, ["partition 0 of topic alerts has 1 of 3 replicas in sync"]),
    ],
)
def test_what_is_wrong_with_a_topic_is_said(answers, said):
    found = list(troubles(["alerts"], answers))
    assert [text.startswith(start) for text, start in zip(found, said, strict=True)] == [
        True for _ in said
    ]


async def test_brokers_that_do_not_answer_are_the_cause():
    told = await why_unwritten(KafkaSettings(bootstrap_servers="127.0.0.1:1"), ["alerts"])
    assert told.startswith("the brokers do not answer: ")


@pytest.mark.real_kafka
@pytest.mark.parametrize(("send_timeout", "request_timeout"), [(1.0, 40.0), (60.0, 5.0)])
async def test_an_alert_topic_that_is_deleted_while_running_is_named(
    real_broker, send_timeout, request_timeout
):
    """The topic is named whether we give up first or the client does. The client then says that a
    partition has no leader.
    """
    stage = Stage(real_broker, send_timeout=send_timeout)
    stage.kafka["request_timeout"] = request_timeout
    with stage.client_log:
        task = asyncio.create_task((await stage.worker()).run())
        stage.produce([b"alert"] * 8)
        await stage.until_committed()
        real_broker.delete_topic(stage.alerts)
        stage.produce([b"alert"] * 8)
        with pytest.raises(DeliveryError) as told:
            await asyncio.wait_for(task, 60)
    assert stage.alerts in str(told.value)
    assert re.search("topic .* ?does not exist", str(told.value))
    assert "replicas" not in str(told.value)
