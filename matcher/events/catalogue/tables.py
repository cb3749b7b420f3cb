"""The rows of the data files, checked."""

from dataclasses import dataclass

from matcher.events.schema import LogSourceType
from matcher.events.sources import SourceKind

HIGH_LEVEL = 1000
"""A category's high level is its number with the last three digits zero
(docs/reference/qradar.md).
"""


@dataclass(frozen=True, slots=True)
class Category:
    """A category: QRadar's number and name, and the severity (0 to 10) its events get."""

    id: int
    name: str
    severity: int

    @property
    def high_level(self) -> int:
        """The number of the high-level category it belongs to."""
        return self.id // HIGH_LEVEL * HIGH_LEVEL


@dataclass(frozen=True, slots=True)
class SourceType:
    """A kind's log source type; ``result_in_name``: the QID name is ``<operation>-<result>``."""

    type: LogSourceType
    result_in_name: bool = False


@dataclass(frozen=True, slots=True)
class QidRow:
    """One operation of one kind. A name or number that is None is worked out; the category is
    :data:`DEFAULT_CATEGORY` where the file leaves it out.
    """

    kind: SourceKind
    operation: str
    name: str | None
    qid: int | None
    category: int


@dataclass(frozen=True, slots=True)
class Naming:
    """What the catalogue says of an operation."""

    qid: int
    qidname: str | None
    category: Category


DEFAULT_CATEGORY = 19001
"""General Audit Event: where nothing better is known (docs/reference/qradar.md)."""
