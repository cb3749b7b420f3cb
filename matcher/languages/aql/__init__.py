"""QRadar's Ariel Query Language: text → expression."""

from matcher.languages.aql.clauses import Ordering
from matcher.languages.aql.compile import Query, compile_query
from matcher.languages.aql.dialect import DialectName
from matcher.languages.aql.policy import DEFAULT_POLICY, AqlPolicy

__all__ = ["DEFAULT_POLICY", "AqlPolicy", "DialectName", "Ordering", "Query", "compile_query"]
