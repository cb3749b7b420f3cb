"""The service: reads, matches and writes until it is told to stop.

::

    signals ─→ drain: readiness false → intake stops → the slice in work → acknowledgements
               → commit → consumer and producer closed → HTTP closed → exit 0

A second signal, or a drain beyond its budget, forces (:mod:`matcher.service.shutdown`). Of several
workers each is such a service; :mod:`matcher.service.supervisor` stands before them.
"""

import asyncio
import contextlib
import platform
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

import structlog
import uvloop

from matcher.config import Settings
from matcher.events.record import RejectReason, SkipReason
from matcher.metrics import (
    BUILD_INFO,
    LAST_PROGRESS,
    MATCHES,
    REJECTS,
    RULE_INFO,
    RULES_ALWAYS_EVALUATED,
    RULES_LOADED,
    RULESET_INFO,
    SKIPPED,
    WORKERS,
    Recorder,
)
from matcher.pipeline.process import Pipeline
from matcher.service.collector import calm_collector
from matcher.service.exposition import Exposition
from matcher.service.http import application, serve
from matcher.service.shutdown import Shutdown
from matcher.service.wiring import accounted
from matcher.stream.client import ClientLog
from matcher.stream.kafka_source import KafkaSource
from matcher.stream.matching import Parts
from matcher.stream.outgoing import Clock
from matcher.stream.preflight import preflight
from matcher.stream.sink import KafkaSink
from matcher.stream.worker import Worker

log = structlog.get_logger(__name__)

CLOSING_SECONDS = 10.0
"""Time beyond the drain, to close the connections."""

_REVOKE_SHARE = 0.75
"""A revocation may take this share of the group's rebalance timeout; the rejoin needs the rest."""


async def prepare_worker(
    settings: Settings,
    pipeline: Parts,
    recorder: Recorder,
    client_log: ClientLog,
    clock: Clock = time.time,
) -> Worker:
    """Check the settings against the cluster, and make a worker that is not yet connected.

    ``client_log`` must stay entered for as long as the worker lives. Raises KafkaUnreachable where
    the cluster does not answer or a topic is missing, ConfigError where the settings do not fit
    the cluster.
    """
    fit = await preflight(settings, client_log)
    kafka = settings.kafka
    return Worker(
        KafkaSource(kafka, settings.input, recorder, client_log),
        KafkaSink(kafka, settings.output, client_log, fit.batch_bytes),
        pipeline,
        recorder,
        output=settings.output,
        service=settings.service,
        revoke_timeout=kafka.rebalance_timeout * _REVOKE_SHARE,
        clock=clock,
    )


Front = Callable[["Service"], AbstractAsyncContextManager[None]]
"""Shows a service to the outside while its block runs."""


class Service:
    """One run of the service. ``on_listening`` is told the HTTP address once it answers.

    One of several workers has a ``front`` in place of HTTP. Its supervisor also tells it when to
    end, so a signal asks the worker for a drain and never forces it: a terminal and a service
    manager send their signals to every process, in addition to what the supervisor says.

    Raises ConfigError if the rules do not allow ``input.accounting``.
    """

    def __init__(
        self,
        settings: Settings,
        pipeline: Pipeline,
        exposition: Exposition | None = None,
        on_listening: Callable[[str], None] = lambda _address: None,
        front: Front | None = None,
    ) -> None:
        self._front = front
        self._settings = settings
        self._pipeline = pipeline
        self._parts = accounted(settings, pipeline)
        self.exposition = exposition or Exposition()
        self._on_listening = on_listening
        self._worker: Worker | None = None
        self._preparing: asyncio.Task[Worker] | None = None
        self._shutdown: Shutdown | None = None

    @property
    def ready(self) -> bool:
        """Whether rules are loaded and the group has assigned partitions: the answer of
        ``/readyz``.
        """
        return self.readiness()[0]

    def request_stop(self, why: str) -> None:
        """Drain, and end :meth:`run`, as the first signal does."""
        if self._shutdown is not None:
            self._shutdown.request(why)

    def force(self, why: str) -> None:
        """End :meth:`run` without waiting for the drain, as the second signal does."""
        if self._shutdown is not None:
            self._shutdown.force(why)

    async def run(self) -> None:
        """Run until a clean drain.

        Raises ForcedError, NotDrained, ConfigError, KafkaUnreachable, DeliveryError, Stalled.
        However it ends, nothing is committed that is not acknowledged.
        """
        self._record_beginning()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a service runs in a task")
        budget = self._settings.service.drain_timeout + CLOSING_SECONDS
        patient = self._front is not None
        front = self._front(self) if self._front is not None else self._pages()
        try:
            with Shutdown(budget, self._drain, task.cancel, patient=patient) as self._shutdown:
                async with front:
                    await self._work()
        except asyncio.CancelledError:
            if self._shutdown is None or self._shutdown.forced is None:
                raise
            raise self._shutdown.error() from None
        log.info("stopped")

    async def _work(self) -> None:
        if self._stopping:
            return
        with ClientLog(self.exposition) as client_log:
            preparing = self._preparing = asyncio.create_task(
                prepare_worker(self._settings, self._parts, self.exposition, client_log)
            )
            try:
                await asyncio.wait({preparing})
            finally:
                preparing.cancel()
            if not preparing.cancelled():
                self._worker = preparing.result()
                if self._stopping:
                    self._worker.request_stop()
                await self._worker.run()

    @property
    def _stopping(self) -> bool:
        return self._shutdown is not None and self._shutdown.requested

    def _drain(self) -> None:
        if self._worker is not None:
            self._worker.request_stop()
        elif self._preparing is not None:
            self._preparing.cancel()

    @contextlib.asynccontextmanager
    async def _pages(self) -> AsyncIterator[None]:
        async def numbers() -> bytes:
            return self.exposition.render()

        app = application(numbers, self._live, self.readiness)
        async with serve(self._settings.http, app) as address:
            log.info("listening", address=address)
            self._on_listening(address)
            yield

    def _live(self) -> tuple[bool, str]:
        """The answer of ``/livez``, which proves that the event loop runs.

        Records that wait and are not processed end the process (exit code 13). A broker that is
        away is no reason to restart.
        """
        if self._worker is None:
            return True, "starting"
        return True, f"last progress {self._worker.progress():.1f} s ago"

    def readiness(self) -> tuple[bool, str]:
        """Whether the service is ready, and one line that says why."""
        rules = len(self._pipeline.ruleset.rules)
        reason = "starting" if self._worker is None else self._worker.not_ready_because
        if self._worker is None or reason:
            return False, f"{rules} rules loaded, {reason}"
        line = f"{rules} rules loaded, {len(self._worker.assigned)} partitions assigned"
        stopped = [
            f"{place.topic}/{place.partition} is not read on from offset {offset}"
            for place, offset in sorted(self._worker.isolated.items())
        ]
        return True, "; ".join([line, *stopped])

    def _record_beginning(self) -> None:
        """Record what is known before the first record, and create series before their
        first count.
        """
        record, ruleset = self.exposition, self._pipeline.ruleset
        labels = (version("matcher"), platform.python_version(), version("aiokafka"))
        record.set(WORKERS, 1)
        record.set(BUILD_INFO, 1, labels)
        record.set(RULESET_INFO, 1, (ruleset.digest,))
        for language, count in Counter(rule.language for rule in ruleset.rules).items():
            record.set(RULES_LOADED, count, (language,))
        always = sum(plan.required.anything for plan in ruleset.plans)
        record.set(RULES_ALWAYS_EVALUATED, always)
        record.set(LAST_PROGRESS, time.time())
        for rule in ruleset.rules:
            record.add(MATCHES, 0, (rule.id, rule.severity.label))
            record.set(RULE_INFO, 1, (rule.id, rule.title, rule.language))
        for reject in RejectReason:
            record.add(REJECTS, 0, (str(reject),))
        for skip in SkipReason:
            record.add(SKIPPED, 0, (str(skip),))


def run_service(service: Service) -> None:
    """Run the service on uvloop until it ends. Raises what :meth:`Service.run` raises."""
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service.run())
