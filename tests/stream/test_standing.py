"""What the answers to fetches say of a partition that stands still, and what they do not say."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from matcher.stream import standing
from matcher.stream.standing import StandingPartitions

PLACE = TopicPartition("t", 0)
CORRUPT, NOT_LEADER = 2, 6
NOTHING = (0, 10, 10, b"")
"""Error, high watermark, last stable offset, bytes: no error, no record, though it ends at 10."""


class _Scene:
    """The client of one consumer, with a clock that is set by hand."""

    def __init__(self, monkeypatch, *, read_committed=True):
        self.now = 1000.0
        monkeypatch.setattr(standing.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(standing, "_CALM_SECONDS", 0)
        self.told = []
        self._client = SimpleNamespace(send=self._answer)
        StandingPartitions(self.told.append, read_committed=read_committed).watch(self._client)

    async def fetch(self, *parts, at=5):
        """One fetch at this offset, ten seconds later; ``parts`` is the answer by partition."""
        self.now += 10
        self._parts = parts
        asked = [(number, at, 1000) for number in range(len(parts))]
        await self._client.send(1, FetchRequest(100, 1, 1000, 0, [("t", asked)]))

    async def _answer(self, _node, _request):
        found = [
            (number, error, end, stable, [], records)
            for number, (error, end, stable, records) in enumerate(self._parts)
        ]
        return SimpleNamespace(API_VERSION=4, topics=[("t", found)])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NOTHING, "the broker gives no record, though it ends at 10"),
        ((CORRUPT, -1, -1, b""), "the broker cannot read it: CorruptRecordException"),
    ],
)
async def test_a_partition_that_stands_for_long_is_told(monkeypatch, answer, reason):
    scene = _Scene(monkeypatch)
    await scene.fetch(answer)
    await scene.fetch(answer)
    assert scene.told == []
    await scene.fetch(answer)
    (batch,) = scene.told
    assert (batch.partition, batch.offset, batch.end, batch.reason) == (PLACE, 5, 6, reason)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([(NOTHING, (0, 10, 10, b"records"))], id="an answer that is full"),
        pytest.param([((0, 5, 5, b""),)], id="its end"),
        pytest.param([((0, 10, 5, b""),)], id="a transaction that is open"),
        pytest.param([((NOT_LEADER, -1, -1, b""),)], id="another leader"),
        pytest.param([(NOTHING,), ((0, 10, 10, b"records"),)], id="a record between"),
    ],
)
async def test_what_has_another_reason_is_not_told(monkeypatch, answers):
    scene = _Scene(monkeypatch)
    for _ in range(5):
        for answer in answers:
            await scene.fetch(*answer)
    assert scene.told == []


async def test_each_offset_has_its_own_time(monkeypatch):
    scene = _Scene(monkeypatch)
    for offset in range(5, 9):
        await scene.fetch(NOTHING, at=offset)
    assert scene.told == []


async def test_uncommitted_records_count_where_they_are_read(monkeypatch):
    scene = _Scene(monkeypatch, read_committed=False)
    for _ in range(3):
        await scene.fetch((0, 10, 5, b""))
    assert [batch.offset for batch in scene.told] == [5]
