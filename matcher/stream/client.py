"""How this program uses the Kafka client: every setting is explicit, and every wait ends.

aiokafka's defaults skip records and wait without end; none of them is used here. Its exceptions do
not say why a connection failed, but its log lines do: :class:`ClientLog` collects them.
"""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from matcher.config import InputSettings, KafkaSettings, OutputSettings, SecuritySettings
from matcher.errors import ConfigError, KafkaUnreachable
from matcher.metrics import CLIENT_LOG_MESSAGES, Recorder
from matcher.stream.closed_transport import write_errors_close_connections
from matcher.stream.fetch_pace import AT_REST

log = structlog.get_logger(__name__)
T = TypeVar("T")

_RETRY_BACKOFF_MS = 200
_REPEAT_SECONDS = 30.0
_CANCEL_SECONDS = 2.0
_START_AGAIN_SECONDS = 0.5


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def tls_context(security: SecuritySettings) -> ssl.SSLContext | None:
    """The TLS context for the settings; None without TLS. Raises ConfigError for a bad file."""
    if security.protocol not in ("SSL", "SASL_SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=security.ca_file)
    except OSError as error:
        raise ConfigError(f"kafka.security.ca_file {security.ca_file}: {error}") from error
    if security.certificate_file is not None:
        password = security.key_password.get_secret_value() if security.key_password else None
        try:
            context.load_cert_chain(security.certificate_file, security.key_file, password)
        except OSError as error:
            raise ConfigError(
                f"kafka.security.certificate_file {security.certificate_file}, "
                f"key_file {security.key_file}: {error}"
            ) from error
    return context


def connection_settings(kafka: KafkaSettings) -> dict[str, Any]:
    """The settings of every aiokafka client. Raises ConfigError.

    They are needed for every client, so this function also makes the clients' connections treat a
    closed transport as a connection error (:mod:`matcher.stream.closed_transport`).
    """
    write_errors_close_connections()
    security = kafka.security
    settings: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "client_id": kafka.client_id,
        "request_timeout_ms": _ms(kafka.request_timeout),
        "metadata_max_age_ms": _ms(kafka.metadata_max_age),
        "connections_max_idle_ms": _ms(kafka.connections_max_idle),
        "retry_backoff_ms": _RETRY_BACKOFF_MS,
        "security_protocol": security.protocol,
        "ssl_context": tls_context(security),
    }
    if security.protocol.startswith("SASL"):
        if security.username is None or security.password is None:
            raise ConfigError(
                f"kafka.security.protocol {security.protocol} needs "
                "kafka.security.username and kafka.security.password"
            )
        settings["sasl_mechanism"] = security.mechanism
        settings["sasl_plain_username"] = security.username
        settings["sasl_plain_password"] = security.password.get_secret_value()
    return settings


def consumer_settings(kafka: KafkaSettings, source: InputSettings) -> dict[str, Any]:
    """The settings of a consumer: it gives bytes, and commits or resets nothing by itself."""
    return connection_settings(kafka) | {
        "group_id": source.group,
        "group_instance_id": None,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "isolation_level": source.isolation_level,
        "max_poll_records": source.max_records,
        "max_poll_interval_ms": 300_000,
        "session_timeout_ms": _ms(kafka.session_timeout),
        "heartbeat_interval_ms": _ms(kafka.heartbeat_interval),
        "rebalance_timeout_ms": _ms(kafka.rebalance_timeout),
        "fetch_min_bytes": AT_REST.least_bytes,
        "fetch_max_wait_ms": AT_REST.wait_ms,
        "fetch_max_bytes": source.fetch_max_bytes,
        "max_partition_fetch_bytes": source.max_partition_fetch_bytes,
        "check_crcs": True,
        "exclude_internal_topics": True,
        "partition_assignment_strategy": (RoundRobinPartitionAssignor,),
        "client_rack": None,
    }


def producer_settings(
    kafka: KafkaSettings, output: OutputSettings, batch_bytes: int
) -> dict[str, Any]:
    """The settings of a producer: idempotent, and acknowledged by all in-sync replicas.

    It is given whole batches, so it waits for nothing. ``batch_bytes`` is at most what the smallest
    output topic accepts, so that no record is refused because of the size of its neighbours.
    """
    return connection_settings(kafka) | {
        "enable_idempotence": True,
        "acks": "all",
        "compression_type": None if output.compression == "none" else output.compression,
        "linger_ms": 0,
        "max_batch_size": batch_bytes,
        "max_request_size": output.max_request_bytes,
    }


async def within(seconds: float, what: str, waited: Awaitable[T]) -> T:
    """Await ``waited`` for at most the given time. Raises aiokafka's KafkaTimeoutError, which names
    ``what``.
    """
    try:
        async with asyncio.timeout(seconds):
            return await waited
    except TimeoutError as error:
        raise KafkaTimeoutError(f"{what}: no answer within {seconds:g} s") from error


async def closed(what: str, closing: Coroutine[Any, Any, Any], seconds: float) -> bool:
    """Run a client's ``stop``, which may hang, raise, or end as if the caller had been cancelled.

    Returns False, after a log line, if it did not end well. Only a cancellation of the caller is
    passed on.
    """
    task = asyncio.ensure_future(closing)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
        log.warning("close_timed_out", what=what, seconds=seconds)
        return False
    if task.cancelled():
        log.warning("close_cancelled", what=what)
        return False
    if error := task.exception():
        log.warning("close_failed", what=what, error=str(error) or repr(error))
        return False
    return True


class ClientLog(logging.Handler):
    """Takes over the logger ``aiokafka`` while it is entered: counts, thins out, remembers.

    Warnings and errors are counted in :data:`CLIENT_LOG_MESSAGES`. A repeated message is written
    once in half a minute, with the number of lines left out; lines left out at the end are summed
    up. :meth:`reasons` gives the recent failed connections.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder
        self._written: dict[str, tuple[float, int]] = {}
        self._failures: deque[tuple[float, str]] = deque(maxlen=20)
        self._logger = logging.getLogger("aiokafka")

    def __enter__(self) -> Self:
        self._before = (self._logger.propagate, self._logger.level)
        self._logger.addHandler(self)
        self._logger.propagate = False
        self._logger.setLevel(logging.WARNING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate, level = self._before
        self._logger.setLevel(level)
        for template, (_, left_out) in self._written.items():
            if left_out:
                log.warning("kafka_client_repeated", message=template, left_out=left_out)
        self._written.clear()

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        self._recorder.add(CLIENT_LOG_MESSAGES, 1, (record.levelname.lower(),))
        message, template = record.getMessage(), str(record.msg)
        if message.startswith(("Unable connect", "Unable to request metadata")):
            self._failures.append((time.monotonic(), message))
        now = time.monotonic()
        since, left_out = self._written.get(template, (-_REPEAT_SECONDS, 0))
        if now - since < _REPEAT_SECONDS:
            self._written[template] = (since, left_out + 1)
            return
        self._written[template] = (now, 0)
        fields = {"message": message, "logger": record.name}
        if left_out:
            fields["left_out"] = str(left_out)
        if record.exc_info:
            fields["error"] = repr(record.exc_info[1])
        log.log(record.levelno, "kafka_client", **fields)

    def reasons(self, since: float) -> list[str]:
        """The different failed connections logged since that ``time.monotonic()``, oldest first."""
        return list(dict.fromkeys(text for when, text in self._failures if when >= since))


_FINAL_HINTS = (
    ("SaslAuthenticationFailed", "the broker refused the user name or the password"),
    ("UnsupportedSaslMechanism", "the broker does not offer kafka.security.mechanism"),
    ("Hostname mismatch", "the broker's certificate is for another host name"),
    ("IP address mismatch", "the broker's certificate is for another address"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the broker's certificate is not signed by the CA in use: set kafka.security.ca_file",
    ),
    ("CERTIFICATE_REQUIRED", "the broker asks for a client certificate"),
    ("WRONG_VERSION_NUMBER", "the port does not speak TLS: set kafka.security.protocol"),
)
"""Hints for answers of a broker that does answer: asking again would bring the same answer."""

_HINTS = (
    *_FINAL_HINTS,
    ("Connect call failed", "nothing listens there"),
    ("Connection refused", "nothing listens there"),
    ("Name or service not known", "the host name is unknown"),
    (" closed", "the broker hung up: a TLS port spoken to without TLS, or a wrong protocol"),
)


def explain(reason: str) -> str:
    """A logged reason with its most likely meaning."""
    text = reason.rstrip()
    if text.endswith(":"):
        return f"{text} no reason given: is it a port without TLS, spoken to with TLS?"
    hint = next((meaning for sign, meaning in _HINTS if sign in text), None)
    return f"{text} ({hint})" if hint else text


async def started(
    kafka: KafkaSettings, client_log: ClientLog, what: str, start: Callable[[], Awaitable[T]]
) -> T:
    """Start a client, and try again while no broker can be reached, as the broker may be starting
    too.

    Raises KafkaUnreachable, which says which broker and why: after ``kafka.start_timeout``, or at
    once if a broker refuses the client for a reason that will not pass.
    """
    since = time.monotonic()
    attempts = _until_connected(kafka, client_log, what, start)
    try:
        return await within(kafka.start_timeout, f"start of the {what}", attempts)
    except (KafkaError, OSError) as error:
        reasons = client_log.reasons(since) or [str(error) or repr(error)]
        listed = "\n".join(f"  {explain(reason)}" for reason in reasons)
        raise KafkaUnreachable(
            f"cannot reach Kafka at {kafka.bootstrap_servers} "
            f"({kafka.security.protocol}):\n{listed}"
        ) from error


async def _until_connected(
    kafka: KafkaSettings, client_log: ClientLog, what: str, start: Callable[[], Awaitable[T]]
) -> T:
    told = False
    while True:
        since = time.monotonic()
        try:
            return await start()
        except KafkaConnectionError:
            reasons = client_log.reasons(since)
            if any(sign in reason for sign, _ in _FINAL_HINTS for reason in reasons):
                raise
        if not told:
            log.warning("kafka_not_reached_yet", what=what, trying_for=kafka.start_timeout)
            told = True
        await asyncio.sleep(_START_AGAIN_SECONDS)
