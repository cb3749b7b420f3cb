"""QRadar's Ariel Query Language: text → expression."""

from matcher.languages.aql.clauses import Ordering
from matcher.languages.aql.compile import Query, compile_query
from matcher.languages.aql.dialect import DialectName

__all__ = ["DialectName", "Ordering", "Query", "compile_query"]
