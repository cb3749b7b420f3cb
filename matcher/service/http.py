"""The HTTP side: metrics, liveness, readiness, and an index of them.

It runs inside the service's loop. The server is uvicorn's, without its signal handlers: those
would take SIGTERM from :mod:`matcher.service.shutdown` and raise it again at the end.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from matcher.config import HttpSettings
from matcher.errors import ConfigError
from matcher.service.exposition import CONTENT_TYPE, Exposition

_CLOSE_SECONDS = 1

_INDEX = """\
matcher

/metrics  numbers for Prometheus
/livez    200 while records are processed or none wait, whatever the broker does
/readyz   200 while rules are loaded and partitions are ours
"""

Answer = Callable[[], tuple[bool, str]]
"""A health question: whether it is well, and one line that says why."""


def application(exposition: Exposition, live: Answer, ready: Answer) -> Starlette:
    """The pages. No answer waits for Kafka."""

    async def index(_request: Request) -> Response:
        return PlainTextResponse(_INDEX)

    async def metrics(_request: Request) -> Response:
        return Response(exposition.render(), media_type=CONTENT_TYPE)

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


@contextlib.asynccontextmanager
async def serve(settings: HttpSettings, app: Starlette) -> AsyncIterator[str]:
    """Serves the pages while the block runs; gives their address.

    Raises ConfigError where the address cannot be listened on.
    """
    listener = _listen(settings)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
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
    """uvicorn's server, which leaves signals alone."""

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
