"""Events of no known log source."""

from matcher.events.sources.source import SourceDefinition, SourceKind
from matcher.events.sources.unknown import normalization

UNKNOWN = SourceDefinition(kind=SourceKind.UNKNOWN, extract=normalization.extract)
