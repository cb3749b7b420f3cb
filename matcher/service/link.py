"""What a supervisor and one of its workers say to each other, over a pair of sockets.

A message is its length, in four bytes, and a MessagePack document. If one side ends, the other side
reads the end of the stream.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Self

import msgspec

from matcher.errors import MatcherError
from matcher.service.exposition import Snapshot
from matcher.service.service import Service

SIGN_SECONDS = 0.5
"""How often a worker says that it is alive."""

_LENGTH_BYTES = 4


class Order(msgspec.Struct, frozen=True, tag=True):
    """Asks a worker to end: after a drain, or (``force``) at once."""

    why: str
    force: bool = False


class NumbersWanted(msgspec.Struct, frozen=True, tag=True):
    """Asks a worker for its numbers."""


class Sign(msgspec.Struct, frozen=True, tag=True):
    """A worker's event loop runs; ``line`` says why the worker is ready or not."""

    ready: bool
    line: str


class Numbers(msgspec.Struct, frozen=True, tag=True):
    """A worker's numbers: the numbers that were asked for, or the worker's last numbers."""

    snapshot: Snapshot


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A worker ends with this error; ``code`` is its exit code."""

    code: int
    text: str


Message = Order | NumbersWanted | Sign | Numbers | Failed
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Message)


class Link:
    """One end of the connection. Messages arrive whole and in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """The link over this end of a pair, which belongs to the link from now on."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: Message) -> None:
        """Send without waiting. A message to a process that has ended is lost without an error."""
        body = _encoder.encode(message)
        self._writer.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)

    async def receive(self) -> AsyncGenerator[Message, None]:
        """The messages of the other side, until that side ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
                yield _decoder.decode(await self._reader.readexactly(size))

    async def close(self) -> None:
        """Send what is left, and close."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class WorkerFront:
    """A :data:`matcher.service.service.Front`: shows a worker to its supervisor at the other end of
    ``end``, and does what the supervisor says. If the supervisor ends, the worker drains.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @contextlib.asynccontextmanager
    async def __call__(self, service: Service) -> AsyncIterator[None]:
        """Show this service while the block runs."""
        link = await Link.over(self._end)
        tasks = [
            asyncio.create_task(self._obey(link, service), name="supervisor"),
            asyncio.create_task(self._give_signs(link, service), name="signs"),
        ]
        try:
            yield
        except MatcherError as error:
            link.send(Failed(error.exit_code, str(error)))
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            link.send(Numbers(service.exposition.snapshot()))
            await link.close()

    async def _obey(self, link: Link, service: Service) -> None:
        async with contextlib.aclosing(link.receive()) as messages:
            async for message in messages:
                match message:
                    case NumbersWanted():
                        link.send(Numbers(service.exposition.snapshot()))
                    case Order(why=why, force=True):
                        service.force(why)
                    case Order(why=why):
                        service.request_stop(why)
        service.request_stop("the supervisor ended")

    async def _give_signs(self, link: Link, service: Service) -> None:
        while True:
            link.send(Sign(*service.readiness()))
            await asyncio.sleep(SIGN_SECONDS)
