"""Messages that wait for one partition, and when they may be sent."""

import asyncio

from aiokafka.producer.message_accumulator import BatchBuilder

from matcher.stream.lanes import Lane
from matcher.stream.outgoing import Message

_LIMIT = 1000


def _builder():
    return BatchBuilder(_LIMIT, 0)


def _message(size=10):
    return Message("alerts", "alert", b"x" * size, b"key")


async def test_what_is_released_leaves_with_all_that_came_before_it_was_taken():
    lane = Lane("alerts", 0)
    first, second = _message(), _message()
    batch = lane.add(first, _builder)
    assert lane.take() is None
    lane.release()
    assert lane.add(second, _builder) is batch
    assert lane.take() is batch
    assert batch.messages == [first, second]
    assert lane.take() is None


async def test_a_release_holds_for_what_was_there_and_not_for_what_comes_later():
    lane = Lane("alerts", 0)
    lane.release()
    lane.add(_message(), _builder)
    assert not lane.ready
    assert lane.waits


async def test_a_full_batch_leaves_by_itself_and_before_what_came_after_it():
    lane = Lane("alerts", 0)
    batches = [lane.add(_message(300), _builder) for _ in range(4)]
    assert batches[0] is batches[1] is batches[2] is not batches[3]
    lane.release()
    assert [lane.take(), lane.take(), lane.take()] == [batches[0], batches[3], None]


async def test_a_message_above_the_limit_of_a_batch_is_a_batch_of_its_own():
    lane = Lane("alerts", 0)
    small, large, other = (lane.add(_message(size), _builder) for size in (10, 5000, 10))
    assert len({small, large, other}) == 3


async def test_a_lane_with_too_much_in_it_makes_wait_until_some_is_taken():
    lane = Lane("alerts", 0)
    for _ in range(4):
        lane.add(_message(900), _builder)
    waiting = asyncio.create_task(lane.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    lane.take()
    await asyncio.wait_for(waiting, 10)
