"""Which AQL property and which Sigma field read the same value of an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import yaml

from matcher.events.catalogue import Catalogue
from matcher.events.properties import CustomProperty, written_path
from matcher.events.sources import BY_KIND, SourceKind
from matcher.languages.sigma.log_sources import SigmaLogSource

_NAMING_CALLS = {
    "qidname": "QIDNAME(qid)",
    "categoryname": "CATEGORYNAME(category)",
    "logsourcename": "LOGSOURCENAME(logsourceid)",
    "logsourcetypename": "LOGSOURCETYPENAME(devicetype)",
}


@dataclass(frozen=True, slots=True)
class FieldPair:
    """An AQL property and a name in the event that read the same value.

    ``property`` is in lower case. ``differs`` says in what the two are not quite the same; it is
    empty where they are.
    """

    property: str
    name: str
    differs: str = ""


class FieldMapping:
    """The pairs of property and name for the events of one log source type.

    For a ``spelled`` log source a Sigma name is found in any spelling, also under ``properties``,
    and also as the ``value`` of an object.
    """

    def __init__(self, catalogue: Catalogue, kind: SourceKind, source: SigmaLogSource) -> None:
        self._source = source
        self._spelled = source.spelled
        self._pairs = (*_picked(kind), *self._of_paths(catalogue.properties.custom, kind))

    def of_property(self, name: str) -> FieldPair | None:
        """The pair for a property; None where no single name reads the same."""
        return next((pair for pair in self._pairs if pair.property == name.lower()), None)

    def of_name(self, name: str) -> FieldPair | None:
        """The pair for a name in the event: the first that has no difference, else the first."""
        wanted = self._plain(name)
        found = [pair for pair in self._pairs if self._plain(pair.name) == wanted]
        return min(found, key=lambda pair: bool(pair.differs), default=None)

    def _of_paths(
        self, custom: tuple[CustomProperty, ...], kind: SourceKind
    ) -> Iterator[FieldPair]:
        for one in custom:
            written = [written_path(path) for path in one.paths_in(kind)]
            names: dict[str, str] = {}
            for path in written:
                names.setdefault(self._plain(path), self._shown(path))
            first, *others = names.values()
            differs = f'"{one.name}" is the first of {", ".join((first, *others))} that is there'
            yield FieldPair(one.name.lower(), first, differs if others else "")

    def _shown(self, path: str) -> str:
        if not self._spelled:
            return path
        return path.removeprefix("properties.").removesuffix(".value")

    def _plain(self, path: str) -> str:
        path = self._source.in_event(path)
        return self._shown(path).lower().replace("_", "") if self._spelled else path


def property_as_written(name: str) -> str:
    """A property as AQL writes it: ``QIDNAME(qid)`` for qidname."""
    return _NAMING_CALLS.get(name, name)


@cache
def _picked(kind: SourceKind) -> tuple[FieldPair, ...]:
    """The pairs for properties that the normalizer fills, from ``aql_sigma_names.yml`` in the log
    source's folder. Properties that are read by a path are not in that file.
    """
    file = BY_KIND[kind].folder / "aql_sigma_names.yml"
    rows = yaml.safe_load(file.read_text("utf-8")) if file.exists() else []
    return tuple(
        FieldPair(row["property"].lower(), row["name"], row.get("differs", "")) for row in rows
    )
