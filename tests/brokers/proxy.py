"""A TCP proxy between a client and its brokers. A test can make it reset all connections, one after
the other, some microseconds apart.
"""

import asyncio
import random
import socket
import struct
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

_LOOPBACK = "127.0.0.1"
_CHUNK = 65_536
_ANSWER_SECONDS = 30
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds


class ResettingProxy:
    """Forwards loopback ports in a thread of its own. A context manager: the proxy runs inside."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def forward(self, port: int) -> int:
        """A new loopback port whose connections are forwarded to the given port."""
        return self._do(self._serve(port))

    def reset_all(self, random_: random.Random, apart: float) -> int:
        """Reset the clients' connections in a random order, each up to ``apart`` seconds after the
        connection before. Returns the number of connections.
        """
        return self._do(self._reset(random_, apart))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_SECONDS)

    async def _serve(self, port: int) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connected(reader, writer, port)

        server = await asyncio.start_server(connected, _LOOPBACK, 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _connected(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, port: int
    ) -> None:
        try:
            answers, broker = await asyncio.open_connection(_LOOPBACK, port)
        except OSError:
            client.transport.abort()
            return
        self._clients.add(client)
        for task in (
            asyncio.create_task(self._pump(reader, broker, client)),
            asyncio.create_task(self._pump(answers, client, broker)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        other: asyncio.StreamWriter,
    ) -> None:
        """Pass on what is received; when one side ends, end the other side."""
        try:
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            for one in (writer, other):
                one.transport.abort()
                self._clients.discard(one)

    async def _reset(self, random_: random.Random, apart: float) -> int:
        connections = [one for one in self._clients if not one.transport.is_closing()]
        random_.shuffle(connections)
        for connection in connections:
            raw = connection.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            connection.transport.abort()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn
            until = time.monotonic() + random_.random() * apart
            while time.monotonic() < until:  # no sleep is as short
                pass
        return len(connections)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
