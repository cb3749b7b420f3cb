"""The checked rows of the data files."""

from dataclasses import dataclass

from matcher.events.schema import LogSourceType
from matcher.events.sources import SourceKind

HIGH_LEVEL = 1000
"""A category's high-level category has the same number with the last three digits zero
(docs/reference/qradar.md).
"""


@dataclass(frozen=True, slots=True)
class Category:
    """A category: QRadar's number and name, and the severity (0 to 10) of its events."""

    id: int
    name: str
    severity: int

    @property
    def high_level(self) -> int:
        """The number of the category's high-level category."""
        return self.id // HIGH_LEVEL * HIGH_LEVEL


@dataclass(frozen=True, slots=True)
class SourceType:
    """The log source type of a log source. ``result_in_name``: the QID name is
    ``<operation>-<result>``.
    """

    type: LogSourceType
    result_in_name: bool = False


@dataclass(frozen=True, slots=True)
class QidRow:
    """One operation of one log source.

    A name or number that is None is computed. The category is :data:`DEFAULT_CATEGORY` if the file
    has none.
    """

    kind: SourceKind
    operation: str
    name: str | None
    qid: int | None
    category: int


@dataclass(frozen=True, slots=True)
class Naming:
    """The names that the catalogue gives to an operation."""

    qid: int
    qidname: str | None
    category: Category


DEFAULT_CATEGORY = 19001
"""General Audit Event: the category of an operation without another one
(docs/reference/qradar.md).
"""
