"""The differences between a converted rule and its original, and what cannot be converted."""

from dataclasses import dataclass, field

from matcher.errors import UnsupportedRule

PAYLOAD = (
    "UTF8(payload) is the event's whole text, its keys and punctuation too; keywords are looked "
    "for in its values alone, one by one"
)
NULL = "IS NULL in AQL takes in the empty text; Sigma's null is a missing field or JSON null alone"
EMPTY = "a pattern that takes any text takes the empty one in Sigma; in AQL that is NULL"
PROPERTY = (
    "a property is one text, integer or truth value; a Sigma name is every value that it leads to, "
    "in lists too"
)
SPELLINGS = (
    "a property's key also counts as EventName, eventname or event_name, and in an object that "
    "came as JSON text; a Sigma name is the key as it is written"
)
OBJECT = "numbers within an object read as text may be spelled differently (1.50 and 1.5)"
NOT = (
    "NOT holds where the property is NULL; where AQL is read with SQL's three-valued logic "
    "(aql.nulls) add OR … IS NULL"
)
FIND = "MATCHES finds the expression anywhere; where it asks for the whole text write .*(…).*"
LAST = "is left out: a Sigma rule looks at each event as it comes"
TRUTH = (
    "in AQL a truth value is equal to True in any case, the text true in its own alone; in Sigma "
    "both are the text true"
)
NUMBER = "a number is compared as the text that it is written as: 5 is not 5.0"


@dataclass(frozen=True, slots=True)
class Notes:
    """Collects notes, each once."""

    _lines: dict[str, None] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Add a note; an empty text is ignored."""
        if text:
            self._lines[text] = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The notes, in the order in which they were added."""
        return tuple(self._lines)


def refused(code: str, message: str, hint: str = "") -> UnsupportedRule:
    """The error for what the other language cannot express."""
    return UnsupportedRule(message, code=code, hint=hint)
