"""Structured logs on stderr, one line for each entry of ours, of the Kafka client and of the web
server.

No secret is written, whoever logs it. :class:`matcher.stream.client.ClientLog` thins out the Kafka
client's lines, which repeat many times a second while a broker is away.
"""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import structlog
from pydantic import BaseModel, SecretStr

from matcher.config import ServiceSettings
from matcher.config.document import MASK

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(
    settings: ServiceSettings,
    secrets: Sequence[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Configure the process's logging. A second call replaces the configuration of the first."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Formatter(_renderers(settings, out), secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in ("aiokafka", "asyncio", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def secrets_of(model: BaseModel) -> tuple[str, ...]:
    """The text of every secret in the settings."""
    found: list[str] = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found += secrets_of(value)
        elif isinstance(value, SecretStr) and value.get_secret_value():
            found.append(value.get_secret_value())
    return tuple(found)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """A formatter of structlog that masks every known secret in the finished line."""

    def __init__(self, renderers: list[Any], secrets: Sequence[str]) -> None:
        super().__init__(foreign_pre_chain=_SHARED, processors=renderers)
        spellings = {text for secret in secrets for text in (secret, *_quoted(secret)) if text}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, MASK)
        return line


def _quoted(secret: str) -> tuple[str, ...]:
    """The secret as it is written inside JSON, and inside a value in Python's notation."""
    return (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    )


def _renderers(settings: ServiceSettings, out: TextIO) -> list[Any]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if settings.log_format == "console":
        # rich's tracebacks show local variables, and wrap their lines
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)
        return [strip, console]
    return [
        strip,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
