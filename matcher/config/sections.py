"""Every setting, once: its name, default, meaning and limits.

Durations are seconds, sizes are bytes. What several settings must be *together* stands in
:mod:`matcher.config.checks`; where values come from, in :mod:`matcher.config.loading`.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,/@\[\]]+):([0-9]{1,5})")


def _topic(name: str) -> str:
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise ValueError("a topic's name is 1 to 249 letters, digits, dots, dashes and underscores")
    return name


def _servers(text: str) -> str:
    for server in text.split(","):
        found = _ADDRESS.fullmatch(server.strip())
        if found is None or not 0 < int(found[2]) < 65536:  # noqa: PLR2004  (ports have 16 bits)
            hint = "; user and password have settings of their own" if "@" in server else ""
            raise ValueError(f"give host:port, several separated by commas{hint}")
    return text


def _start(text: str) -> str:
    if text not in {"earliest", "latest"}:
        parse_time(text)
    return text


def parse_time(text: str) -> int:
    """Epoch milliseconds of an ISO 8601 time; one without a zone is UTC. ValueError otherwise."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            "give earliest, latest, or an ISO 8601 time such as 2026-01-31T08:00:00Z"
        ) from error
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("give a time zone's name, such as UTC or Europe/Berlin") from None
    return name


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Topic = Annotated[str, AfterValidator(_topic)]
Topics = Annotated[tuple[Topic, ...], BeforeValidator(_split)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_split)]
Servers = Annotated[str, AfterValidator(_servers)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Start = Annotated[str, AfterValidator(_start)]
Bytes = Annotated[int, Field(ge=1024)]
Seconds = Annotated[float, Field(gt=0)]
SeverityName = Literal["informational", "low", "medium", "high", "critical"]


class Section(BaseModel):
    """A group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecuritySettings(Section):
    """How the connection to the brokers is protected."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="SSL encrypts, SASL logs in"
    )
    ca_file: Path | None = Field(None, description="PEM of the CA; the system's where unset")
    certificate_file: Path | None = Field(None, description="PEM of our client certificate")
    key_file: Path | None = Field(None, description="PEM of its key")
    key_password: SecretStr | None = Field(None, description="opens the key, where it is locked")
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how SASL logs in"
    )
    username: str | None = Field(None, description="who logs in")
    password: SecretStr | None = Field(None, description="the password")


class KafkaSettings(Section):
    """The cluster, and how long we wait for it."""

    bootstrap_servers: Servers = Field(
        "127.0.0.1:9092", description="`host:port` of some brokers, separated by commas"
    )
    client_id: str = Field("matcher", description="our name in the brokers' logs and quotas")
    security: SecuritySettings = SecuritySettings()
    session_timeout: Seconds = Field(
        15.0, description="without a heartbeat for so long, our partitions go to another member"
    )
    heartbeat_interval: Seconds = Field(3.0, description="at most a third of the session")
    rebalance_timeout: Seconds = Field(
        60.0, description="for draining what is in flight when partitions are taken away"
    )
    request_timeout: Seconds = Field(40.0, description="for one request to one broker")
    metadata_max_age: Seconds = Field(
        30.0, description="until the cluster is asked again; new partitions are seen as late"
    )
    connections_max_idle: Seconds = Field(180.0, description="until an idle connection is closed")
    start_timeout: Seconds = Field(
        30.0, description="until a broker must have answered; until then it is tried again"
    )
    commit_timeout: Seconds = Field(
        20.0, description="above 12 s, so that one dead broker of three is no outage of ours"
    )


class InputSettings(Section):
    """What is read."""

    topics: Topics = Field(("cloud-audit",), min_length=1, description="the topics to read")
    group: str = Field("matcher", min_length=1, description="the consumer group")
    start: Start = Field(
        "earliest",
        description="for a group without offsets: earliest, latest, or an ISO 8601 time (UTC)",
    )
    max_records: Annotated[int, Field(ge=1, le=10_000)] = Field(
        500, description="records of one poll"
    )
    fetch_max_bytes: Bytes = Field(52_428_800, description="of one answer of one broker")
    max_partition_fetch_bytes: Bytes = Field(
        1_048_576, description="of one partition in it; at least the topic's largest batch"
    )
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="whether records of open or aborted transactions are read"
    )
    accounting: Literal["full", "lean"] = Field(
        "full",
        description="whether every record is opened, or only one that a rule could match: then "
        "alerts are the same, and events by log source and rejects are estimated",
    )


class EventSettings(Section):
    """What one record may hold."""

    max_bytes: Annotated[int, Field(ge=1024, le=64 << 20)] = Field(
        8 << 20,
        description="of one event; a larger event is not matched, and goes to the dead letters. "
        "An event is matched in one stretch: 8 MiB of nothing but escapes take about half a second",
    )


class OutputSettings(Section):
    """What is written, and where."""

    alert_topic: Topic = Field("cloud-audit-alerts", description="where alerts go")
    alert_severity: SeverityName = Field("high", description="the least that is an alert")
    signals_topic: Topic | None = Field(
        None, description="where matches below it go; they are counted only where unset"
    )
    forward_topic: Topic | None = Field(
        None, description="where records go, unchanged, in which any rule matched"
    )
    dead_letter_topic: Topic = Field(
        "cloud-audit-dead-letters", description="where goes what cannot be processed"
    )
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field(
        "zstd", description="the codec of all that is written"
    )
    linger_ms: Annotated[int, Field(ge=0, le=1000)] = Field(
        10,
        description="the longest that a message waits for company, in milliseconds; one that comes "
        "alone leaves at once",
    )
    max_batch_bytes: Bytes = Field(262_144, description="of one batch to one partition")
    max_request_bytes: Bytes = Field(1_048_576, description="the largest record we write")
    max_in_flight: Annotated[int, Field(ge=1)] = Field(
        2000, description="records sent and not acknowledged, after which reading waits"
    )
    send_timeout: Seconds = Field(
        30.0, description="until an acknowledgement must be in; above 12 s, as commit_timeout"
    )


class AlertSettings(Section):
    """What an alert may hold."""

    max_bytes: Annotated[int, Field(ge=10_000)] = Field(
        900_000, description="above it, long texts in the alert are cut and said to be"
    )


class RuleSettings(Section):
    """Which rules run."""

    paths: Paths = Field(
        (Path("rules"),),
        min_length=1,
        description="rule files, or directories of them; the rules that ship where none is named "
        "and there is no directory `rules`",
    )
    refused: Literal["stop", "skip"] = Field(
        "stop",
        description="where a rule cannot be used: end with exit code 11, or warn and go on without",
    )


class CatalogueSettings(Section):
    """How events are named."""

    profile: Literal["default", "qradar-stock"] = Field(
        "default", description="qradar-stock uses the names that IBM's DSMs give"
    )
    directory: Path | None = Field(
        None, description="files here extend or replace log source types, QID names, categories"
    )


class AqlSettings(Section):
    """How AQL is understood where IBM's text leaves it open."""

    nulls: Literal["two-valued", "three-valued"] = Field(
        "two-valued",
        description="NOT of a comparison with NULL is true, or, as in SQL, neither true nor false",
    )
    matches: Literal["find", "full"] = Field(
        "find", description="MATCHES finds its expression anywhere, or matches the full text"
    )
    time_zone: TimeZone = Field(
        "UTC",
        description="the console's, as Europe/Berlin: for DATEFORMAT, PARSEDATETIME, START, STOP",
    )
    reference_sets: Path | None = Field(
        None, description="a directory: `NAME.txt` is the reference set NAME, a value a line"
    )


class SigmaSettings(Section):
    """What Sigma rules leave to the one who runs them."""

    placeholders: Path | None = Field(
        None, description="a directory: `NAME.txt` holds what `%NAME%` stands for, a value a line"
    )


class HttpSettings(Section):
    """The metrics and health endpoint."""

    host: str = Field("127.0.0.1", description="the address listened on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9095, description="0 takes a free one")


class ServiceSettings(Section):
    """How the process behaves."""

    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="processes that share the work: up to one a core, and one a partition"
    )
    slice_seconds: Seconds = Field(
        0.05,
        description="about how long matching may hold the event loop; one event is never divided, "
        "however large (`events.max_bytes`)",
    )
    drain_timeout: Seconds = Field(45.0, description="for a clean stop, below the grace period")
    stall_timeout: Seconds = Field(
        120.0,
        description="records wait and none is processed, none is committed, or the group assigns "
        "nothing though Kafka answers: exit",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that is logged"
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="for machines, or for a person"
    )


class Settings(BaseSettings):
    """Every section. Built by :func:`matcher.config.loading.load_settings`; a constructor call
    takes its arguments alone, whatever the environment holds.
    """

    model_config = SettingsConfigDict(
        env_prefix="MATCHER_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    input: InputSettings = InputSettings()
    events: EventSettings = EventSettings()
    output: OutputSettings = OutputSettings()
    alert: AlertSettings = AlertSettings()
    rules: RuleSettings = RuleSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    aql: AqlSettings = AqlSettings()
    sigma: SigmaSettings = SigmaSettings()
    http: HttpSettings = HttpSettings()
    service: ServiceSettings = ServiceSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The constructor's arguments, and nothing else."""
        return (init_settings,)
