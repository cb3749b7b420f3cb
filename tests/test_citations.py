"""What the code cites is there: a reader can follow every reference to the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PAGE = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w.-]+\.md)(?![\w/])")
_HEADING = re.compile(r'(docs/[\w/.-]+\.md), "([^"]+)"(?:\s+and\s+"([^"]+)")?')
_LINE_START = re.compile(r"\s*\n\s*(?:#\s*|//\s*)?")
_CODE = (".py", ".tsv", ".yml", ".lark", ".toml")
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def files(folders: tuple[str, ...], *suffixes: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.name.endswith(suffixes)
    ]


def text_of(path: Path) -> str:
    """The file, its wrapped lines joined."""
    return _LINE_START.sub(" ", path.read_text("utf-8"))


def test_every_page_that_the_code_names_exists():
    missing = [
        (str(path.relative_to(ROOT)), page)
        for path in files(("matcher", "benchmarks", "tools"), *_CODE)
        for page in _PAGE.findall(text_of(path))
        if not ((ROOT / page).is_file() or (ROOT / "docs" / page).is_file())
    ]
    assert missing == []


def test_every_heading_that_the_code_names_exists():
    cited = [
        (str(path.relative_to(ROOT)), page, heading)
        for path in files(("matcher", "benchmarks", "tools", "tests"), *_CODE)
        for page, *headings in _HEADING.findall(text_of(path))
        for heading in headings
        if heading
    ]
    missing = [
        (where, page, heading)
        for where, page, heading in cited
        if not re.search(
            rf"^#+ {re.escape(heading)}$", (ROOT / page).read_text("utf-8"), re.MULTILINE
        )
    ]
    assert cited
    assert missing == []


def test_every_link_of_the_documentation_leads_to_a_file():
    broken = [
        (str(path.relative_to(ROOT)), link)
        for path in [ROOT / "README.md", *files(("docs", "deploy", "rules"), ".md")]
        for link in _LINK.findall(path.read_text("utf-8"))
        if not (path.parent / link).exists()
    ]
    assert broken == []


def test_every_source_of_a_reference_page_is_given():
    """A link by label needs its address, and an address its use."""
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        text = page.read_text("utf-8")
        given = set(re.findall(r"^\[([\w-]+)\]: https://", text, re.MULTILINE))
        used = set(re.findall(r"\]\[([\w-]+)\]", text))
        assert used == given, page.name
