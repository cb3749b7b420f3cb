"""The names that a rule may use for an event's values: QRadar's fields, its custom properties, and
ArcSight's names for two of them (docs/reference/qradar.md).

Each property makes promises to the literal prefilter, which rest on two facts. A text that a
normalizer picks stands in the event, raw or once unescaped, except that its ends may be cut
(:mod:`matcher.events.document`). And an integer's digits are its JSON text.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from matcher.events.document import Names, opened, sdk_spellings, value
from matcher.events.schema import Event, Kind, Property
from matcher.events.sources import SourceKind
from matcher.events.written import opened_controls

Test = Callable[[str], bool]

ALIASES: Mapping[str, str] = MappingProxyType(
    {"devicecustomstring1": "Error Code", "devicecustomstring2": "AWS Region"}
)
"""ArcSight's names in lower case, and the property that each stands for (docs/reference/qradar.md,
"ArcSight's names").
"""

_BRACKETS = r"\[(?:\*?|-?[0-9]{1,9})\]|\{\}"
_STEP = re.compile(rf"{_BRACKETS}|(?:(?!{_BRACKETS}).)+", re.DOTALL)
_NUMBER_LIKE = re.compile(r"[-+.0-9eE]+")
_JSON_WORDS = ("true", "false", "null", "nan", "-infinity")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A QID name that an event may not hold, and the operation that the event holds instead, in any
    case; None if the event may hold neither.
    """

    name: str
    operation: str | None


@dataclass(frozen=True, slots=True)
class CustomProperty:
    """A property that is read from the document: the first of its paths at which there is a value.

    The value is a text, the digits of an integer, or a truth value; with ``anything`` also a
    fraction, or an object or array as JSON text. ``means`` and ``log_sources`` are for readers;
    ``added`` are the paths that a log source's own file added.
    """

    name: str
    paths: tuple[tuple[Names, ...], ...]
    anything: bool = False
    means: str = ""
    log_sources: tuple[SourceKind, ...] = ()
    added: tuple[tuple[SourceKind, tuple[tuple[Names, ...], ...]], ...] = ()

    @classmethod
    def of(cls, name: str, entry: object) -> "CustomProperty":
        """The property for an entry of a data file: a path, several paths, or a mapping of
        ``paths`` and the other attributes.

        A path is keys joined by dots, or a list of keys; after a key, brackets choose a member of a
        list. Raises ValueError that says what is wrong.
        """
        if name.lower() in FIELDS:
            raise ValueError("is a field of every event already")
        settings: dict[Any, Any] = entry if isinstance(entry, dict) else {"paths": entry}
        if set(settings) - {"paths", "anything", "means", "log_sources"}:
            raise ValueError("must have paths, and at most anything, means and log_sources")
        anything = settings.get("anything", False)
        if not isinstance(anything, bool):
            raise ValueError("anything must be true or false")  # noqa: TRY004 - the fault of a file
        paths = settings.get("paths")
        if isinstance(paths, str):
            paths = [paths]
        if not isinstance(paths, list) or not paths:
            raise ValueError("must be a path such as userIdentity.arn, or a list of paths")
        means = settings.get("means", "")
        if not isinstance(means, str):
            raise ValueError("means must be a text")  # noqa: TRY004 - as above
        sources = settings.get("log_sources", [])
        if not isinstance(sources, list) or any(one not in list(SourceKind) for one in sources):
            raise ValueError(f"log_sources must be a list of {', '.join(SourceKind)}")
        return cls(
            name,
            tuple(_path(path) for path in paths),
            anything,
            means,
            tuple(map(SourceKind, sources)),
        )

    def paths_in(self, kind: SourceKind) -> tuple[tuple[Names, ...], ...]:
        """The paths for events of a log source: those that the log source added, else the shared
        ones.
        """
        added = dict(self.added)
        if kind in added:
            return added[kind]
        shared = tuple(path for path in self.paths if path not in sum(added.values(), ()))
        return shared or self.paths

    def extended(self, other: "CustomProperty", kind: SourceKind) -> "CustomProperty":
        """The property with the paths that a log source adds, which come after its own."""
        return replace(
            self,
            paths=self.paths + other.paths,
            anything=self.anything or other.anything,
            means=self.means or other.means,
            log_sources=tuple(dict.fromkeys(self.log_sources + other.log_sources)),
            added=(*self.added, (kind, other.paths)),
        )

    def read(self, event: Event) -> str | int | float | bool | None:
        """The property's value."""
        for path in self.paths:
            for held in _held(event.document, path):
                found = self._shown(held)
                if found is not None:
                    return found
        return None

    def _shown(self, found: Any) -> str | int | float | bool | None:
        if isinstance(found, (str, bool)):
            return found
        if self.anything:
            return json_text(found) if isinstance(found, (dict, list)) else _plain(found)
        return str(found) if isinstance(found, int) else None

    def property(self) -> Property:
        """The property for use in rules."""
        return Property(
            self.name, Kind.TEXT, self.read, _stands_in_json if self.anything else _always
        )


def _path(path: object) -> tuple[Names, ...]:
    keys = path.split(".") if isinstance(path, str) else path
    if not isinstance(keys, list) or not keys or not all(isinstance(k, str) and k for k in keys):
        raise ValueError(f"{path!r} is no path")
    if isinstance(path, str):
        keys = [step for key in keys for step in _STEP.findall(key)]
    return tuple((key,) if re.fullmatch(_BRACKETS, key) else sdk_spellings(key) for key in keys)


def written_path(path: tuple[Names, ...]) -> str:
    """A path as a data file writes it, its keys in camelCase."""
    name, *rest = (names[0] for names in path)
    return name + "".join(step if re.fullmatch(_BRACKETS, step) else f".{step}" for step in rest)


def _held(node: Any, path: tuple[Names, ...]) -> Iterator[Any]:
    """What a path leads to. Brackets choose a member of a list, or try every one in order. An
    object or list that is entered may stand as JSON in a text.
    """
    (name, *_), *rest = path
    into_list = name[0] in "[{"
    if isinstance(node, str):
        node = opened(node, list) if into_list else opened(node, dict)
    found: list[Any] = []
    if isinstance(node, list):
        found = _chosen(node, name) if into_list else []
    elif isinstance(node, dict):
        found = [value(node, path[0])]
    for member in found:
        if rest:
            yield from _held(member, tuple(rest))
        else:
            yield member


def _chosen(members: list[Any], brackets: str) -> list[Any]:
    written = brackets[1:-1].strip("*")
    if not written:
        return members
    index = int(written)
    return members[index:][:1] if index >= -len(members) else []


def _plain(found: Any) -> int | float | None:
    return found if isinstance(found, (int, float)) else None


def json_text(found: Any) -> str:
    """An object or array as compact JSON, with control characters as they are."""
    return opened_controls(json.dumps(found, separators=(",", ":"), ensure_ascii=False))


def _always(_run: str) -> bool:
    return True


def _stands_in_json(run: str) -> bool:
    """Whether a run stands in JSON as it is: not one that may come from a number, a JSON word, or
    the signs between values.
    """
    lowered = run.lower()
    return not (
        _NUMBER_LIKE.fullmatch(run)
        or any(lowered in word for word in _JSON_WORDS)
        or any(sign in run for sign in '{}[]":,')
    )


def _outside_result(run: str) -> bool:
    """Whether a run stands in the operation, for QID names of the form ``<operation>-<result>``:
    not a run that may cross the hyphen, nor a part of ``success``, which a numeric result may be
    written as.
    """
    return "-" not in run and run.lower() not in "success"


def _derived(renamed: tuple[Renamed, ...]) -> Callable[[Test], frozenset[str] | None]:
    def derived(test: Test) -> frozenset[str] | None:
        operations: set[str] = set()
        for one in renamed:
            if test(one.name):
                if one.operation is None:
                    return None
                operations.add(one.operation)
        return frozenset(operations)

    return derived


def _constant(held: Any) -> Callable[[Event], Any]:
    return lambda _event: held


def _nothing(name: str, kind: Kind = Kind.TEXT, held: Any = None) -> Property:
    return Property(name, kind, _constant(held), fixed=True)


def _text(name: str, attribute: str) -> Property:
    return Property(name, Kind.TEXT, attrgetter(attribute), _always)


def _made(name: str, attribute: str, kind: Kind = Kind.TEXT) -> Property:
    """A property whose value is computed: nothing of it need stand in the event."""
    return Property(name, kind, attrgetter(attribute))


def _v6(event: Event) -> str | None:
    found = event.sourceip
    return found if found and ":" in found else None


def _magnitude(event: Event) -> int:
    return round((event.severity + _CREDIBILITY + _RELEVANCE) / 3)


_CREDIBILITY = _RELEVANCE = 5

_ABSENT = (
    *("destinationmac", "sourcemac", "identityhostname", "eventdirection", "creeventlist"),
    *("partialmatchlist", "partialormatchlist", "pcappacket", "adekey", "adevalue"),
    *("geographiclocation", "sourcegeographiclocation", "destinationgeographiclocation"),
)
_ABSENT_ADDRESSES = (
    *("destinationip", "destinationaddress", "destinationv6", "identityip"),
    *("prenatsourceip", "prenatdestinationip", "postnatsourceip", "postnatdestinationip"),
)
_ZERO = (
    *("sourceport", "destinationport", "prenatsourceport", "prenatdestinationport"),
    *("postnatsourceport", "postnatdestinationport"),
    *("protocolid", "processorid", "domainid", "duration"),
)
_FALSE = ("hasidentity", "hasoffense", "iscreevent", "isduplicate", "isunparsed")

_PLAIN_FIELDS: tuple[Property, ...] = (
    _made("qid", "qid", Kind.NUMBER),
    _made("category", "category", Kind.NUMBER),
    _made("categoryname", "categoryname"),
    _made("highlevelcategory", "highlevelcategory", Kind.NUMBER),
    _made("logsourceid", "logsourceid", Kind.NUMBER),
    _made("logsourcename", "logsourcename"),
    _made("logsourceidentifier", "logsourcename"),
    _made("devicetype", "log_source_type.id", Kind.NUMBER),
    _made("logsourcetypename", "log_source_type.name"),
    _made("starttime", "starttime", Kind.TIME),
    _made("devicetime", "devicetime", Kind.TIME),
    _made("endtime", "starttime", Kind.TIME),
    _text("username", "username"),
    Property("sourceip", Kind.ADDRESS, attrgetter("sourceip"), _always),
    Property("sourceaddress", Kind.ADDRESS, attrgetter("sourceip"), _always),
    Property("sourcev6", Kind.ADDRESS, _v6, _always),
    _made("severity", "severity", Kind.NUMBER),
    _nothing("credibility", Kind.NUMBER, _CREDIBILITY),
    _nothing("relevance", Kind.NUMBER, _RELEVANCE),
    Property("magnitude", Kind.NUMBER, _magnitude),
    _nothing("eventcount", Kind.NUMBER, 1),
    _nothing("devicegrouplist", held=[]),
    Property("payload", Kind.PAYLOAD, lambda event: event.payload.text, _always),
    _nothing("domainname", held="Default Domain"),
    _nothing("protocolname", held="Reserved"),
    _nothing("logsourcegroupname"),
    _text("errorcode", "errorcode"),
    _text("region", "region"),
    _text("account", "account"),
    _made("uid", "uid"),
    *(_nothing(name) for name in _ABSENT),
    *(_nothing(name, Kind.ADDRESS) for name in _ABSENT_ADDRESSES),
    *(_nothing(name, Kind.NUMBER, 0) for name in _ZERO),
    *(_nothing(name, Kind.TEXT, held=False) for name in _FALSE),
)

FIELDS = frozenset(field.name for field in _PLAIN_FIELDS) | {"qidname", "highlevelcategoryname"}
"""The names, in lower case, of the fields that every event has."""

_CUSTOM: tuple[Property, ...] = (
    _text("Error Code", "errorcode"),
    _text("AWS Region", "region"),
    _text("Account ID", "account"),
    Property("sourceIPAddress", Kind.TEXT, lambda e: e.properties.get("sourceIPAddress"), _always),
    Property("Session Name", Kind.TEXT, lambda e: e.properties.get("Session Name"), _always),
)


class PropertyTable:
    """Every property of one catalogue. Names are case-insensitive."""

    def __init__(
        self,
        custom: Iterable[CustomProperty],
        *,
        renamed: tuple[Renamed, ...],
        result_in_name: bool,
        category_names: Mapping[int, str],
    ) -> None:
        qidname = Property(
            "qidname",
            Kind.TEXT,
            attrgetter("qidname"),
            _outside_result if result_in_name else _always,
            _derived(renamed),
        )
        high_level = Property(
            "highlevelcategoryname",
            Kind.TEXT,
            lambda event: category_names.get(event.highlevelcategory),
        )
        fields = (*_PLAIN_FIELDS, qidname, high_level)
        self.by_field: Mapping[str, Property] = MappingProxyType({f.name: f for f in fields})
        """QRadar's fields by lower-case name, together with the names that its functions look up:
        qidname, categoryname, highlevelcategoryname, logsourcename, logsourcetypename.
        """
        self.custom: tuple[CustomProperty, ...] = tuple(custom)
        """The custom properties that are read from the document by a path."""
        known = (*_CUSTOM, *(one.property() for one in self.custom))
        self._known = {found.name.lower(): found for found in known} | dict(self.by_field)

    def find(self, name: str) -> Property | None:
        """The field or custom property of that name, which is case-insensitive."""
        return self._known.get(name.lower())

    def find_alias(self, name: str) -> Property | None:
        """The property for an ArcSight name; QRadar has no property with such a name."""
        meant = ALIASES.get(name.lower())
        return None if meant is None else self.find(meant)

    def names(self) -> tuple[str, ...]:
        """Every name that :meth:`find` knows, as it is written, in alphabetical order."""
        return tuple(sorted((found.name for found in self._known.values()), key=str.lower))
