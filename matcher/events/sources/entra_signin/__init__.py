"""Entra ID's sign-in logs."""

from matcher.events.sources.entra_signin import normalization, recognition
from matcher.events.sources.source import SourceDefinition, SourceKind

ENTRA_SIGNIN = SourceDefinition(
    kind=SourceKind.ENTRA_SIGNIN,
    extract=normalization.extract,
    reads=recognition.READS,
    certain=recognition.has_sign_in_category,
    likely=recognition.is_sign_in,
    only_operation=normalization.SIGN_IN,
)
