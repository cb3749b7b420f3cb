"""The properties of AQL as a page for users.

python -m matcher.events.document_properties > docs/properties.md
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from matcher.events.catalogue import Catalogue
from matcher.events.catalogue.loader import SHARED
from matcher.events.properties import ALIASES, CustomProperty, written_path
from matcher.events.schema import Kind
from matcher.events.sources import BY_KIND, SourceKind

FIELDS = "fields.yml"
"""The file that describes the fields: in the catalogue what they mean, in a log source's folder
where they are read.
"""

_TYPES = {
    Kind.TEXT: "text",
    Kind.PAYLOAD: "text",
    Kind.NUMBER: "number",
    Kind.TIME: "time",
    Kind.ADDRESS: "address",
}
_HEAD = """\
# AQL's properties

Made by `make docs` from `fields.yml` and `properties.yml` in `matcher/events/catalogue/` and
`matcher/events/sources/`; do not edit it by hand.

These are the names that a rule or a query may use: in SELECT, WHERE, GROUP BY, everywhere. They
count in any case; a name with blanks stands in double quotes, `"User Agent" ILIKE '%curl%'`. What
is missing, `null` or empty is NULL. Any other name is an error, with the nearest that is there,
unless [you add it](#adding-a-property).

A *time* is a number, milliseconds since 1970: `DATEFORMAT(starttime, 'yyyy-MM-dd HH:mm')` shows
it. An *address* is compared with a network by `INCIDR('192.0.2.0/24', sourceip)`.

## Fields of every event

QRadar's fields, and what takes their place where cloud events have no such thing.

| property | type | meaning |
|---|---|---|
"""

_READ = """
### Where they are read

Of the paths of a log source it is the first at which something stands. Keys also count in
PascalCase and in lower case, in Azure in snake_case too, acronyms in capitals and as words
(`IPAddress` is `ipAddress`); an object or list may come as JSON inside a text.
Of a longer text (an ARN, a resource's id) only the part that is meant is taken.

| property | log source | paths |
|---|---|---|
"""

_CUSTOM = """
## Custom properties

They are read from any event: the log sources are those whose events have such a key. A *text* may
be the digits of a whole number, `true` or `false`, too; *text or JSON* also a fraction, or an
object or a list as compact JSON.

| property | type | meaning | log sources | paths |
|---|---|---|---|---|
"""

_ADDING = """
## ArcSight's names

QRadar has no such properties. Here they stand for what is meant, and `matcher check` says so.

| property | stands for |
|---|---|
{aliases}

## Adding a property

Write its name and its path into a file `properties.yml` in a directory of your own:

```yaml
Bucket Name: requestParameters.bucketName
Image ID: [responseElements.imageId, requestParameters.imageId]
Tags: {{paths: [requestParameters.tagSet], anything: true}}
```

A path is keys joined by dots; of several paths the first at which something stands is read. A path
whose keys hold dots themselves is a list of keys within the list of paths:
`[[tags, cost.center]]`. Paths lead through objects, and by brackets into a list:
`resources[0].ARN` is of its first member, `resources[-1].ARN` of its last, and `resources[].ARN`
(also `[*]` or `{{}}`) of the first member that has something there. With `anything: true` the value
may be a fraction, or an object or a list, which reads as JSON. `means`, a text, and `log_sources`,
a list of [folders](log-sources.md), are for readers. A property that is on this page already is
replaced; a field cannot be.

Name the directory in [`catalogue.directory`](settings.md), or in the environment variable
`MATCHER_CATALOGUE__DIRECTORY`. Then the name is known to rules and to queries:

```
export MATCHER_CATALOGUE__DIRECTORY=catalogue
matcher scan logs/ --query 'SELECT "Bucket Name", COUNT(*) FROM events GROUP BY "Bucket Name"'
```
"""


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """Fields with the same meaning, as in the catalogue's ``fields.yml``."""

    names: tuple[str, ...]
    means: str


def field_entries() -> tuple[FieldEntry, ...]:
    """The descriptions of the fields, in the file's order."""
    return tuple(
        FieldEntry(tuple(entry["names"]), entry["means"]) for entry in _yaml(SHARED / FIELDS)
    )


def field_paths() -> dict[str, dict[SourceKind, tuple[str, ...]]]:
    """The paths that are read, by the first name of a :class:`FieldEntry` and by log source."""
    found: dict[str, dict[SourceKind, tuple[str, ...]]] = {}
    for kind, source in BY_KIND.items():
        if (file := source.folder / FIELDS).exists():
            for name, paths in _yaml(file).items():
                found.setdefault(name, {})[kind] = tuple(paths)
    return found


def _yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


def document(catalogue: Catalogue) -> str:
    """The page: the fields, where they are read, the custom properties, how to add one."""
    entries, paths = field_entries(), field_paths()
    fields = (_field(entry, catalogue) for entry in entries)
    reads = (
        f"| {_codes(entry.names)} | {_type_name(kind, catalogue)} | {_codes(found)} |"
        for entry in entries
        for kind, found in paths.get(entry.names[0], {}).items()
    )
    custom = (_custom(one, catalogue) for one in catalogue.properties.custom)
    aliases = (f"| `{alias}` | `{name}` |" for alias, name in ALIASES.items())
    adding = _ADDING.format(aliases="\n".join(aliases))
    return "".join((_HEAD, _lines(fields), _READ, _lines(reads), _CUSTOM, _lines(custom), adding))


def _lines(rows: Iterator[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _field(entry: FieldEntry, catalogue: Catalogue) -> str:
    kinds = [p.kind for p in map(catalogue.properties.find, entry.names) if p is not None]
    return f"| {_codes(entry.names)} | {_TYPES[kinds[0]]} | {_cell(entry.means)} |"


def _custom(one: CustomProperty, catalogue: Catalogue) -> str:
    sources = ", ".join(_type_name(kind, catalogue) for kind in one.log_sources)
    kind = "text or JSON" if one.anything else "text"
    paths = [written_path(path) for path in one.paths]
    return f"| `{one.name}` | {kind} | {_cell(one.means)} | {sources} | {_codes(paths)} |"


def _type_name(kind: SourceKind, catalogue: Catalogue) -> str:
    return catalogue.type_of(kind).name


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """Print the page."""
    sys.stdout.write(document(Catalogue.load()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
