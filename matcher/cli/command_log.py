"""The log lines of a command that talks to Kafka: on stderr, as its answer is on stdout."""

from matcher.config import Settings
from matcher.service import logs


def log_to_stderr(settings: Settings) -> None:
    """Takes over the process's logging: lines for a person, every secret masked."""
    console = settings.service.model_copy(update={"log_format": "console"})
    logs.configure(console, logs.secrets_of(settings))
