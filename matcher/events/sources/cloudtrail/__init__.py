"""AWS CloudTrail."""

from matcher.events.sources.cloudtrail import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

CLOUDTRAIL = SourceDefinition(
    kind=SourceKind.CLOUDTRAIL,
    extract=normalization.extract,
    operation=normalization.operation,
    reads=recognition.READS,
    certain=recognition.is_cloudtrail,
    certain_at_a_glance=recognition.is_cloudtrail_at_a_glance,
    telltale=recognition.TELLTALE,
)
