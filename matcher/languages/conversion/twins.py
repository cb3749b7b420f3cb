"""Which name of AQL and which name of Sigma read the same thing of an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import yaml

from matcher.events.catalogue import Catalogue
from matcher.events.properties import CustomProperty
from matcher.events.sources import BY_KIND, SourceKind
from matcher.languages.sigma.log_sources import SigmaLogSource

_NAMING_CALLS = {
    "qidname": "QIDNAME(qid)",
    "categoryname": "CATEGORYNAME(category)",
    "logsourcename": "LOGSOURCENAME(logsourceid)",
    "logsourcetypename": "LOGSOURCETYPENAME(devicetype)",
}


@dataclass(frozen=True, slots=True)
class Twin:
    """A property's name, in lower case, and a name in the event. ``differs`` says where they are
    not the same; empty where they are.
    """

    property: str
    name: str
    differs: str = ""


class Twins:
    """The twins in the events of one kind, for rules of a log source. Where it is ``spelled``, a
    Sigma name is found in any spelling, under ``properties`` as well, and as the ``value`` of an
    object.
    """

    def __init__(self, catalogue: Catalogue, kind: SourceKind, source: SigmaLogSource) -> None:
        self._source = source
        self._spelled = source.spelled
        self._twins = (*_picked(kind), *self._of_paths(catalogue.properties.custom, kind))

    def of_property(self, name: str) -> Twin | None:
        """The twin of a property."""
        return next((twin for twin in self._twins if twin.property == name.lower()), None)

    def of_name(self, name: str) -> Twin | None:
        """The twin of a name in the event: the first that is always the same, else the first."""
        wanted = self._plain(name)
        found = [twin for twin in self._twins if self._plain(twin.name) == wanted]
        return min(found, key=lambda twin: bool(twin.differs), default=None)

    def _of_paths(self, custom: tuple[CustomProperty, ...], kind: SourceKind) -> Iterator[Twin]:
        for one in custom:
            written = [".".join(names[0] for names in path) for path in one.paths_in(kind)]
            names: dict[str, str] = {}
            for path in written:
                names.setdefault(self._plain(path), self._shown(path))
            first, *others = names.values()
            differs = f'"{one.name}" is the first of {", ".join((first, *others))} that is there'
            yield Twin(one.name.lower(), first, differs if others else "")

    def _shown(self, path: str) -> str:
        if not self._spelled:
            return path
        return path.removeprefix("properties.").removesuffix(".value")

    def _plain(self, path: str) -> str:
        path = self._source.in_event(path)
        return self._shown(path).lower().replace("_", "") if self._spelled else path


def property_as_written(name: str) -> str:
    """How AQL names a property: ``QIDNAME(qid)`` for qidname."""
    return _NAMING_CALLS.get(name, name)


@cache
def _picked(kind: SourceKind) -> tuple[Twin, ...]:
    """Where a property that normalizing picks and a name in the event read one thing:
    ``aql_sigma_names.yml`` in the log source's folder. What a path reads is not in it.
    """
    file = BY_KIND[kind].folder / "aql_sigma_names.yml"
    rows = yaml.safe_load(file.read_text("utf-8")) if file.exists() else []
    return tuple(Twin(row["property"].lower(), row["name"], row.get("differs", "")) for row in rows)
