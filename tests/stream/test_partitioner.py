"""A key goes to the partition that every other Kafka client gives it."""

from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import example, given
from hypothesis import strategies as st

from matcher.stream.partitioner import murmur2, partition_of


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff" * 7)
@example(b"cafe0000-0000-5000-8000-0000deadbeef")
def test_the_hash_is_that_of_kafkas_clients(key):
    assert murmur2(key) == aiokafka_murmur2(key)


@given(st.binary(max_size=60), st.integers(1, 300))
def test_a_key_has_the_partition_that_aiokafka_gives_it(key, count):
    partitions = range(count)
    theirs = DefaultPartitioner()(key, list(partitions), list(partitions))
    assert partition_of(key, partitions, ()) == theirs


def test_without_a_key_every_partition_with_a_leader_is_used_and_no_other():
    drawn = {partition_of(None, range(6), (1, 4)) for _ in range(200)}
    assert drawn == {1, 4}
    assert {partition_of(None, range(3), ()) for _ in range(200)} == {0, 1, 2}
