from pathlib import Path

from matcher.events.catalogue import Catalogue
from matcher.rulebook import load_rules
from matcher.rulebook.document_rules import document, main
from matcher.rulebook.lints import lint_rules

ROOT = Path(__file__).parents[2]
MINIMAL = """\
id: a.b
title: T
version: 1
severity: low
query: username = 'root'
"""


def test_the_page_of_the_shipped_rules_is_current(capsys):
    """Otherwise: make docs."""
    assert main([str(ROOT / "rules")]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "rules.md").read_text("utf-8")


def test_a_rule_that_says_little(tmp_path):
    (tmp_path / "a.yml").write_text(MINIMAL)
    catalogue = Catalogue.load()
    book = load_rules([tmp_path], catalogue)
    page = document(book, lint_rules(book, catalogue))
    assert "| [a.b](#ab) | low | T |" in page
    assert "0 tests that it matches, 0 that it does not" in page
    assert "* `tests-missing`: " in page
    assert "False positives" not in page
