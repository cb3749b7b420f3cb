"""Sigma's filters: which rules they are for, what they mean, what is wrong with one."""

import pytest

from matcher.rulebook import load_rules
from tests.languages.sigma.detecting import SOURCE, rule_text
from tests.rulebook.sigma_book import CATALOGUE, FILTER, ID, OTHER, filtering, fired, rule


@pytest.fixture
def load(tmp_path):
    def loaded(*texts: str):
        for index, text in enumerate(texts):
            (tmp_path / f"{index}.yml").write_text(text, "utf-8")
        return load_rules([tmp_path], CATALOGUE)

    return loaded


def test_an_exclusion_is_a_filter_that_says_not(load):
    book = load(filtering("any", "not selection"), rule())
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "x", "b": "y"}) == []
    assert fired(book, {"b": "z"}) == []
    assert book.rules[0].notes == ("filtered by: F",)
    assert (book.errors, book.unevaluated) == ((), ())


def test_a_filter_that_does_not_say_not_is_one_more_need(load):
    book = load(filtering("any", "selection"), rule())
    assert fired(book, {"a": "x"}) == []
    assert fired(book, {"a": "x", "b": "y"}) == [ID]


@pytest.mark.parametrize("rules", [f"[{ID}]", ID, "[shown]", "shown", f"[nobody, {ID}]"])
def test_a_filter_for_rules_by_id_or_name(load, rules):
    book = load(filtering(rules, "not selection"), rule(rest="name: shown\n"), rule(id=OTHER))
    assert fired(book, {"a": "x"}) == [ID, OTHER]
    assert fired(book, {"a": "x", "b": "y"}) == [OTHER]


@pytest.mark.parametrize("rules", ["[]", "ANY"])
def test_other_spellings_of_any(load, rules):
    assert fired(load(filtering(rules, "not selection"), rule()), {"a": "x", "b": "y"}) == []


def test_several_filters_and_every_condition_of_a_rule(load):
    conditions = "one: {a: x}\ntwo: {a: z}\ncondition: [one, two]"
    book = load(
        filtering("any", "not selection"),
        filtering("any", "not 1 of them", "_own: {c: y}\n  other: {d: y}"),
        rule_text(conditions),
    )
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "z", "c": "y"}) == [ID], "a name with an underscore is not of them"
    for broken in ({"b": "y"}, {"d": "y"}):
        assert fired(book, {"a": "x", **broken}) == fired(book, {"a": "z", **broken}) == []
    assert book.rules[0].notes == ("filtered by: F, F",)


@pytest.mark.parametrize("name", ["selection", "_own", "2nd", "with-dash", "nothing", "of_it"])
def test_names_in_a_filter_are_its_own(load, name):
    book = load(filtering("any", f"not {name}", f"{name}: {{b: y}}"), rule())
    assert fired(book, {"a": "x"}) == [ID]
    assert fired(book, {"a": "x", "b": "y"}) == []


@pytest.mark.parametrize(
    ("source", "applied"),
    [
        (SOURCE, True),
        ("logsource: {product: aws}\n", True),
        ("logsource: {service: cloudtrail}\n", True),
        ("logsource: {product: azure, service: signinlogs}\n", False),
        ("logsource: {product: aws, service: cloudtrail, category: other}\n", False),
    ],
)
def test_a_filter_is_for_its_log_source(load, source, applied):
    book = load(filtering("any", "not selection", source=source), rule())
    assert fired(book, {"a": "x", "b": "y"}) == ([] if applied else [ID])
    told = [(note.rule_id[:4], note.text) for note in book.unevaluated]
    why = "filter: no rule here is filtered by it: none is of its log source"
    assert told == ([] if applied else [("ffff", why)])


AZURE = "logsource: {product: azure, service: signinlogs}\n"
AQL = "id: ours\ntitle: T\nversion: 1\nseverity: low\nquery: username = 'a'\n"


@pytest.mark.parametrize(
    ("rules", "source", "says"),
    [
        ("[ours]", SOURCE, "ours is an AQL rule, and a Sigma filter is for Sigma rules alone"),
        (f"[ours, {ID}]", SOURCE, "ours is an AQL rule"),
        (f"[{ID}]", AZURE, f"{ID} is of another log source"),
        ("[nobody]", SOURCE, "none has the id or the name nobody"),
        ("any", AZURE, "none is of its log source"),
    ],
)
def test_a_filter_that_does_nothing_says_why(load, rules, source, says):
    book = load(filtering(rules, "not selection", source=source), rule(), AQL)
    (note,) = book.unevaluated
    assert says in note.text
    assert note.file.endswith("0.yml")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (filtering("any", "not selectoin"), "condition", 7),
        (filtering("any", "not selection", "selection: {'b|re': '(?<=a)'}"), "bad-pattern", 6),
        (filtering("any", "not s", "s: {'b|expand': '%q%'}"), "unknown-placeholder", 6),
        (filtering("any", "not selection", "selection: {'b|foo': y}"), "sigma", 6),
        (filtering("[0]", "not selection"), "wrong-value", 5),
        (filtering("{a: b}", "not selection"), "sigma", 5),
        (filtering("any", "[selection]"), "sigma", 7),
        (filtering("any", "not selection").replace("  rules: any\n", ""), "sigma", 5),
        (FILTER + SOURCE + "filter: nothing\n", "sigma", 4),
        (FILTER + "filter: {rules: any, s: {a: b}, condition: s}\n", "sigma", 3),
    ],
)  # fmt: skip
def test_a_filter_that_is_wrong_is_refused_where_it_stands_and_filters_nothing(
    load, text, code, line
):
    book = load(text, rule())
    assert [(error.code, error.line) for error in book.errors[:1]] == [(code, line)]
    assert "(rule ffffffff-ffff-4fff-8fff-ffffffffffff)" in book.errors[0].message
    assert book.errors[0].path.endswith("0.yml")
    assert fired(book, {"a": "x", "b": "y"}) == [ID]
