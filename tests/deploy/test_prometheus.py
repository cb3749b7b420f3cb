"""Prometheus's configuration and the alert rules about the matcher itself."""

import subprocess

import pytest
import yaml

from tests.deploy.places import DEPLOY, ROOT, debian_tool
from tests.deploy.promql import wrong_selectors

FOLDER = DEPLOY / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
UNIT_TESTS = ROOT / "tests/deploy/rules_test.yml"


def promtool(*arguments):
    command = [debian_tool("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_only_metrics_and_labels_that_exist(rule):
    assert list(wrong_selectors(rule["expr"])) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description"}
    paragraphs = (ROOT / "docs/deployment.md").read_text("utf-8")
    assert f"\n#### {rule['alert']}\n" in paragraphs


def test_every_alert_is_unit_tested():
    text = UNIT_TESTS.read_text("utf-8")
    assert [rule["alert"] for rule in RULES if rule["alert"] not in text] == []


def test_prometheus_takes_the_configuration():
    promtool("check", "config", FOLDER / "prometheus.yml")


def test_the_alerts_fire_when_they_should_and_only_then():
    promtool("test", "rules", UNIT_TESTS)
