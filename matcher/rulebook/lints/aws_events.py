"""The event names in CloudTrail, by the service that logs them.

``aws_events.tsv`` is made from botocore's models by ``tools/aws_events.py`` and names botocore's
version; ``aws_other_events.tsv`` lists by hand the events that are not operations. Both files are
read once.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_DATED = re.compile(r"(?:\d{8}(?:v\d+)?|\d{4}_\d{2}_\d{2})$")
"""What follows the operation in a logged name, such as ``20150331v2`` or ``2020_05_31``."""


@dataclass(frozen=True, slots=True)
class AwsEvents:
    """The known event names.

    ``sources``: event name → the event sources that log it. ``dated``: operations of Lambda that
    are logged with a date behind their name, and not under the plain name → that date.
    """

    version: str
    sources: dict[str, frozenset[str]]
    dated: dict[str, str]

    @property
    def all_sources(self) -> frozenset[str]:
        """Every event source."""
        return frozenset().union(*self.sources.values())

    def sources_of(self, name: str) -> frozenset[str]:
        """The sources of a name as it is logged, with or without a date behind it."""
        found = self.sources.get(name)
        if found is not None:
            return found
        stem = _DATED.sub("", name)
        return self.sources.get(stem, frozenset()) if stem != name else frozenset()


@cache
def aws_events() -> AwsEvents:
    """The list."""
    sources: dict[str, set[str]] = defaultdict(set)
    dated: dict[str, str] = {}
    version = ""
    folder = files("matcher.rulebook.lints")
    for file in ("aws_events.tsv", "aws_other_events.tsv"):
        for line in folder.joinpath(file).read_text("utf-8").splitlines():
            if line.startswith("# botocore "):
                version = line.split()[2].rstrip(";")
            if line.startswith("#"):
                continue
            source, _, names = line.partition("\t")
            for written in names.split():
                name, _, date = written.partition("/")
                sources[name].add(source)
                if date:
                    dated[name] = date
    return AwsEvents(version, {name: frozenset(found) for name, found in sources.items()}, dated)
