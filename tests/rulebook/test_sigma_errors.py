"""What is refused in Sigma: by name, where it stands, with the rule's id; and nothing else is."""

from pathlib import Path

import pytest
import yaml

from matcher.events.catalogue import Catalogue
from matcher.languages.sigma import Placeholders
from matcher.rulebook import load_rules
from tests.languages.sigma.detecting import HEAD, SOURCE, rule_text, selection
from tests.work import calls

CATALOGUE = Catalogue.load()
PLACEHOLDERS = Placeholders({"many": tuple(map(str, range(20)))})
ID = "11111111-1111-4111-8111-111111111111"
CASES = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "sigma-errors.yml").read_text("utf-8")
)


@pytest.fixture
def load(tmp_path):
    def loaded(*texts: str | bytes):
        for index, text in enumerate(texts):
            raw = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{index}.yml").write_bytes(raw)
        return load_rules([tmp_path], CATALOGUE, placeholders=PLACEHOLDERS)

    return loaded


def written(case: dict) -> str:
    if "rest" not in case:
        return rule_text(case["detection"] if "detection" in case else selection(case["where"]))
    key = case["rest"].split(":")[0]
    lines = rule_text("selection: {a: x}\ncondition: selection").splitlines()
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    filler = ["# one line less"] * (len(lines) - len(kept))
    return "\n".join([*filler, *kept, case["rest"]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_what_is_refused(load, case):
    book = load(written(case), rule_text(selection("a: x")).replace("1111-4", "2222-4"))
    assert len(book.rules) == 1, "the other file"
    error = book.errors[0]
    assert (f"{error.line}:{error.column}", error.code) == (case["at"], case["code"])
    assert case["says"] in error.message
    assert case.get("hint", "") in error.hint
    text = str(error)
    assert f"0.yml:{case['at']}: " in text
    assert "^" in text
    if not case.get("nameless"):
        name = "my-rule" if case["title"] == "no id" else "T" if "an id" in text else ID
        assert f"(rule {name})" in text or "title: 5" in written(case)


def test_a_rule_without_an_id_is_named_by_its_title(load):
    (error,) = load(rule_text(selection("a|foo: x")).replace(f"id: {ID}\n", "")).errors
    assert error.message.endswith("(rule T)")


@pytest.mark.parametrize("fault", ["a: y", "b: !!binary eA==", "<<: y", "b: {? [c] : d}"])
def test_what_is_no_document_of_ours_does_not_stop_the_others_of_its_file(load, fault):
    good = rule_text(selection("a: x"))
    bad = rule_text(selection(f"a: x\n{fault}")).replace("1111-4", "2222-4")
    book = load("\n---\n".join([good, bad, good.replace("1111-4", "3333-4")]))
    assert (len(book.rules), len(book.errors)) == (2, 1)
    assert good.count("\n") < book.errors[0].line < 2 * good.count("\n") + 3


def test_every_fault_of_a_document_is_shown(load):
    book = load(rule_text(selection("a|foo: x\nb|gt: x"), "status: odd\n"))
    assert [error.line for error in book.errors] == [7, 8, 10]


def test_a_fault_is_shown_once(load):
    assert len(load(rule_text(selection("a|gt: null"))).errors) == 1


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b"title: T\ndetection:\n  a: \xff\n", "encoding", (3, 6)),
        (b"title: T\ndetection: [\n", "yaml", (3, 1)),
        (b"title: T\ndetection:\n\ta: b\n", "yaml", (3, 1)),
        (b"title: T\ndetection: \x00\n", "yaml", (2, 12)),
        (b"detection: !!python/name:os.system x\n", "yaml", (1, 12)),
        (b"detection: &a {a: *a}\n", "yaml", (1, 12)),
        (b"detection: {? [a] : b}\n", "yaml", (1, 15)),
        (b"a\n---\ndetection: x\n", "wrong-value", (1, 1)),
        (b"detection: x\n" + b"#" * 1_000_000, "large", (None, None)),
        (b"detection: " + b"[" * 60 + b"]" * 60, "too-deep", (1, 62)),
        (b"detection: " + b"[" * 100_000, "yaml", (1, 1011)),
    ],
)
def test_what_is_no_yaml_is_shown_where_it_breaks(load, raw, code, place):
    book = load(raw, rule_text(selection("a: x")))
    assert len(book.rules) == 1
    assert (book.errors[0].code, (book.errors[0].line, book.errors[0].column)) == (code, place)


@pytest.mark.parametrize(
    ("key", "typed", "place"),
    [
        ("logsource", "logsorce", "1:1"),
        ("detection", "detectoin", "2:1"),
        ("condition", "conditon", "4:3"),
        ("title", "titel", "5:1"),
    ],
)
def test_a_key_that_is_mistyped_is_shown_with_the_one_that_is_meant(load, key, typed, place):
    lines = (
        "logsource: {product: aws}",
        "detection:",
        "  selection: {a: x}",
        "  condition: selection",
        "title: T",
    )
    text = "\n".join(lines).replace(f"{key}:", f"{typed}:")
    error = load(text).errors[0]
    assert (f"{error.line}:{error.column}", error.hint) == (place, f"did you mean {key}?")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("type: event_cuont", "did you mean event_count?"),
        ("timespan: 5 minutes", "such as 5m"),
    ],
)
def test_what_is_wrong_in_a_correlation(load, line, hint):
    lines = [
        "type: event_count",
        "rules: [x]",
        "group-by: [y]",
        "timespan: 5m",
        "condition: {gt: 3}",
    ]
    key = line.split(":")[0]
    kept = [line if one.startswith(f"{key}:") else one for one in lines]
    (error,) = load("title: corr\ncorrelation:\n  " + "\n  ".join(kept)).errors
    assert (error.line, hint in error.hint) == (3 + kept.index(line), True)
    assert "(rule corr)" in error.message, "though the message speaks of a correlation"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("detection:\n\ta: b", "a tab does not indent"),
        ("detection: {a: *any}", "begins with * stands in quotes"),
        ("detection: {a: %admins%}", "begins with % stands in quotes"),
        ("title: a: b\ndetection: {}", "with ': ' in it stands in quotes"),
        ("detection: [", ""),
    ],
)
def test_what_yaml_takes_for_something_else_is_said_in_plain_words(load, text, hint):
    (error,) = load(text).errors
    assert error.code == "yaml"
    assert (hint in error.hint) if hint else not error.hint


def test_errors_come_in_the_order_of_the_files_whatever_they_are(load):
    book = load(
        rule_text("a: {a: x}\ncondition: b"), "id: 5\nversion: 1", rule_text(selection("a|foo: x"))
    )
    named = [Path(error.path).name for error in book.errors]
    assert named == sorted(named)
    assert set(named) == {"0.yml", "1.yml", "2.yml"}


def bomb() -> str:
    rows = "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9))
    return f"{HEAD}{SOURCE}x0: &x0 [a]\n{rows}\ndetection: {{s: {{a: *x8}}, condition: s}}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (rule_text(f"a: {{b: c}}\ncondition: {'(' * 10_000}a{')' * 10_000}"), "large"),
        (rule_text(f"a: {{b: c}}\ncondition: {'(' * 3000}a{')' * 3000}"), "too-deep"),
        (rule_text(f"a: {{b: c}}\ncondition: {'(' * 3000}a"), "too-deep"),
        (rule_text(f"a: {{b: c}}\ncondition: {'not ' * 10_000}a"), "large"),
        (rule_text(f"a: {{b: c}}\ncondition: {'not ' * 2000}a"), "too-deep"),
        (rule_text(f"a: {{b: c}}\ncondition: {'not (' * 26}a{')' * 26}"), "too-deep"),
        (rule_text(f"a: {{b: c}}\ncondition: {' or '.join(['a'] * 3000)}"), "large"),
        (
            rule_text(
                "\n".join(f"s{n}: {{a: {n}}}" for n in range(5000))
                + f"\ncondition: [{', '.join(['1 of s*'] * 100)}]"
            ),
            "large",
        ),
        (
            rule_text(
                selection("a|windash: [" + ", ".join(f"' -{n} -b -c'" for n in range(5000)) + "]")
            ),
            "large",
        ),
        (bomb(), "large"),
        (rule_text(selection(f"a|re: '{'[a-z]?' * 100_000}'")), "large"),
        (rule_text(selection(f"a|re: '{'(' * 1000}x{{1000}}{')' * 1000}{{1000}}'")), "bad-pattern"),
    ],
    ids=lambda value: value[-30:] if len(value) > 30 else value,
)
def test_what_would_cost_without_bound_is_refused_with_little_work(load, text, code):
    found = []
    assert calls(lambda: found.append(load(text))) < 3_000_000
    (book,) = found
    assert [error.code for error in book.errors][:1] == [code]


@pytest.mark.parametrize(
    "text",
    [
        rule_text(f"a: {{b: c}}\ncondition: {'(' * 50}a{')' * 50}"),
        rule_text(f"a: {{b: c}}\ncondition: {'not ' * 50}a"),
        rule_text(f"a: {{b: c}}\ncondition: {' and not '.join(['a'] * 300)}"),
        rule_text("\n".join(f"s{n}: {{a: {n}}}" for n in range(5000)) + "\ncondition: 1 of s*"),
        rule_text(selection(f"a|contains: [{', '.join(f'word{n}' for n in range(20_000))}]")),
        rule_text(selection(f"a: {'x' * 990_000}")),
        rule_text(selection("a: '" + "*a" * 20_000 + "'")),
        rule_text(f"{'a' * 1000}: {{b: c}}\ncondition: 1 of {'*a' * 1000}*"),
        rule_text(selection(f"a|re: '{'a|' * 20_000}b'")),
    ],
    ids=lambda text: text[-30:],
)
def test_what_is_large_and_bounded_is_taken(load, text):
    found = []
    assert calls(lambda: found.append(load(text))) < 10_000_000
    (book,) = found
    assert (len(book.rules), book.errors) == (1, ())
