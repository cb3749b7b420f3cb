"""Sigma: a rule that pySigma read → expression."""

from matcher.languages.sigma.compile import (
    DEFAULT_POLICY,
    Detection,
    Policy,
    compile_detection,
)

__all__ = ["DEFAULT_POLICY", "Detection", "Policy", "compile_detection"]
