"""A connection that closes under a write, on the event loop that the service runs on."""

import asyncio
import contextlib

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest, DescribeConfigsRequest

from matcher.config import KafkaSettings
from matcher.stream.client import connection_settings

_PATIENCE = 20.0


@pytest.fixture
def on_uvloop():
    """Runs a coroutine on the event loop of the product."""

    def run(work):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(asyncio.wait_for(work, _PATIENCE))

    return run


class _Lost(asyncio.Protocol):
    def __init__(self):
        self.lost = asyncio.Event()

    def connection_lost(self, _exc):
        self.lost.set()


async def _close_before_the_next_write(connections):
    """Give each connection a closed transport, while its reader does not know of the closing yet.

    Between the end of a transport and the end of the task that reads from the transport the loop
    turns twice: in this time a write meets uvloop's RuntimeError.
    """
    loop = asyncio.get_running_loop()
    for connection in connections:
        transport, protocol = await loop.create_connection(_Lost, connection.host, connection.port)
        transport.abort()
        await protocol.lost.wait()
        connection._writer.write = transport.write


@contextlib.asynccontextmanager
async def _client(broker):
    settings = connection_settings(KafkaSettings(bootstrap_servers=broker.bootstrap))
    client = AIOKafkaClient(**settings)
    await client.bootstrap()
    try:
        yield client
    finally:
        connections = list(client._conns.values())
        with contextlib.suppress(RuntimeError):  # of a metadata task that ended by it
            await client.close()
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "write",
    [
        lambda connection: connection.send(ApiVersionRequest()),
        lambda connection: connection._send_sasl_token(b"a token"),
    ],
    ids=["a request", "a SASL token"],
)
def test_a_write_to_a_closed_transport_is_a_connection_error(mock_broker, on_uvloop, write):
    async def scene():
        async with _client(mock_broker) as client:
            connection = await client._get_conn(next(iter(client.cluster.brokers())).nodeId)
            await _close_before_the_next_write([connection])
            with pytest.raises(KafkaConnectionError, match="the handler is closed"):
                write(connection)
            assert not connection.connected()

    on_uvloop(scene())


def test_a_request_that_the_broker_does_not_know_is_no_broken_connection(mock_broker, on_uvloop):
    async def scene():
        async with _client(mock_broker) as client:
            connection = await client._get_conn(next(iter(client.cluster.brokers())).nodeId)
            connection._versions = {}
            with pytest.raises(IncompatibleBrokerVersion):
                connection.send(DescribeConfigsRequest([]))
            assert connection.connected()

    on_uvloop(scene())


def test_the_client_goes_on_after_every_connection_closed_under_a_write(mock_broker, on_uvloop):
    async def scene():
        async with _client(mock_broker) as client:
            for node in client.cluster.brokers():
                await client._get_conn(node.nodeId)
            await _close_before_the_next_write(list(client._conns.values()))
            task, update = client._sync_task, client.force_metadata_update()
            await asyncio.wait({task, update}, return_when=asyncio.FIRST_COMPLETED)
            assert not task.done(), "the metadata task ended in silence"
            assert await client.force_metadata_update()

    on_uvloop(scene())
