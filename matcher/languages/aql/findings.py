"""The findings of a compilation: errors, departures from documented AQL, notes for the reader."""

from matcher.errors import Location, RuleError, RuleErrors, RuleSemanticError, UnsupportedRule
from matcher.languages.aql.dialect import Departure, DialectName

_MOST_ERRORS = 50


class Findings:
    """Collects the findings of one text, each once. ``of_rule``: the text is a rule, not a query
    over files.
    """

    def __init__(self, text: str, dialect: DialectName, *, of_rule: bool = True) -> None:
        self.text = text
        self.dialect = dialect
        self._of_rule = of_rule
        self._errors: list[RuleError] = []
        self._notes: dict[str, None] = {}
        self._settings: set[str] = set()

    def note(self, text: str) -> None:
        """Add something that a reader must know."""
        self._notes[text] = None

    def note_of_rule(self, text: str) -> None:
        """Add something that a reader must know, if the text is a rule."""
        if self._of_rule:
            self.note(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, in the order in which they were added."""
        return tuple(self._notes)

    def rests_on(self, setting: str, value: object) -> None:
        """Record that the meaning of the text depends on this setting."""
        self._settings.add(f"{setting} = {value}")

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that the meaning depends on, with their values, sorted by name."""
        return tuple(sorted(self._settings))

    def add(self, error: RuleError) -> None:
        """Add an error; compiling goes on."""
        self._errors.append(error)

    def departs(self, departure: Departure, at: Location, **words: str) -> None:
        """Record something that compat accepts and strict refuses."""
        if self.dialect == "strict":
            self.add(
                departure.kind(
                    departure.message.format(**words),
                    code=departure.code,
                    location=at,
                    source=self.text,
                    hint=departure.hint.format(**words),
                )
            )

    def semantic(self, code: str, message: str, at: Location, hint: str = "") -> RuleSemanticError:
        """The error for a text that names or combines what does not exist, to be raised."""
        return RuleSemanticError(message, code=code, location=at, source=self.text, hint=hint)

    def unsupported(self, code: str, message: str, at: Location, hint: str) -> UnsupportedRule:
        """The error for a text that is understood and that a stream cannot answer, to be raised."""
        return UnsupportedRule(message, code=code, location=at, source=self.text, hint=hint)

    def raise_errors(self) -> None:
        """Raise the collected error, or RuleErrors with all of them in the text's order."""
        if not self._errors:
            return
        unique = {(error.code, error.location): error for error in self._errors}
        errors = sorted(unique.values(), key=lambda error: (error.line or 0, error.column or 0))
        raise errors[0] if len(errors) == 1 else RuleErrors(errors[:_MOST_ERRORS])
