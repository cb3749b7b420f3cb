"""No test of the stream leaves a connection open."""

import asyncio

import pytest

_PATIENCE = 10.0


@pytest.fixture(autouse=True)
async def no_connection_is_left_open():
    """aiokafka closes some connections without waiting: the event loop needs a few turns to finish
    that.
    """
    loop = asyncio.get_running_loop()
    connect, sockets = loop.create_connection, []

    async def recorded(*args, **kwargs):
        transport, protocol = await connect(*args, **kwargs)
        sockets.append(transport.get_extra_info("socket"))
        return transport, protocol

    loop.create_connection = recorded
    yield
    deadline = loop.time() + _PATIENCE
    while left := [socket for socket in sockets if socket.fileno() != -1]:
        assert loop.time() < deadline, f"connections are left open: {left}"
        await asyncio.sleep(0.005)
