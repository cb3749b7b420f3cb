"""The benchmarks run, measure what they say, and report it well; how fast is no test's business."""

import subprocess

import pytest

from benchmarks import kafka, pipeline
from benchmarks.__main__ import main
from benchmarks.against import Tree, checked_out
from benchmarks.compare import Cost
from benchmarks.draw import Pools, split, write_lines
from benchmarks.interleaved import ROOT
from benchmarks.obvious import detect
from benchmarks.plan import Plan
from tests.faults.load import RULES, generated_lines
from tests.verbatim_rule import decide


@pytest.fixture(scope="module")
def pools() -> Pools:
    return split(list(generated_lines(400)), RULES)


@pytest.fixture
def plan(tmp_path) -> Plan:
    return Plan(tmp_path, rounds=2, records=400)


@pytest.mark.parametrize("share", [0, 0.001, 0.015, 0.25, 1])
def test_exactly_the_share_that_is_asked_for_matches(pools, share):
    drawn = pools.draw(2000, share)
    assert len(drawn) == 2000
    assert sum(decide(line) == [True] for line in drawn) == round(2000 * share)


def test_a_draw_is_the_same_each_time_and_each_record_has_an_id_of_its_own(pools):
    drawn = pools.draw(500, 0.25)
    assert drawn == pools.draw(500, 0.25)
    assert len(set(drawn)) == 500


def test_the_obvious_python_decides_as_the_rule_does():
    for line in generated_lines(400):
        assert [detect(line) is not None] == decide(line)


def test_every_contestant_is_measured_at_every_share_and_ours_beside_all(plan):
    section = pipeline.measure(plan)
    for group in ("0 % match", "0.1 % match", "1.5 % match", "25 % match"):
        ours = section.row(group, "matcher")
        assert [speed.than for speed in ours.speeds] == ["bare parse", "obvious Python"]
        assert all(speed.times.median > 0 for speed in ours.speeds)
    assert section.row("one alert more", "matcher").unit == "µs of CPU an alert"


@pytest.mark.real_kafka
@pytest.mark.usefixtures("kafka_jars")
def test_the_service_is_measured_beside_a_bare_reader_of_its_topic(tmp_path):
    sizes = {"records": 400, "kafka_records": 5000, "kafka_shares": (0.0, 0.25)}
    with Plan(tmp_path, rounds=1, **sizes, codecs=("lz4", "zstd")) as plan:
        section = kafka.measure(plan)
    groups = ("lz4, 0 % match", "lz4, 25 % match", "zstd, 1.5 % match")
    for group in groups:
        ours = section.row(group, "matcher")
        assert [speed.than for speed in ours.speeds] == ["bare drain"]
        assert ours.rate.median > 0
    assert section.row("one alert more, acknowledged", "matcher")


def test_contestants_that_do_not_find_the_same_alerts_end_the_run(plan, tmp_path):
    """A wrong fast answer is no result."""
    other = tmp_path / "rule.yml"
    other.write_text(RULES.read_text("utf-8").replace("'CreateUser', ", ""), "utf-8")
    file = write_lines(plan.audit_pools.draw(400, 0.25), tmp_path / "events.jsonl")
    entries = [pipeline.Entry("ours", "pipeline", RULES), pipeline.Entry("b", "pipeline", other)]
    with pytest.raises(AssertionError, match="they do not agree"):
        pipeline.race(entries, [file], 400, rounds=1)


def test_another_tree_runs_its_own_code_beside_ours(tmp_path):
    tree = tmp_path / "older"
    (tree / "matcher").mkdir(parents=True)
    for file in sorted((ROOT / "matcher").iterdir()):
        (tree / "matcher" / file.name).symlink_to(file)
    plan = Plan(tmp_path, rounds=1, records=400, against=checked_out(str(tree), tmp_path))
    section = pipeline.measure(plan)
    assert section.row("25 % match", "matcher in older")
    assert section.row("one alert more", "matcher").speeds[0].than == "matcher in older"


def test_a_tree_without_code_of_its_own_is_refused_and_not_measured_as_ours(tmp_path):
    (tmp_path / "matcher").mkdir()
    plan = Plan(tmp_path, rounds=1, records=400, against=Tree("empty", tmp_path))
    with pytest.raises(RuntimeError, match="is not of"):
        pipeline.measure(plan)


def test_what_is_neither_commit_nor_directory_is_told(tmp_path):
    with pytest.raises(SystemExit, match="give a git commit, or a directory that holds matcher/"):
        checked_out("no-such-thing", tmp_path)


def test_a_commit_is_unpacked(tmp_path):
    asked = ["git", "-C", ROOT, "rev-parse", "--verify", "HEAD"]
    if subprocess.run(asked, check=False, capture_output=True).returncode:
        pytest.skip("no git history here")
    assert (checked_out("HEAD", tmp_path).path / "matcher" / "pipeline").is_dir()


def test_speeds_are_compared_within_each_round():
    ours, theirs = Cost(), Cost()
    for own, other in ((1, 2), (10, 20), (100, 50)):
        ours.add(own)
        theirs.add(other)
    assert ours.speed_beside(theirs).median == 2
    assert ours.speed_beside(theirs).low == 0.5


def test_a_run_prints_one_table(capsys, monkeypatch):
    monkeypatch.delenv("MATCHER_CORPUS", raising=False)
    assert main(["--only", "pipeline", "--rounds", "1", "--records", "400"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("| what |") == 1
    assert "**25 % match: matcher**" in printed


def test_an_unknown_section_is_told_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "no section speed: give of pipeline, kafka" in capsys.readouterr().err
