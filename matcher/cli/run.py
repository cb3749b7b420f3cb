"""``matcher run``: runs the service on a Kafka cluster."""

import sys
from importlib.metadata import version
from typing import Annotated

import structlog
import typer

from matcher.cli.options import (
    BootstrapServers,
    ConfigFile,
    Profile,
    Rules,
    Sets,
    Workers,
    configuration,
)
from matcher.config import Settings
from matcher.config.document import effective_toml
from matcher.pipeline.process import Pipeline
from matcher.service import logs
from matcher.service.service import Service, run_service
from matcher.service.supervisor import Supervisor
from matcher.service.wiring import accounted, build_pipeline, rule_paths

log = structlog.get_logger(__name__)


def run(
    *,
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic to read; may be repeated.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="The consumer group.")] = None,
    alert_topic: Annotated[str | None, typer.Option(help="Where alerts go.")] = None,
    rules: Rules = None,
    profile: Profile = None,
    workers: Workers = None,
    http_port: Annotated[
        int | None, typer.Option(help="Of /metrics, /livez and /readyz; 0 takes a free one.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="json or console.")] = None,
    sets: Sets = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show the settings in effect, and stop.")
    ] = False,
) -> None:
    """Read events from Kafka, match them, write alerts: until SIGTERM.

    Every setting has a place in the environment (MATCHER_KAFKA__BOOTSTRAP_SERVERS) and in the
    file too: docs/settings.md.
    """
    found = configuration(
        config,
        sets,
        {
            "kafka.bootstrap_servers": ("--bootstrap-servers", bootstrap_servers),
            "input.topics": ("--topic", topic),
            "input.group": ("--group", group),
            "output.alert_topic": ("--alert-topic", alert_topic),
            "rules.paths": ("--rules", rules),
            "catalogue.profile": ("--profile", profile),
            "service.workers": ("--workers", workers),
            "http.port": ("--http-port", http_port),
            "service.log_level": ("--log-level", log_level),
            "service.log_format": ("--log-format", log_format),
        },
    )
    if print_config:
        sys.stdout.write(effective_toml(found.settings))
        for warning in found.warnings:
            sys.stderr.write(f"warning: {warning}\n")
        return
    logs.configure(found.settings.service, logs.secrets_of(found.settings))
    about_rules: list[str] = []
    pipeline = build_pipeline(found.settings, about_rules.append)
    accounted(found.settings, pipeline)
    _say_what_runs(found.settings, pipeline)
    for warning in found.warnings:
        log.warning("settings", message=warning)
    for text in about_rules:
        log.warning("rules", message=text)
    if found.settings.service.workers > 1:
        Supervisor(found.settings, pipeline).run()
    else:
        run_service(Service(found.settings, pipeline))


def _say_what_runs(settings: Settings, pipeline: Pipeline) -> None:
    """Write the first line of the log: the program's version, the topics and the rules."""
    log.info(
        "starting",
        version=version("matcher"),
        brokers=settings.kafka.bootstrap_servers,
        group=settings.input.group,
        topics=list(settings.input.topics),
        alert_topic=settings.output.alert_topic,
        workers=settings.service.workers,
        accounting=settings.input.accounting,
        rules=len(pipeline.ruleset.rules),
        rules_from=[str(path) for path in rule_paths(settings)],
        ruleset=pipeline.ruleset.digest,
    )
