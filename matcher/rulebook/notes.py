"""What a reader must know of what works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader must know of a rule that works, or of a document that is no rule."""

    rule_id: str
    file: str
    text: str
