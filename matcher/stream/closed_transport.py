"""Makes a write to a closed connection a connection error, on every event loop.

asyncio's transports ignore such a write. uvloop's raise RuntimeError, which aiokafka does not
expect: only OSError is a broken connection for it (aiokafka issue 1038). The RuntimeError silently
ends the client's metadata task, and from then on commits and heartbeats wait without end.
"""

import functools
from collections.abc import Callable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

_WRITING_METHODS = ("send", "_send_sasl_token")


def write_errors_close_connections() -> None:
    """Make every aiokafka connection of this process raise KafkaConnectionError, and close, when
    its transport refuses a write. A second call changes nothing.
    """
    for name in _WRITING_METHODS:
        method = getattr(AIOKafkaConnection, name)
        if not hasattr(method, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _closing_on_refusal(method))


def _closing_on_refusal(write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    def guarded(connection: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return write(connection, *arguments, **options)
        except KafkaError:  # a KafkaError is a RuntimeError, too
            raise
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
            raise KafkaConnectionError(
                f"Connection at {connection.host}:{connection.port} broken: {error}"
            ) from error

    return guarded
