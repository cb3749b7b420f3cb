"""The pages, over a real socket."""

import asyncio
import signal
import socket

import httpx
import pytest

from matcher.config import HttpSettings
from matcher.errors import EXIT_CONFIG, ConfigError
from matcher.service.exposition import Exposition
from matcher.service.http import application, serve


async def numbers() -> bytes:
    return Exposition().render()


async def get(path: str, *, live: bool = True, ready: bool = True) -> httpx.Response:
    app = application(numbers, lambda: (live, "live"), lambda: (ready, "ready"))
    async with serve(HttpSettings(port=0), app) as address, httpx.AsyncClient() as client:
        return await client.get(address + path)


async def test_metrics():
    answer = await get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "matcher_build_info" in answer.text


@pytest.mark.parametrize(("well", "status"), [(True, 200), (False, 503)])
async def test_health(well, status):
    assert (await get("/livez", live=well)).status_code == status
    assert (await get("/readyz", ready=well)).status_code == status
    assert (await get("/livez", live=True, ready=False)).text == "live\n"


async def test_the_index_names_every_page():
    text = (await get("/")).text
    for page in ("/metrics", "/livez", "/readyz"):
        assert page in text


async def test_a_page_that_is_not_there():
    assert (await get("/secret")).status_code == 404


async def test_an_address_that_is_taken_is_one_clear_error():
    app = application(numbers, lambda: (True, ""), lambda: (True, ""))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1 port {port}: .*MATCHER_HTTP__PORT") as it:
            async with serve(HttpSettings(port=port), app):
                pass
    assert it.value.exit_code == EXIT_CONFIG


async def test_the_server_leaves_signal_handlers_alone():
    before = signal.getsignal(signal.SIGTERM)
    app = application(numbers, lambda: (True, ""), lambda: (True, ""))
    async with serve(HttpSettings(port=0), app) as address, httpx.AsyncClient() as client:
        await client.get(address)
        assert signal.getsignal(signal.SIGTERM) is before


REQUEST = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", REQUEST[:14], REQUEST])
async def test_a_connection_that_asks_nothing_more_is_closed(sent):
    """Silent, slow with its headers, or idle after an answer."""
    app = application(numbers, lambda: (True, "live"), lambda: (True, ""))
    async with serve(HttpSettings(port=0), app, connection_seconds=0.2) as address:
        port = int(address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 20)
        assert answer.startswith(b"HTTP/1.1 200 OK") is (sent == REQUEST)
        writer.close()
        async with httpx.AsyncClient() as client:
            assert (await client.get(address + "/livez")).status_code == 200


async def test_there_is_a_cap_on_connections():
    app = application(numbers, lambda: (True, "live"), lambda: (True, ""))
    async with serve(HttpSettings(port=0), app, most_connections=5) as address:
        port = int(address.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 20)
        for _, one in [(reader, writer), *held]:
            one.close()
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    assert (await client.get(address + "/livez")).status_code == 200
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0)
