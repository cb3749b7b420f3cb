"""The Event: one audit event under QRadar's field names and units (docs/reference/qradar.md)."""

from bisect import bisect_left
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Self

from matcher.events.text import fold, unescape
from matcher.events.written import read_as_written, read_text, scalars


@dataclass(frozen=True, slots=True)
class LogSourceType:
    """A log source type: QRadar's ``devicetype`` number and its display name."""

    id: int
    name: str


class Payload:
    """An event's own bytes, and the texts read from them, each made when it is first needed."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.made: dict[Any, Any] = {}
        """Values that other modules make from the event and keep for later, under keys of their
        own.
        """

    @cached_property
    def text(self) -> str:
        """The bytes as UTF-8 text; invalid bytes read as U+FFFD."""
        return self.raw.decode("utf-8", "replace")

    @cached_property
    def texts(self) -> tuple[str, ...]:
        r"""The text, and if it differs the text with ``\/`` and ``\uXXXX`` unescaped once."""
        opened = unescape(self.text)
        return (self.text,) if opened == self.text else (self.text, opened)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """:attr:`texts`, case-folded."""
        text, *opened = self.texts
        folded = self.lowered.decode() if text.isascii() else fold(text)
        return (folded, *map(fold, opened))

    @cached_property
    def lowered(self) -> bytes:
        """The bytes with every ASCII letter in lower case."""
        return self.raw.lower()

    @cached_property
    def written(self) -> Any:
        """The document with its numbers as they are written."""
        return read_as_written(self.raw)

    def opened(self, text: str) -> dict[str, Any] | list[Any] | None:
        """The object or list that a text of the event holds as JSON
        (:func:`matcher.events.written.read_text`), parsed once.
        """
        if text not in self._opened:
            self._opened[text] = read_text(text)
        return self._opened[text]

    @cached_property
    def _opened(self) -> dict[str, dict[str, Any] | list[Any] | None]:
        return {}

    @cached_property
    def scalars(self) -> tuple[Any, ...]:
        """Every text, number and truth value in :attr:`written`."""
        return tuple(scalars(self.written))

    def byte_offset(self, index: int) -> int:
        """The byte at which the code point with this index in :attr:`text` begins."""
        before = self.text[:index]
        if before.isascii():
            return index
        if "\ufffd" not in before:
            return len(before.encode())
        # one U+FFFD may stand for one byte or for several
        raw = self.raw
        return bisect_left(
            range(len(raw)), index + 1, key=lambda at: len(raw[: at + 1].decode("utf-8", "replace"))
        )


class Event:
    """One audit event as QRadar's ``events`` table has it.

    Times are epoch milliseconds UTC. None is SQL's NULL: the event has no such value. ``document``
    is the parsed JSON object with its own keys. Neither the event nor its document is ever changed.

    An event of this class is given its fields; an event that was read computes each field when the
    field is first asked for (:mod:`matcher.events.normalize`).
    """

    payload: Payload
    document: dict[str, Any]
    log_source_type: LogSourceType
    starttime: int
    devicetime: int | None
    qid: int
    qidname: str | None
    category: int
    categoryname: str
    highlevelcategory: int
    severity: int
    username: str | None
    sourceip: str | None
    logsourceid: int
    logsourcename: str
    errorcode: str | None
    region: str | None
    account: str | None
    uid: str
    properties: dict[str, Any]

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    def replaced(self, **fields: Any) -> Self:
        """The event with other values in some fields."""
        other = copy(self)
        vars(other).update(fields)
        return other


class Kind(Enum):
    """The type of a property's value when it is not NULL."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    ADDRESS = "address"
    PAYLOAD = "payload"
    VALUES = "values"
    """Every JSON value that a name leads to, as a tuple: numbers as they are written, lists whole;
    empty if there is no value.
    """


def _never(_test: Callable[[str], bool]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """One name that a rule may use, and what the literal prefilter must know of it.

    ``get`` reads the property from an event: text, an int, a float, a bool, an object, a list, or
    None; for the kind VALUES, a tuple of these.

    ``verbatim(run)`` promises: whenever the property's text holds ``run`` (printable ASCII without
    quote and backslash), so do the event's bytes, in any ASCII case, raw or once unescaped, except
    for values that ``derived`` covers. For the kind VALUES the promise is about objects and lists
    that are read as text; the contents of a single value always stand in the event.

    ``derived(test)`` concerns the values that do *not* stand in the event: for every such value
    that passes ``test``, it has a text that does stand there; it is None if that cannot be said.

    ``whole``, for the kind VALUES: except for derived values, each value is a complete value of the
    document. ``in_text``, for the kind VALUES: a value may also come from JSON inside a text, where
    quotes are escaped; runs then stand in the bytes raw, once unescaped, or with the escapes of
    every layer removed (:func:`matcher.events.text.without_escapes`). ``fixed``: every event has
    the same value, including ``EMPTY_EVENT``.
    """

    name: str
    kind: Kind
    get: Callable[[Event], Any]
    verbatim: Callable[[str], bool] = lambda _run: False
    derived: Callable[[Callable[[str], bool]], frozenset[str] | None] = _never
    whole: bool = False
    in_text: bool = False
    fixed: bool = False


EMPTY_EVENT = Event(
    payload=Payload(b""),
    document={},
    log_source_type=LogSourceType(0, ""),
    starttime=0,
    devicetime=None,
    qid=0,
    qidname=None,
    category=0,
    categoryname="",
    highlevelcategory=0,
    severity=0,
    username=None,
    sourceip=None,
    logsourceid=0,
    logsourcename="",
    errorcode=None,
    region=None,
    account=None,
    uid="",
    properties={},
)
"""An event without any values."""
