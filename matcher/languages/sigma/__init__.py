"""Sigma: compiles rules that pySigma has parsed."""

from matcher.languages.sigma.compile import Detection, compile_detection
from matcher.languages.sigma.known_fields import FieldUse, How, field_uses
from matcher.languages.sigma.placeholders import NO_PLACEHOLDERS, Placeholders

__all__ = [
    "NO_PLACEHOLDERS",
    "Detection",
    "FieldUse",
    "How",
    "Placeholders",
    "compile_detection",
    "field_uses",
]
