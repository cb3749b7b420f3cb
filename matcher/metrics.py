"""The catalogue of metrics: name, labels, meaning, and what to do about each.

No client library is imported here. Code that counts is given a :class:`Recorder`;
``matcher.service.exposition`` turns these definitions into Prometheus series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DELAY = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 21600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``labels`` are bounded sets; ``buckets`` are a histogram's upper bounds.

    ``joined`` says how the values of a gauge in several workers become one value of the service.
    Counters and histograms are always added.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    joined: Literal["sum", "max", "min"] = "sum"


class Recorder(Protocol):
    """Takes the numbers. Every call is cheap, never blocks and never raises."""

    def add(self, metric: Metric, amount: float = 1, labels: tuple[str, ...] = ()) -> None:
        """Count up a counter."""

    def set(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        """Set a gauge."""

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...] = ()) -> None:
        """Put one value into a histogram."""

    def observe_all(
        self, metric: Metric, values: Sequence[float], labels: tuple[str, ...] = ()
    ) -> None:
        """Put each of these values into a histogram, as :meth:`observe` would."""

    def forget(self, metric: Metric, labels: tuple[str, ...]) -> None:
        """Drop one series of a gauge: what it described is no longer ours."""


BUILD_INFO = Metric(
    "matcher_build_info",
    "gauge",
    "Always 1; the labels say what runs.",
    ("version", "python", "aiokafka"),
    joined="max",
)
RULESET_INFO = Metric(
    "matcher_ruleset_info",
    "gauge",
    "Always 1; the digest of the rules in use.",
    ("digest",),
    joined="max",
)
RULES_LOADED = Metric("matcher_rules_loaded", "gauge", "Rules in use.", ("language",), joined="max")
RULE_INFO = Metric(
    "matcher_rule_info",
    "gauge",
    "1 for each rule in use: what the id stands for, to be joined with counters by rule_id.",
    ("rule_id", "title", "language"),
    joined="max",
)
RULES_ALWAYS_EVALUATED = Metric(
    "matcher_rules_always_evaluated",
    "gauge",
    "Rules without a literal: each of them looks at every event of its log source.",
    joined="max",
)

RECORDS_CONSUMED = Metric(
    "matcher_records_consumed_total",
    "counter",
    "Records read and processed.",
    ("topic", "partition"),
)
BYTES_CONSUMED = Metric(
    "matcher_consumed_bytes_total", "counter", "Bytes of the values read.", ("topic",)
)
EVENTS = Metric(
    "matcher_events_total", "counter", "Audit events by log source type.", ("log_source_type",)
)
REJECTS = Metric(
    "matcher_events_rejected_total",
    "counter",
    "Units that are no acceptable event; each is dead-lettered.",
    ("reason",),
)
SKIPPED = Metric(
    "matcher_units_skipped_total",
    "counter",
    "Units that are understood and are no audit event (control messages, digests).",
    ("reason",),
)
EVENTS_ESTIMATED = Metric(
    "matcher_events_estimated_total",
    "counter",
    "Audit events by log source type, estimated from one record of 64: under lean accounting.",
    ("log_source_type",),
)
REJECTS_ESTIMATED = Metric(
    "matcher_events_rejected_estimated_total",
    "counter",
    "Units that are no acceptable event, estimated likewise; most are not dead-lettered.",
    ("reason",),
)
SKIPPED_ESTIMATED = Metric(
    "matcher_units_skipped_estimated_total",
    "counter",
    "Units that are understood and are no audit event, estimated likewise.",
    ("reason",),
)
CANDIDATES = Metric(
    "matcher_prefilter_candidates_total", "counter", "Events that a rule's literals were seen in."
)
EVALUATIONS = Metric("matcher_rule_evaluations_total", "counter", "Rules evaluated on an event.")
MATCHES = Metric(
    "matcher_matches_total",
    "counter",
    "Matches by rule, whatever became of them.",
    ("rule_id", "severity"),
)
MATCHED_EVENTS = Metric(
    "matcher_events_matched_total",
    "counter",
    "Events that at least one rule matched, by log source type.",
    ("log_source_type",),
)
RULE_ERRORS = Metric(
    "matcher_rule_errors_total",
    "counter",
    "Evaluations that failed; the event's record is dead-lettered. A bug: report it.",
    ("rule_id",),
)
BATCH_DURATION = Metric(
    "matcher_batch_duration_seconds",
    "histogram",
    "Time a slice of records took, by stage.",
    ("stage",),
    _SECONDS,
)

ALERTS_PRODUCED = Metric(
    "matcher_alerts_produced_total",
    "counter",
    "Alerts acknowledged by the broker, by where they went.",
    ("destination",),
)
ALERTS_BELOW_SEVERITY = Metric(
    "matcher_alerts_below_severity_total",
    "counter",
    "Matches below the alert severity, with no signals topic set: counted, not written.",
    ("rule_id",),
)
FORWARDED = Metric(
    "matcher_records_forwarded_total", "counter", "Original records sent on to the forward topic."
)
DEAD_LETTERS = Metric(
    "matcher_dead_letters_total",
    "counter",
    "Dead letters acknowledged by the broker, by reason.",
    ("reason",),
)
PRODUCE_FAILURES = Metric(
    "matcher_produce_failures_total",
    "counter",
    "Writes that were refused or timed out; after these the service stops.",
    ("destination",),
)
PRODUCE_DURATION = Metric(
    "matcher_produce_duration_seconds",
    "histogram",
    "From handing a slice's output to the producer until every acknowledgement is in.",
    (),
    _SECONDS,
)
PRODUCE_IN_FLIGHT = Metric(
    "matcher_produce_in_flight", "gauge", "Records sent and not acknowledged yet."
)
EVENT_TO_ALERT = Metric(
    "matcher_event_to_alert_seconds",
    "histogram",
    "From the event's own time until its alert was acknowledged; the provider's delay is in it.",
    (),
    _DELAY,
)
RECORD_TO_ALERT = Metric(
    "matcher_record_to_alert_seconds",
    "histogram",
    "From the record's Kafka timestamp until its alert was acknowledged: our own delay.",
    (),
    (0.005, 0.01, 0.025, 0.05, *_DELAY),
)

LAG_RECORDS = Metric(
    "matcher_consumer_lag_records",
    "gauge",
    "Records between our position and the partition's end.",
    ("topic", "partition"),
)
UNCOMMITTED = Metric(
    "matcher_uncommitted_records",
    "gauge",
    "Records read whose offsets are not committed yet: what a crash would repeat.",
)
ASSIGNED_PARTITIONS = Metric("matcher_assigned_partitions", "gauge", "Partitions that are ours.")
REBALANCES = Metric("matcher_rebalances_total", "counter", "Assignments that changed.", ("event",))
COMMITS = Metric(
    "matcher_offset_commits_total", "counter", "Offset commits, by how they ended.", ("outcome",)
)
OFFSETS_LOST = Metric(
    "matcher_records_lost_to_retention_total",
    "counter",
    "Records that retention deleted before we read them. Never silent: raise retention or scale.",
    ("topic", "partition"),
)
ISOLATED = Metric(
    "matcher_partition_isolated_offset",
    "gauge",
    "The offset of a batch that cannot be read: its partition stands there. Absent while well.",
    ("topic", "partition"),
    joined="max",
)
TOPICS_MADE_ANEW = Metric(
    "matcher_topics_made_anew_total",
    "counter",
    "Input topics that were found deleted and made anew: they are read from their beginning.",
    ("topic",),
)
LAST_PROGRESS = Metric(
    "matcher_last_progress_timestamp_seconds",
    "gauge",
    "When a record was last processed, or the input was last seen to hold none; of several "
    "workers, the longest ago where records wait.",
    joined="min",
)
LOOP_LAG = Metric(
    "matcher_event_loop_lag_seconds",
    "gauge",
    "How late the event loop ran its last timer; of several workers, the latest.",
    joined="max",
)
CLIENT_LOG_MESSAGES = Metric(
    "matcher_kafka_client_log_messages_total",
    "counter",
    "Warnings and errors that the Kafka client logged.",
    ("level",),
)

WORKERS = Metric("matcher_workers", "gauge", "Worker processes that run.")
WORKER_RESTARTS = Metric(
    "matcher_worker_restarts_total",
    "counter",
    "Workers that ended unasked and were started again.",
    ("worker",),
)

CATALOGUE: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
