"""The Azure Activity log."""

from matcher.events.sources.azure_activity import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

AZURE_ACTIVITY = SourceDefinition(
    kind=SourceKind.AZURE_ACTIVITY,
    extract=normalization.extract,
    operation=normalization.operation,
    reads=recognition.READS,
    certain=recognition.has_activity_category,
    likely=recognition.names_activity,
)
