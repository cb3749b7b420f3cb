"""A TCP proxy before one broker that resets its connections when it is told to."""

import contextlib
import random
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

_AT_ONCE = struct.pack("ii", 1, 0)
_CHUNK = 65_536


class ResettingProxy:
    """A context manager: inside it, ``port`` is forwarded to the loopback port ``target``.

    ``target`` is set before the first client connects.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.target = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._random = random.Random(11)  # noqa: S311 - the same gaps each time

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        self.reset_all(0)

    def reset_all(self, most_apart: float) -> int:
        """Reset every connection, each up to so many seconds after the one before; how many."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        self._random.shuffle(pairs)
        for client, broker in pairs:
            _reset(client)
            _reset(broker)
            time.sleep(self._random.uniform(0, most_apart))
        return len(pairs)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._pairs.append((client, broker))
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
    connection.close()
