"""A page for users: Sigma's log sources, and the names that are read in other places.

python -m matcher.languages.sigma.document_fields > docs/sigma-fields.md
"""

import sys
from collections.abc import Iterator

from matcher.languages.sigma.log_sources import Alias, SigmaLogSource, known_log_sources

_HEAD = """\
# Sigma's log sources and fields

Made by `make docs` from the `sigma.yml` files of `matcher/events/sources/`; do not edit it by hand.
[log-sources.md](log-sources.md) says what stands in these files.

A rule's `logsource` says which events it is about. A name in it is looked for in the event as it
stands: as a key, then, where it has dots, as a path, through every member of a list. Where nothing
is there, the tables below say where else to look. Where several dialects of one log hold different
things under one name, `all of` are read, and a condition holds if it holds for one of them.
`matcher check --details` says for each rule which of its names are found, and how.

In a path, `[key=text]` keeps of a list the members that have it. What is *cut* is the part of the
text that the group in the regular expression matches.
"""


def document() -> str:
    """The page: a section for each log source."""
    return "\n".join((_HEAD, *("\n".join(_section(one)) for one in known_log_sources())))


def _section(source: SigmaLogSource) -> Iterator[str]:
    yield f"## {source.name}\n"
    wanted = f"`product: {source.product}`"
    if source.service:
        wanted += f", `service: {source.service}`"
    yield f"{wanted}. {source.means}\n"
    if source.spelled:
        yield (
            "* Names count in camelCase, PascalCase, lower case and snake_case, "
            "acronyms in capitals too."
        )
    for written, meant in source.prefixes.items():
        stands = f"stands for `{meant}`" if meant else "is left out"
        yield f"* `{written}` at the beginning of a name {stands}."
    for top in source.under:
        flat = f"; of a name below it without `{top}`, too" if source.flat else ""
        yield f"* A name that is not there is looked for below `{top}`{flat}."
    if source.open:
        objects = ", ".join(f"`{name}`" for name in source.open)
        yield f"* What is below {objects} is each service's own, and not known here."
    if source.spelled or source.open or source.prefixes:
        yield ""
    if source.aliases:
        yield "| name in a rule | reads | same words | why |\n|---|---|---|---|"
        for alias in source.aliases:
            yield _row(alias)
        yield ""


def _row(alias: Alias) -> str:
    names = ", ".join(f"`{name}`" for name in alias.names)
    reads = ", ".join(
        f"`{path.text}`" + (f" (cut by `{_cell(path.cut)}`)" if path.cut else "")
        for path in alias.reads
    )
    same = "; ".join(", ".join(f"`{word}`" for word in sorted(group)) for group in alias.same)
    if alias.empty_list:
        same = "the empty list and `[]`"
    first = "all of " if alias.every else ""
    return f"| {names} | {first}{reads} | {same} | {_cell(alias.why)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Print the page."""
    sys.stdout.write(document())
    return 0


if __name__ == "__main__":
    sys.exit(main())
