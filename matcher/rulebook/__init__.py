"""A directory of rule files → rules, and the tests inside them (``docs/rule-format.md``)."""

from matcher.rulebook.conversion import Converted, as_aql, as_sigma
from matcher.rulebook.format import RuleTest
from matcher.rulebook.loading import Rulebook, load_rules
from matcher.rulebook.messages import Note
from matcher.rulebook.testing import TestResult, run_tests

__all__ = [
    "Converted",
    "Note",
    "RuleTest",
    "Rulebook",
    "TestResult",
    "as_aql",
    "as_sigma",
    "load_rules",
    "run_tests",
]
