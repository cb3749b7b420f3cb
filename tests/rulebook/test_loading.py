from pathlib import Path

import pytest

from matcher.engine.rule import Attack, Severity
from matcher.errors import RuleErrors, UsageError
from matcher.events.catalogue import Catalogue
from matcher.rulebook import load_rules

CATALOGUE = Catalogue.load()
MINIMAL = 'id: {id}\ntitle: T\nversion: 1.10\nseverity: low\nquery: "qid = 1"\n'


def minimal(name: str = "a", **changes: str) -> str:
    lines = MINIMAL.format(id=name).splitlines()
    for key, value in changes.items():
        lines = [line for line in lines if not line.startswith(f"{key}:")] + [f"{key}: {value}"]
    return "\n".join(lines)


@pytest.fixture
def load(tmp_path):
    def loaded(*texts: str):
        for index, text in enumerate(texts):
            (tmp_path / f"{index}.yml").write_text(text, "utf-8", newline="")
        return load_rules([tmp_path], CATALOGUE)

    return loaded


def faults(book) -> list[tuple[str, int | None, int | None]]:
    return [(error.code, error.line, error.column) for error in book.errors]


def test_a_minimal_rule_and_its_defaults(load):
    book = load(minimal())
    (rule,) = book.rules
    assert (rule.id, rule.title, rule.version, rule.severity) == ("a", "T", "1.10", Severity.LOW)
    assert (rule.confidence, rule.attack, rule.language) == ("medium", Attack(), "aql")
    assert rule.source == "qid = 1"
    assert Path(rule.file).name == "0.yml"
    assert (book.errors, book.tests) == ((), ())


def test_everything_a_rule_says_is_kept(load):
    book = load(
        minimal(
            "r",
            attack="{tactics: [TA0002], techniques: [T1059, T1059.009]}",
            references="['https://example.com/a']",
            confidence="high",
            false_positives="[deploys]",
            metadata="{owner: soc}",
            runbook="{triage: [look]}",
        )
        + "\nx-anything: {a: [1]}"
    )
    (rule,) = book.rules
    assert rule.attack == Attack(("TA0002",), ("T1059", "T1059.009"))
    assert rule.references == ("https://example.com/a",)
    assert rule.metadata == {
        "false_positives": ("deploys",),
        "runbook": {"triage": ["look"]},
        "metadata": {"owner": "soc"},
    }


def test_rules_are_in_the_order_of_their_ids(load):
    assert [rule.id for rule in load(minimal("b"), minimal("a")).rules] == ["a", "b"]


@pytest.mark.parametrize("key", ["except", "correlation"])
def test_a_reserved_key_is_read_and_noted(load, key):
    book = load(minimal() + f"\n{key}: {{anything: [1]}}")
    assert [note.text for note in book.notes] == [f"{key}: read, not yet evaluated"]
    assert book.rules[0].notes == (f"{key}: read, not yet evaluated",)
    assert book.rules[0].metadata == {key: {"anything": [1]}}


def test_notes_of_the_query_are_notes_of_the_rule(load):
    book = load(minimal(query="SELECT qid FROM events WHERE qid = 1 LIMIT 5"))
    assert [note.text.split()[0] for note in book.notes] == ["LIMIT"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (minimal() + "\nseverty: high", ("unknown-key", 6, 1)),
        ("id: a\ntitle: T\nversion: 1\nseverity: low", ("missing-key", 1, 1)),
        (minimal(severity="hihg"), ("wrong-value", 5, 11)),
        (minimal(severity="3"), ("wrong-value", 5, 11)),
        (minimal(id="A B"), ("wrong-value", 5, 5)),
        (minimal(id="[a]"), ("wrong-value", 5, 5)),
        (minimal(version="[1]"), ("wrong-value", 5, 10)),
        (minimal(title="''"), ("wrong-value", 5, 8)),
        (minimal(language="spl"), ("wrong-value", 6, 11)),
        (minimal(references="https://example.com"), ("wrong-value", 6, 13)),
        (minimal(attack="{tactics: [TA2]}"), ("wrong-value", 6, 20)),
        (minimal(attack="{tactic: [TA0002]}"), ("unknown-key", 6, 10)),
        (minimal(attack="[TA0002]"), ("wrong-value", 6, 9)),
        (minimal(metadata="3"), ("wrong-value", 6, 11)),
        (minimal(tests="[{match: true, event: {}}]"), ("missing-key", 6, 9)),
        (minimal(tests="[{name: a, match: yes, event: {}}]"), ("wrong-value", 6, 26)),
        (minimal(tests="[{name: a, match: true}]"), ("wrong-value", 6, 9)),
        (minimal(tests="[{name: a, match: true, event: {}, record: {}}]"), ("wrong-value", 6, 9)),
        (minimal(tests="[{name: a, match: true, event: 3}]"), ("wrong-value", 6, 39)),
        (minimal(tests="[{name: a, match: true, evnt: {}}]"), ("unknown-key", 6, 32)),
        (
            minimal(tests="[{name: a, match: false, event: {}, columns: {a: 1}}]"),
            ("wrong-value", 6, 9),
        ),
        (
            minimal(tests="[{name: a, match: true, event: {}, columns: {a: 1}}]"),
            ("unknown-column", 6, 1),
        ),
        ("[1]", ("wrong-value", 1, 1)),
        ("just text", ("wrong-value", 1, 1)),
    ],
)
def test_a_fault_is_shown_where_it_stands(load, text, expected):
    book = load(text)
    assert expected in faults(book)
    assert book.rules == ()


def test_a_wrong_key_is_answered_with_the_nearest(load):
    (error,) = load(minimal() + "\nseverty: high").errors
    assert "did you mean severity?" in str(error)


def test_all_faults_of_a_file_are_shown_in_its_order(load):
    text = 'id: A\ntitle: T\nversion: 1\nseverity: lo\nnope: 1\nquery: "nada = 1 AND nix = 2"\n'
    assert faults(load(text)) == [
        ("wrong-value", 1, 5),
        ("wrong-value", 4, 11),
        ("unknown-key", 5, 1),
        ("unknown-property", 6, 9),
        ("unknown-property", 6, 22),
    ]


HEAD = "id: a\ntitle: T\nversion: 1\nseverity: low\n"


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("query: |\n  SELECT qid\n  FROM events\n  WHERE nope = 1\n", 8, 9),
        ("query: |  # as published\n\n  SELECT qid\n    FROM events WHERE nope = 1\n", 8, 23),
        ("query: |4\n      qid = 1 AND\n     nope = 1\n", 7, 6),
        ("query: |-\r\n  qid = 1\r\n  AND nope = 1\r\n", 7, 7),
        ("query: &q |\n  qid = 1\n  AND nope = 1\n", 7, 7),
        ("query: qid = 1 AND nope = 1\n", 5, 20),
        ("query: 'qid = 1 AND nope = 1'\n", 5, 21),
        ("query: >\n  qid = 1\n  AND nope = 1\n", 5, 8),
        ('query: "qid = 1\\n  AND nope = 1"\n', 5, 8),
        ("query: 'username = ''a'' AND nope = 1'\n", 5, 8),
    ],
)
def test_an_error_of_the_query_points_into_the_file(load, query, line, column):
    book = load(HEAD + query)
    assert faults(book) == [("unknown-property", line, column)]


def test_a_query_error_shows_path_line_and_caret(load):
    (error,) = load(HEAD + "query: |\n  qid = 1\n  AND nope = 1\n").errors
    first, source, caret, *_ = str(error).split("\n")
    assert first.endswith('0.yml:7:7: unknown property "nope"')
    assert source[caret.index("^") :].startswith("nope")


def test_one_bad_file_does_not_hide_the_others(load):
    book = load(minimal("a"), "id: [", minimal("c", query="nope = 1"), minimal("d"))
    assert [rule.id for rule in book.rules] == ["a", "d"]
    assert [Path(error.path).name for error in book.errors] == ["1.yml", "2.yml"]
    with pytest.raises(RuleErrors, match="nope"):
        book.raise_errors()


def test_an_id_that_is_taken_is_an_error(load):
    book = load(minimal("a"), minimal("a", severity="high"))
    assert [rule.severity for rule in book.rules] == [Severity.LOW]
    (error,) = book.errors
    assert (error.code, Path(error.path).name, error.line) == ("duplicate-id", "1.yml", 1)
    assert "0.yml" in error.message


def test_bytes_that_are_no_utf8_are_an_error_with_its_place(tmp_path):
    (tmp_path / "a.yml").write_bytes(b"id: a\ntitle: \xff\n")
    (error,) = load_rules([tmp_path], CATALOGUE).errors
    assert (error.code, error.line, error.column) == ("encoding", 2, 8)


def test_what_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such rule file or directory"):
        load_rules([tmp_path / "missing"], CATALOGUE)
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(UsageError, match="no rule file"):
        load_rules([tmp_path], CATALOGUE)
    (tmp_path / "a.sigma").write_text("")
    with pytest.raises(UsageError, match=r"is read where it is named itself: .*a\.sigma"):
        load_rules([tmp_path], CATALOGUE)


def test_files_are_found_below_and_hidden_ones_left_out(tmp_path):
    for name in ("a.yml", "b/c/d.yaml", ".hidden.yml", ".git/e.yml", "b/readme.md"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(minimal(file.stem.strip(".")))
    book = load_rules([tmp_path, tmp_path / "a.yml"], CATALOGUE)
    assert [Path(file).relative_to(tmp_path).as_posix() for file in book.files] == [
        "a.yml",
        "b/c/d.yaml",
    ]
    assert book.errors == ()
