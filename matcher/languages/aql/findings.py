"""What a compilation finds: errors, departures from documented AQL, notes for the reader."""

from matcher.errors import Location, RuleError, RuleErrors, RuleSemanticError, UnsupportedRule
from matcher.languages.aql.dialect import Departure, DialectName

_MOST_ERRORS = 50


class Findings:
    """Collects what is said of one text, each thing once. ``of_rule``: it is a rule's, and no query
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
        """Something that a reader must know."""
        self._notes[text] = None

    def note_of_rule(self, text: str) -> None:
        """Something that a reader must know where the text is a rule's."""
        if self._of_rule:
            self.note(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, in the order in which they came up."""
        return tuple(self._notes)

    def rests_on(self, setting: str, value: object) -> None:
        """The text means something else where this setting has another value."""
        self._settings.add(f"{setting} = {value}")

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that the text rests on, each with its value, in the order of their names."""
        return tuple(sorted(self._settings))

    def add(self, error: RuleError) -> None:
        """Keep an error and go on."""
        self._errors.append(error)

    def departs(self, departure: Departure, at: Location, **words: str) -> None:
        """Something that compat takes and strict does not."""
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
        """An error to raise: the text names or combines what does not exist."""
        return RuleSemanticError(message, code=code, location=at, source=self.text, hint=hint)

    def unsupported(self, code: str, message: str, at: Location, hint: str) -> UnsupportedRule:
        """An error to raise: the text is understood, and a stream cannot answer it."""
        return UnsupportedRule(message, code=code, location=at, source=self.text, hint=hint)

    def raise_errors(self) -> None:
        """Raise the one error that was kept, or RuleErrors with all of them in the text's order."""
        if not self._errors:
            return
        unique = {(error.code, error.location): error for error in self._errors}
        errors = sorted(unique.values(), key=lambda error: (error.line or 0, error.column or 0))
        raise errors[0] if len(errors) == 1 else RuleErrors(errors[:_MOST_ERRORS])
