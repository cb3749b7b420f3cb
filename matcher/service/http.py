"""The HTTP pages: metrics, liveness, readiness, and an index of them.

They are served in the service's event loop by uvicorn, without its signal handlers: those would
take SIGTERM from :mod:`matcher.service.shutdown` and raise it again at the end.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from matcher.config import HttpSettings
from matcher.errors import ConfigError
from matcher.service.exposition import CONTENT_TYPE

_CLOSE_SECONDS = 1
CONNECTION_SECONDS = 10.0
"""A connection is closed after this many seconds without an answered request: when it is silent,
sends its headers slowly, or is idle between two requests. A scraper then connects again.
"""
MOST_CONNECTIONS = 100
"""The most open connections; a further one is closed at once."""

_INDEX = """\
matcher

/metrics  numbers for Prometheus
/livez    200 while records are processed or none wait, whatever the broker does
/readyz   200 while rules are loaded and partitions are ours
"""

Answer = Callable[[], tuple[bool, str]]
"""A health check: whether the service is healthy, and one or more lines that say why."""

Numbers = Callable[[], Awaitable[bytes]]
"""The page that Prometheus scrapes."""


def application(numbers: Numbers, live: Answer, ready: Answer) -> Starlette:
    """The application with the pages. No page waits for Kafka."""

    async def index(_request: Request) -> Response:
        return PlainTextResponse(_INDEX)

    async def metrics(_request: Request) -> Response:
        return Response(await numbers(), media_type=CONTENT_TYPE)

    async def livez(_request: Request) -> Response:
        return _health(live())

    async def readyz(_request: Request) -> Response:
        return _health(ready())

    return Starlette(
        routes=[
            Route("/", index),
            Route("/metrics", metrics),
            Route("/livez", livez),
            Route("/readyz", readyz),
        ]
    )


def _health(answer: tuple[bool, str]) -> Response:
    well, line = answer
    return PlainTextResponse(f"{line}\n", status_code=200 if well else 503)


class _Connection(H11Protocol):
    """A connection of uvicorn, which by itself would wait without end for a request's headers."""

    seconds = CONNECTION_SECONDS
    most = MOST_CONNECTIONS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._watch()

    def _watch(self) -> None:
        self._timer = self.loop.call_later(self.seconds, self._close_unless_answering)

    def _close_unless_answering(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._watch()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        if hasattr(self, "_timer"):
            self._timer.cancel()
        super().connection_lost(exc)


@contextlib.asynccontextmanager
async def serve(
    settings: HttpSettings,
    app: Starlette,
    *,
    connection_seconds: float = CONNECTION_SECONDS,
    most_connections: int = MOST_CONNECTIONS,
) -> AsyncIterator[str]:
    """Serve the pages while the block runs, and give their address.

    Raises ConfigError if the address cannot be used.
    """
    limits = {"seconds": connection_seconds, "most": most_connections}
    listener = _listen(settings)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            http=type("Connection", (_Connection,), limits),
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve([listener]), name="http")
    try:
        yield _address(listener)
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """A server of uvicorn that leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(settings: HttpSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"http: cannot listen on {settings.host} port {settings.port}: "
            f"{error.strerror or error}; choose another with MATCHER_HTTP__PORT"
        ) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
