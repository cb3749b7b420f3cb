"""Microsoft 365's unified audit log."""

from matcher.events.sources.m365 import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

M365 = SourceDefinition(
    kind=SourceKind.M365, extract=normalization.extract, likely=recognition.is_m365
)
