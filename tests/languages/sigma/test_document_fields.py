from pathlib import Path

from matcher.languages.sigma.document_fields import document, main

PAGE = Path(__file__).parents[3] / "docs" / "sigma-fields.md"


def test_the_page_is_current(capsys):
    assert main() == 0
    assert capsys.readouterr().out == PAGE.read_text("utf-8")


def test_no_cell_breaks_its_table():
    rows = [line for line in document().splitlines() if line.startswith("| ")]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}
