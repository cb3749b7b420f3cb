"""Every example of docs/sigma.md does what the page says."""

import re
from pathlib import Path

import pytest

from matcher.errors import RuleErrors
from tests.languages.sigma.detecting import fires, rule_text, ruleset, selection

PAGE = (Path(__file__).parents[1] / "docs" / "sigma.md").read_text("utf-8")
BLOCK = re.compile(r"^```yaml\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
EXAMPLES = [match.groups() for match in BLOCK.finditer(PAGE)]


def as_rule(example: str) -> str:
    """An example is a file, a detection, or a selection."""
    if re.search("^detection:", example, re.MULTILINE):
        return example
    detection = re.search("^condition:", example, re.MULTILINE)
    return rule_text(example if detection else selection(example))


@pytest.mark.parametrize(("example", "answers"), EXAMPLES)
def test_an_example_does_what_the_page_says(example, answers):
    assert answers, "an example without its events"
    text = as_rule(example)
    for line in answers.splitlines():
        answer, _, event = line.partition(" ")
        if answer == "refused":
            with pytest.raises(RuleErrors) as refused:
                ruleset(text)
            assert refused.value.errors[0].code == event.strip()
        else:
            assert fires(text, event) is {"fires": True, "silent": False}[answer], line


def test_there_are_examples():
    assert len(EXAMPLES) > 30
