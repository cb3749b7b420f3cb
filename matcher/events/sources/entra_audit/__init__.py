"""Entra ID's audit log."""

from matcher.events.sources.entra_audit import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

ENTRA_AUDIT = SourceDefinition(
    kind=SourceKind.ENTRA_AUDIT,
    extract=normalization.extract,
    reads=recognition.READS,
    certain=recognition.is_audit,
    has_result=True,
)
