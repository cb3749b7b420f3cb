"""Google Cloud's audit logs."""

from matcher.events.sources.gcp_audit import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

GCP_AUDIT = SourceDefinition(
    kind=SourceKind.GCP_AUDIT,
    extract=normalization.extract,
    reads=recognition.READS,
    certain=recognition.is_in_audit_log,
    likely=recognition.holds_audit_record,
)
