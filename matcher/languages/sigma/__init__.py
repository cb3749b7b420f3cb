"""Sigma: a rule that pySigma read → expression."""

from matcher.languages.sigma.compile import (
    DEFAULT_POLICY,
    Detection,
    Policy,
    compile_detection,
)
from matcher.languages.sigma.known_fields import FieldUse, How, field_uses

__all__ = [
    "DEFAULT_POLICY",
    "Detection",
    "FieldUse",
    "How",
    "Policy",
    "compile_detection",
    "field_uses",
]
