"""The Dockerfile. That the image really builds and runs is shown by hand: docs/deployment.md."""

import json
import re
import subprocess

import pytest

from matcher.config import load_settings
from tests.deploy.places import ROOT, tool

DOCKERFILE = ROOT / "Dockerfile"


def instructions():
    """(keyword, rest) of each instruction, continuation lines joined."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def values(keyword):
    return [re.sub(r"\s+", " ", rest) for name, rest in instructions() if name == keyword]


def last_stage():
    parts = instructions()
    start = max(i for i, (name, _) in enumerate(parts) if name == "FROM")
    return parts[start:]


def environment():
    """Every ENV of the base and the last stage."""
    base, last = values("ENV")[0], values("ENV")[-1]
    return dict(item.split("=", 1) for text in (base, last) for item in text.split())


def test_hadolint_has_nothing_to_say():
    done = subprocess.run(
        [tool("hadolint"), "--no-color", DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_base_is_pinned_once_to_a_patch_version():
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(bases) == 3
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases[0])
    assert bases[1:] == ["base", "base"]
    label = re.search(r'image\.base\.name="docker\.io/library/([^"]+)"', values("LABEL")[0])
    assert label
    assert label[1] == bases[0]


def test_it_runs_as_a_numeric_user():
    assert ("USER", "10001:10001") in last_stage()


def test_signals_reach_the_program():
    """Exec form: no shell stands between the engine and the matcher."""
    last = dict(last_stage())
    assert json.loads(last["ENTRYPOINT"]) == ["matcher"]
    assert json.loads(last["CMD"]) == ["run"]
    assert json.loads(last["HEALTHCHECK"].partition(" CMD ")[2]) == ["matcher", "health"]


def test_only_wheels_with_known_digests_are_installed():
    installs = [part for run in values("RUN") for part in run.split("&&") if " install " in part]
    assert len(installs) == 3
    from_outside = [part for part in installs if "--no-index" not in part]
    assert all("--require-hashes --only-binary :all:" in part for part in from_outside)
    assert all("--no-deps" in part for part in installs if "--no-index" in part)


@pytest.mark.parametrize("name", ["requirements/build.txt", "requirements/runtime.txt"])
def test_every_requirement_of_the_image_is_pinned_with_a_digest(name):
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+(\[[\w,]+\])?==\S+", line), line
        assert "--hash=sha256:" in line, line


def test_the_embedded_broker_stays_out():
    assert "confluent-kafka" not in (ROOT / "requirements/runtime.txt").read_text("utf-8")


def test_the_image_s_settings_load_and_contradict_nothing(monkeypatch):
    ours = {k: v for k, v in environment().items() if k.startswith("MATCHER_")}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    configuration = load_settings()
    assert configuration.warnings == ()
    assert configuration.settings.http.host == "0.0.0.0"  # noqa: S104  (inside a container)
    assert [str(path) for path in configuration.settings.rules.paths] == ["/etc/matcher/rules"]
    assert ("COPY", "rules /etc/matcher/rules") in last_stage()
    assert dict(last_stage())["EXPOSE"] == str(configuration.settings.http.port)


def test_nothing_that_some_builders_refuse():
    text = DOCKERFILE.read_text("utf-8")
    assert not re.search(r"^\s*(RUN|COPY)\b.*<<", text, re.MULTILINE)
    assert not re.search(r"^COPY\b.*--link", text, re.MULTILINE)


def test_the_build_context_holds_what_is_copied_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {line[1:] for line in rules if line.startswith("!")}
    copied = {
        source.split("/")[0]
        for rest in values("COPY")
        if not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == allowed
