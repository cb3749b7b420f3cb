"""The Sigma specification 2.1 and our meaning where it is silent, table by table.

A case is a selection (``where``) or a whole detection, and the events that it holds for and does
not. Every event is asked for with the prefilter and without, and in each spelling of its JSON.
"""

from pathlib import Path

import pytest
import yaml

from tests.languages.sigma.detecting import fires, rule_text, selection

CASES = Path(__file__).parents[2] / "cases" / "sigma"


def cases():
    for file in sorted(CASES.glob("*.yml")):
        for number, case in enumerate(yaml.safe_load(file.read_text("utf-8"))):
            yield pytest.param(case, id=f"{file.stem}-{number}: {case['title']}")


@pytest.mark.parametrize("case", list(cases()))
def test_what_a_detection_means(case):
    detection = case["detection"] if "detection" in case else selection(case["where"])
    text = rule_text(detection)
    asked = {event: key == "fires" for key in ("fires", "silent") for event in case.get(key, ())}
    assert asked
    wrong = {event for event, expected in asked.items() if fires(text, event) is not expected}
    assert not wrong
