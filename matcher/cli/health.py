"""``matcher health``: a container's health check. It imports only the standard library
and typer.
"""

import http.client
import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

_SECONDS = 5.0


def health(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            help="What to ask; http://127.0.0.1:PORT/livez with MATCHER_HTTP__PORT, or 9095."
        ),
    ] = None,
) -> None:
    """Ask a running service whether it is alive: exit code 0, or 1."""
    port = os.environ.get("MATCHER_HTTP__PORT") or "9095"
    well, line = ask(url or f"http://127.0.0.1:{port}/livez")
    print(line, file=sys.stdout if well else sys.stderr)
    raise typer.Exit(0 if well else 1)


def ask(url: str) -> tuple[bool, str]:
    """Whether the address answers 200, with the first line of the answer or the reason why there is
    none.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return False, f"{url}: give an http:// address"
    try:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_SECONDS)
        connection.request("GET", parts.path or "/livez")
        answer = connection.getresponse()
        line = answer.read(4096).decode("utf-8", "replace").strip()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return False, f"{url}: {error}"
    return answer.status == http.client.OK, line
