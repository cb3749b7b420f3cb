"""Asking for topic ids, and the metadata of a committed offset."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import IncompatibleBrokerVersion, NodeNotReadyError

from matcher.stream.topic_ids import commit_metadata, committed_topic_id, topic_ids


def _client(*answers):
    """A client with one broker for each answer. Each request returns or raises the next answer."""
    left = list(answers)

    async def send(_node, _request):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(topics=answer)

    brokers = [SimpleNamespace(nodeId=number) for number in range(len(answers))]
    return SimpleNamespace(send=send, cluster=SimpleNamespace(brokers=lambda: brokers))


ID = bytes(range(16))
FOUND = [(0, "here", ID, False), (3, "gone", bytes(16), False), (0, "old", bytes(16), False)]


async def test_another_broker_is_asked_where_one_does_not_answer():
    found = await topic_ids(_client(NodeNotReadyError(), FOUND), ["here", "gone", "old"])
    assert found == {"here": "AAECAwQFBgcICQoLDA0ODw"}


@pytest.mark.parametrize("error", [NodeNotReadyError, IncompatibleBrokerVersion])
async def test_where_nobody_knows_nothing_is_known(error):
    assert await topic_ids(_client(error(), error()), ["here"]) == {}


def test_what_another_tool_keeps_beside_an_offset_is_no_id():
    assert committed_topic_id(commit_metadata("AAEC")) == "AAEC"
    assert [committed_topic_id(text) for text in (None, "", "by hand")] == [None] * 3
    assert commit_metadata(None) == ""
