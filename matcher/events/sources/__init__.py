"""The log sources that are told apart, one folder each.

:data:`SOURCES` is the registry: recognition, normalization, the catalogue and Sigma's log sources
are derived from it. docs/log-sources.md says how to add one.
"""

from matcher.events.sources.azure_activity import AZURE_ACTIVITY
from matcher.events.sources.cloudtrail import CLOUDTRAIL
from matcher.events.sources.entra_audit import ENTRA_AUDIT
from matcher.events.sources.entra_signin import ENTRA_SIGNIN
from matcher.events.sources.gcp_audit import GCP_AUDIT
from matcher.events.sources.m365 import M365
from matcher.events.sources.source import SourceDefinition, SourceKind
from matcher.events.sources.unknown import UNKNOWN

__all__ = ["BY_KIND", "SOURCES", "SourceDefinition", "SourceKind"]

SOURCES = (CLOUDTRAIL, ENTRA_SIGNIN, ENTRA_AUDIT, AZURE_ACTIVITY, GCP_AUDIT, M365, UNKNOWN)
"""Every log source, in the order in which they are tried for an event; an event that no other
recognises belongs to the last.
"""

BY_KIND = {kind: source for kind in SourceKind for source in SOURCES if source.kind is kind}
"""The log sources by their kind, in the order of :class:`SourceKind`."""
