"""Rules that concern several settings at once. Pure: settings in, findings out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.config.sections import Settings

DEAD_BROKER_SECONDS = 12.0
"""A commit or send that meets one dead broker of three takes up to this long
(docs/reference/kafka.md, "What the client does").
"""

_ENVELOPE_BYTES = 1024
"""What a record's key, headers and framing add to an alert's body, at most."""


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """A contradiction, or (not ``fatal``) a combination that is allowed and unwise.

    ``settings`` are the dotted names concerned; the first is the one to change.
    """

    settings: tuple[str, ...]
    message: str
    fatal: bool = True


def check(settings: Settings) -> Iterator[SettingsProblem]:
    """Every finding."""
    yield from _security(settings)
    yield from _files(settings)
    yield from _topics(settings)
    yield from _sizes(settings)
    yield from _times(settings)


def _security(settings: Settings) -> Iterator[SettingsProblem]:
    security = settings.kafka.security
    at = "kafka.security."
    if security.protocol.startswith("SASL"):
        for name in ("username", "password"):
            if getattr(security, name) is None:
                yield SettingsProblem((at + name, at + "protocol"), f"{security.protocol} needs it")
    elif security.username is not None or security.password is not None:
        yield SettingsProblem(
            (at + "protocol", at + "username", at + "password"),
            f"{security.protocol} logs nobody in, and a username or password is set: "
            "choose SASL_SSL or SASL_PLAINTEXT",
        )
    if security.certificate_file is not None and security.key_file is None:
        yield SettingsProblem(
            (at + "key_file", at + "certificate_file"), "a certificate needs its key"
        )
    if security.key_file is not None and security.certificate_file is None:
        yield SettingsProblem(
            (at + "certificate_file", at + "key_file"), "a key needs its certificate"
        )
    if security.key_password is not None and security.key_file is None:
        yield SettingsProblem(
            (at + "key_file", at + "key_password"), "a key's password needs the key"
        )
    if not security.protocol.endswith("SSL") and (security.ca_file or security.certificate_file):
        yield SettingsProblem(
            (at + "protocol", at + "ca_file", at + "certificate_file"),
            f"{security.protocol} uses no certificates, and some are set: choose SSL or SASL_SSL",
        )
    if security.protocol == "SASL_PLAINTEXT" and security.mechanism == "PLAIN":
        yield SettingsProblem(
            (at + "protocol", at + "mechanism"),
            "the password travels in the clear: SASL_SSL protects it",
            fatal=False,
        )


def _files(settings: Settings) -> Iterator[SettingsProblem]:
    security = settings.kafka.security
    for name in ("ca_file", "certificate_file", "key_file"):
        path: Path | None = getattr(security, name)
        if path is not None and not path.is_file():
            yield SettingsProblem((f"kafka.security.{name}",), f"there is no file {path}")
    for name, directory in (
        ("catalogue.directory", settings.catalogue.directory),
        ("aql.reference_sets", settings.aql.reference_sets),
        ("sigma.placeholders", settings.sigma.placeholders),
    ):
        if directory is not None and not directory.is_dir():
            yield SettingsProblem((name,), f"there is no directory {directory}")


def _topics(settings: Settings) -> Iterator[SettingsProblem]:
    output = settings.output
    seen = dict.fromkeys(settings.input.topics, "input.topics")
    if len(seen) < len(settings.input.topics):
        yield SettingsProblem(("input.topics",), "a topic is named twice")
    for field in ("alert_topic", "signals_topic", "forward_topic", "dead_letter_topic"):
        name = f"output.{field}"
        topic: str | None = getattr(output, field)
        if topic is None:
            continue
        if topic not in seen:
            seen[topic] = name
        elif seen[topic] == "input.topics":
            yield SettingsProblem(
                (name, "input.topics"), f"'{topic}' is read too: its own input for ever"
            )
        else:
            yield SettingsProblem(
                (name, seen[topic]), f"'{topic}' serves two purposes: name two topics"
            )


def _sizes(settings: Settings) -> Iterator[SettingsProblem]:
    output = settings.output
    if settings.alert.max_bytes + _ENVELOPE_BYTES > output.max_request_bytes:
        yield SettingsProblem(
            ("alert.max_bytes", "output.max_request_bytes"),
            f"an alert of {settings.alert.max_bytes} bytes does not fit into a request of "
            f"{output.max_request_bytes}: leave {_ENVELOPE_BYTES} bytes beside it",
        )
    if output.max_batch_bytes > output.max_request_bytes:
        yield SettingsProblem(
            ("output.max_batch_bytes", "output.max_request_bytes"),
            "a batch must fit into a request",
        )


def _times(settings: Settings) -> Iterator[SettingsProblem]:
    kafka, service = settings.kafka, settings.service
    if kafka.heartbeat_interval * 3 > kafka.session_timeout:
        yield SettingsProblem(
            ("kafka.heartbeat_interval", "kafka.session_timeout"),
            "allow three heartbeats a session: at most a third of it",
        )
    if service.slice_seconds >= kafka.heartbeat_interval:
        yield SettingsProblem(
            ("service.slice_seconds", "kafka.heartbeat_interval"),
            "no heartbeat is sent while a slice runs: keep slices shorter than the interval",
        )
    for name, value in (
        ("kafka.commit_timeout", kafka.commit_timeout),
        ("output.send_timeout", settings.output.send_timeout),
    ):
        if value <= DEAD_BROKER_SECONDS:
            yield SettingsProblem(
                (name,),
                f"{value:g} s is not above {DEAD_BROKER_SECONDS:g} s: "
                "one dead broker of three will stop the service",
                fatal=False,
            )
    if kafka.rebalance_timeout < kafka.session_timeout:
        yield SettingsProblem(
            ("kafka.rebalance_timeout", "kafka.session_timeout"),
            "a rebalance gets less time than a session",
            fatal=False,
        )
