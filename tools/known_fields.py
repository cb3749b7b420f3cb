"""Writes the fields that records were seen to have: known_fields.tsv in each log source's folder.

    python tools/known_fields.py CORPUS

CORPUS is a directory of ``*.jsonl.gz``, a record or an envelope a line. One line a field: Sigma's
log source, a tab, the path (lists are gone through), a tab, how many events had it. Paths are kept
to six keys; below what is each service's own to three, and where several events have them. A folder
whose records are not in the corpus is left as it is.
"""

import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from matcher.events.schema import Event
from matcher.events.sources import BY_KIND
from matcher.languages.sigma.log_sources import SigmaLogSource, known_log_sources

LONGEST, LONGEST_OPEN, FEWEST_OPEN = 6, 3, 5

NOT_EVENTS = ("panther_cases", "streamalert_cases")
"""Files of the corpus that hold tests of other engines, the event inside."""

KEY = re.compile(r"(?!p_)[@A-Za-z_][\w@./:-]*")
"""What a field is called. ``p_…`` is what Panther adds; what is called otherwise is data."""

ONLY = {"azure/riskdetection": ("category", "UserRiskEvents")}
"""Of a log source without a type of its own, what its events that are of no type have."""


def events(folder: Path, catalogue: Catalogue) -> Iterator[Event]:
    """Every event of the corpus that is accepted."""
    for file in sorted(folder.glob("*.jsonl.gz")):
        if file.name.startswith(NOT_EVENTS):
            continue
        for line in gzip.decompress(file.read_bytes()).splitlines():
            for raw in unwrap(line).events:
                event = normalize(raw, 0, catalogue)
                if not isinstance(event, Reject):
                    yield event


def paths(node: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path in a document."""
    if isinstance(node, list):
        for member in node:
            yield from paths(member, above)
    elif isinstance(node, dict) and len(above) < LONGEST:
        for key, inner in node.items():
            if KEY.fullmatch(key):
                yield (*above, key)
                yield from paths(inner, (*above, key))


def is_of(event: Event, source: SigmaLogSource, catalogue: Catalogue) -> bool:
    """Whether the event shows what records of this log source have."""
    kinds = [kind for kind in source.kinds if kind != "unknown"]
    if event.log_source_type in map(catalogue.type_of, kinds):
        return True
    key, value = ONLY.get(source.name, ("", ""))
    return bool(key) and event.document.get(key) == value


def is_kept(path: str, count: int, source: SigmaLogSource) -> bool:
    """Whether a path says something of the log source, and not of one of its services."""
    if any(path.startswith(f"{top}.") for top in source.open):
        return count >= FEWEST_OPEN and path.count(".") < LONGEST_OPEN
    return True


def main(folder: Path) -> None:
    """Write the files."""
    catalogue = Catalogue.load()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events(folder, catalogue):
        found = {".".join(path) for path in paths(event.document)}
        for source in known_log_sources():
            if is_of(event, source, catalogue):
                counts[source.name].update(found)
    head = f"# {datetime.now(UTC):%Y-%m-%d}; made by tools/known_fields.py from public records"
    files: dict[Path, list[str]] = defaultdict(lambda: [head])
    for source in known_log_sources():
        file = BY_KIND[source.kinds[0]].folder / "known_fields.tsv"
        files[file] += [
            f"{source.name}\t{path}\t{count}"
            for path, count in sorted(counts[source.name].items())
            if is_kept(path, count, source)
        ]
    for file, lines in files.items():
        if len(lines) > 1:
            file.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
