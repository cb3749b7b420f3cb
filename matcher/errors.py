"""Every error that ends the program on purpose, and its exit code.

::

    MatcherError               70
    ├── UsageError              2   the command line names something that is not there
    ├── ConfigError            10   one or several settings are wrong
    ├── RuleError              11   a rule file cannot be used
    │   ├── RuleSyntaxError    11   its text does not parse
    │   ├── RuleSemanticError  11   it parses, but names what does not exist
    │   ├── UnsupportedRule    11   it is understood, and a stream cannot answer it
    │   └── RuleErrors         11   several rules of one directory cannot be used
    ├── KafkaUnreachable       12   no broker answered, or it refused us
    ├── Stalled                13   records wait, and none was processed or committed for too long
    ├── DeliveryError          14   what must be written could not be written
    ├── ForcedError            15   the service was made to end before it had drained
    └── NotDrained             16   a clean stop left records that are not committed

A bad *record* is never an exception: it is a :class:`matcher.events.record.Reject`. An exception
that one module raises and its caller catches is no member of this tree and stands in that module.
"""

from dataclasses import dataclass

EXIT_OK = 0
EXIT_ALERTS_FOUND = 1
EXIT_USAGE = 2
EXIT_CONFIG = 10
EXIT_RULES = 11
EXIT_KAFKA = 12
EXIT_STALLED = 13
EXIT_DELIVERY = 14
EXIT_FORCED = 15
EXIT_NOT_DRAINED = 16


class MatcherError(Exception):
    """The root: its text is one message for a person, its exit code is documented."""

    exit_code = 70


class UsageError(MatcherError):
    """The command line names something that is not there."""

    exit_code = EXIT_USAGE


class ConfigError(MatcherError):
    """One or several settings are wrong; the text lists every one of them."""

    exit_code = EXIT_CONFIG


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text: line and column count from 1, ``length`` is in characters (at least 1)."""

    line: int
    column: int
    length: int = 1

    @classmethod
    def of(cls, text: str, position: int, length: int = 1) -> "Location":
        """The place of a position (from 0) in a text."""
        line_start = text.rfind("\n", 0, position) + 1
        line = text.count("\n", 0, position) + 1
        return cls(line, position - line_start + 1, max(1, length))


class RuleError(MatcherError):
    """A rule that cannot be used, shown with its source line and a caret.

    ``code`` is stable and short (``unknown-property``); ``hint`` says what to do instead.
    ``location`` is in ``source``; ``offset`` (lines, columns) is how far that lies from the start
    of the file at ``path``.
    """

    exit_code = EXIT_RULES

    def __init__(
        self,
        message: str,
        *,
        code: str,
        location: Location | None = None,
        source: str = "",
        path: str = "",
        hint: str = "",
        offset: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.location = location
        self.source = source
        self.path = path
        self.hint = hint
        self.offset = offset

    def located(self, *, path: str, line_offset: int = 0, column_offset: int = 0) -> "RuleError":
        """The same error, of the same class, seen from the file that the text stands in.

        ``line_offset`` and ``column_offset`` are added to the place for display; the source
        line shown stays the text's own.
        """
        return type(self)(
            self.message,
            code=self.code,
            location=self.location,
            source=self.source,
            path=path,
            hint=self.hint,
            offset=(self.offset[0] + line_offset, self.offset[1] + column_offset),
        )

    @property
    def line(self) -> int | None:
        """The line in the file, from 1, or None where the error has no place."""
        return None if self.location is None else self.location.line + self.offset[0]

    @property
    def column(self) -> int | None:
        """The column in the file, from 1, or None where the error has no place."""
        return None if self.location is None else self.location.column + self.offset[1]

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.path, self.line, self.column) if p not in ("", None))
        lines = [f"{place}: {self.message}" if place else self.message]
        lines += self._excerpt()
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def _excerpt(self, width: int = 120) -> list[str]:
        if self.location is None or not self.source:
            return []
        source_lines = self.source.split("\n")
        if not 1 <= self.location.line <= len(source_lines):
            return []
        text = source_lines[self.location.line - 1].replace("\t", " ").rstrip("\r")
        column = self.location.column - 1
        start = max(0, column - width // 2) if len(text) > width else 0
        shown = text[start : start + width]
        length = max(1, min(self.location.length, len(shown) - (column - start)))
        return [f"    {shown}", "    " + " " * (column - start) + "^" * length]


class RuleSyntaxError(RuleError):
    """The text does not parse."""


class RuleSemanticError(RuleError):
    """The text parses, and names or combines what does not exist."""


class UnsupportedRule(RuleError):
    """The text is understood; a stream of single events cannot answer it."""


class RuleErrors(RuleError):
    """Several rules of one directory cannot be used; the text shows each."""

    def __init__(self, errors: "list[RuleError]") -> None:
        super().__init__("\n\n".join(str(error) for error in errors), code="several")
        self.errors = errors


class KafkaUnreachable(MatcherError):
    """No broker answered in time, or it refused us; the text says which and why."""

    exit_code = EXIT_KAFKA


class Stalled(MatcherError):
    """For longer than allowed records waited and none was processed, or none was committed, or the
    group assigned nothing though Kafka answers.
    """

    exit_code = EXIT_STALLED


class DeliveryError(MatcherError):
    """An alert, a forwarded record or a dead letter could not be written: reading stops."""

    exit_code = EXIT_DELIVERY


class ForcedError(MatcherError):
    """The service was made to end before it had drained."""

    exit_code = EXIT_FORCED


class NotDrained(MatcherError):
    """A clean stop ended with records begun and not committed: they will be read again."""

    exit_code = EXIT_NOT_DRAINED
