"""Converts a rule from AQL to Sigma or back: exactly, or with a note of each difference, or not at
all.
"""

from matcher.languages.conversion.by_log_source import SigmaExpression, sigma_expressions
from matcher.languages.conversion.notes import Notes
from matcher.languages.conversion.to_aql import aql_columns, aql_expression

__all__ = ["Notes", "SigmaExpression", "aql_columns", "aql_expression", "sigma_expressions"]
