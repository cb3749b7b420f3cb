"""The log of a command that talks to Kafka: on stderr, because stdout has the answer."""

from matcher.config import Settings
from matcher.service import logs


def log_to_stderr(settings: Settings) -> None:
    """Configure the process's logging: lines for a person, with every secret masked."""
    console = settings.service.model_copy(update={"log_format": "console"})
    logs.configure(console, logs.secrets_of(settings))
