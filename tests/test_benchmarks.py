"""The benchmarks run, measure what they say, and report it well; how fast is no test's business."""

import gzip
import json
import re
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET  # our own picture

import pytest
import yaml

from benchmarks import kafka, latency, memory, peers, pipeline, rules, workers
from benchmarks.__main__ import main
from benchmarks.against import Tree, checked_out
from benchmarks.compare import Cost, compared
from benchmarks.draw import Pools, split, write_lines
from benchmarks.interleaved import ROOT, Entry, race
from benchmarks.obvious import detect
from benchmarks.page import keep, kept, page, summary
from benchmarks.plan import Plan
from benchmarks.plot import STYLE, draw
from benchmarks.report import Machine, Report, Run, Section, from_json, to_json
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
    sizes = {"records": 400, "kafka_records": 500, "kafka_shares": (0.0, 0.25)}
    with Plan(tmp_path, rounds=1, **sizes, codecs=("lz4", "zstd")) as plan:
        section = kafka.measure(plan)
    groups = ("lz4, 0 % match", "lz4, 25 % match", "zstd, 1.5 % match")
    for group in groups:
        ours = section.row(group, "matcher")
        assert [speed.than for speed in ours.speeds] == ["bare drain"]
        assert ours.rate.median > 0
    assert section.row("one alert more, acknowledged", "matcher")


@pytest.mark.real_kafka
@pytest.mark.usefixtures("kafka_jars")
def test_workers_latency_and_memory_are_measured_on_a_service_that_commits_all(tmp_path):
    """Each section ends only when every record it wrote is committed."""
    sizes = {"records": 400, "kafka_records": 20_000, "steady_seconds": 1, "minutes": 0.05}
    with Plan(tmp_path, rounds=1, **sizes) as plan:
        found = {module.TITLE: module.measure(plan) for module in (workers, latency, memory)}
    one, two = found[workers.TITLE].rows[:2]
    assert (one.label, two.label) == ("matcher, 1 worker", "matcher, 2 workers")
    assert [speed.than for speed in two.speeds] == ["matcher, 1 worker"]
    steady = found[latency.TITLE]
    p50, p99 = (steady.row(f"6,000 a second, latency {p}", "matcher") for p in ("p50", "p99"))
    assert 0 < p50.cost.median <= p99.cost.median
    assert steady.row("half load, CPU", "matcher").unit == "cores"
    assert all(row.cost.median > 10 for row in found[memory.TITLE].rows)


SIGMA_RULE = """\
title: Logging stopped
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: iam.amazonaws.com, eventName: StopLogging}
  condition: selection
"""


@pytest.fixture
def sigma_plan(tmp_path) -> Plan:
    """One rule of Sigma, and a corpus of its own."""
    given, corpus = tmp_path / "given", tmp_path / "corpus"
    given.mkdir()
    corpus.mkdir()
    (given / "aws_cloudtrail_disable_logging.yml").write_text(SIGMA_RULE, "utf-8")
    packed = gzip.compress(b"\n".join(generated_lines(400)))
    (corpus / "cloudtrail__generated.jsonl.gz").write_bytes(packed)
    sizes = {"rounds": 1, "records": 400, "peer_records": 400, "rule_counts": (5,), "quick": True}
    return Plan(tmp_path, **sizes, corpus=corpus, sigma_rules=given)


def test_large_rule_sets_find_what_the_given_rules_find(sigma_plan):
    section = rules.measure(sigma_plan)
    for services in ("few services", "many services"):
        assert section.row(services, "5 rules").speeds[0].than == "1 rules"


def test_the_variants_of_few_services_keep_the_service_and_none_has_the_given_names(sigma_plan):
    few, many = (s.rules for s in rules.rule_sets(sigma_plan)[2:])
    for file in sorted(few.glob("*.yml"))[1:]:
        selection = yaml.safe_load(file.read_text("utf-8"))["detection"]["selection"]
        assert selection["eventSource"] == "iam.amazonaws.com"
        assert selection["eventName"] != ["StopLogging"]
    sources = {
        yaml.safe_load(file.read_text("utf-8"))["detection"]["selection"]["eventSource"]
        for file in many.glob("*.yml")
    }
    assert len(sources) == 5


def test_engines_that_are_not_there_are_told_and_ours_is_measured(sigma_plan):
    section = peers.measure(sigma_plan)
    assert section.row("1 rules", "matcher").ours
    assert [reason.split()[0] for reason in section.left_out] == ["rsigma", "Tenzir"]


def test_another_engine_is_fed_the_same_rules_and_events(sigma_plan, tmp_path):
    program = tmp_path / "tenzir"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n', "utf-8")
    program.chmod(0o755)
    section = peers.measure(replace(sigma_plan, tenzir=str(program)))
    assert section.row("1 rules", "Tenzir")
    calls = (tmp_path / "calls").read_text("utf-8")
    assert calls.count("one.ndjson") == 2
    assert calls.count("peers.ndjson") == 1


def test_without_sigmas_rules_the_section_says_what_to_set(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("SIGMA_RULES", raising=False)
    assert main(["--only", "rules", "--write", str(tmp_path)]) == 0
    assert "rules: left out: set SIGMA_RULES to" in capsys.readouterr().err
    assert "Left out: set SIGMA_RULES" in (tmp_path / "benchmarks.md").read_text("utf-8")


def test_contestants_that_do_not_find_the_same_alerts_end_the_run(plan, tmp_path):
    """A wrong fast answer is no result."""
    other = tmp_path / "rule.yml"
    other.write_text(RULES.read_text("utf-8").replace("'CreateUser', ", ""), "utf-8")
    file = write_lines(plan.audit_pools.draw(400, 0.25), tmp_path / "events.jsonl")
    entries = [Entry("ours", "pipeline", RULES), Entry("b", "pipeline", other)]
    with pytest.raises(AssertionError, match="they do not agree"):
        race(entries, [file], 400, rounds=1)


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


def test_a_run_prints_one_table_and_writes_page_picture_and_json(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("MATCHER_CORPUS", raising=False)
    arguments = [
        "--only",
        "pipeline",
        "--rounds",
        "1",
        "--records",
        "400",
        "--write",
        str(tmp_path),
    ]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.count("| what |") == 1
    assert "**25 % match: matcher**" in printed
    report = from_json((tmp_path / "benchmarks.json").read_bytes())
    assert "25 % match: matcher" in (tmp_path / "benchmarks.md").read_text("utf-8")
    assert (tmp_path / "benchmarks.svg").read_text("utf-8") == draw(report)


def test_an_unknown_section_is_told_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "no section speed: give of pipeline, rules, kafka" in capsys.readouterr().err


def a_report(*sections: Section, cores: int = 2) -> Report:
    return Report("matcher-benchmarks/1", Machine("A <fast> one", cores, "Linux", "3.11"), sections)


def a_section(name: str, group: str, cost: float) -> Section:
    drain, ours = Cost(), Cost()
    drain.add(2.5, 300_000)
    ours.add(cost, 60_000)
    rows = compared(group, {"bare drain": drain, "bare parse": drain, "matcher": ours})
    return Section(name, "A & B", "A note.", tuple(rows), run=Run("2026-11-25", "abc", 3))


PIPELINE = a_section("pipeline", "1.5 % match", 5.0)
KAFKA = a_section("kafka", "lz4, 1.5 % match", 10.0)


def test_the_json_says_what_was_measured_and_reads_back():
    report = a_report(PIPELINE, KAFKA)
    assert from_json(to_json(report)) == report
    document = json.loads(to_json(report))
    assert document["schema"] == "matcher-benchmarks/1"
    row = document["sections"][1]["rows"][-1]
    assert row["cost"] == {"median": 10.0, "low": 10.0, "high": 10.0}
    times = {"median": 0.25, "low": 0.25, "high": 0.25}
    assert row["speeds"][0] == {"than": "bare drain", "times": times}


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own


def test_the_picture_is_well_formed_and_shows_each_row_of_its_panels():
    picture = parsed(draw(a_report(PIPELINE, KAFKA)))
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("matcher") == texts.count("bare drain") == 2
    bars = [n for n in picture.iter("{http://www.w3.org/2000/svg}rect") if "bar" in n.get("class")]
    assert len(bars) == 6
    assert [bar.get("class") for bar in bars].count("bar ours") == 2
    assert int(bars[2].get("width")) == 2 * int(bars[0].get("width"))


def test_nothing_in_the_picture_leaves_it():
    picture = parsed(draw(a_report(a_section("kafka", "lz4, 1.5 % match", 1e6))))
    for bar in picture.iter("{http://www.w3.org/2000/svg}rect"):
        assert int(bar.get("x", 0)) + int(bar.get("width")) <= int(picture.get("width")) - 60 or (
            bar.get("class") == "back"
        )


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_the_picture_is_readable_in_light_and_in_dark(scheme):
    """WCAG 2.2 asks 4.5 of text (1.4.3) and 3 of graphics (1.4.11)."""
    part = STYLE.split("@media (prefers-color-scheme: dark)")[scheme]
    colours = dict(re.findall(r"^\.?(\w+) \{.*?fill: (#\w{6})", part, re.MULTILINE))
    assert contrast(colours["text"], colours["back"]) >= 4.5
    assert contrast(colours["bar"], colours["back"]) >= 3
    assert contrast(colours["ours"], colours["back"]) >= 3


def test_a_section_measured_again_takes_its_place_and_the_others_stay(tmp_path):
    keep(a_report(KAFKA), tmp_path, ["pipeline", "kafka"])
    keep(a_report(PIPELINE), tmp_path, ["pipeline", "kafka"])
    slower = a_section("kafka", "lz4, 1.5 % match", 20.0)
    keep(a_report(slower), tmp_path, ["pipeline", "kafka"])
    assert kept(tmp_path) == a_report(PIPELINE, slower)


def test_results_of_two_machines_are_never_mixed(tmp_path):
    keep(a_report(KAFKA), tmp_path, ["pipeline", "kafka"])
    keep(a_report(PIPELINE, cores=64), tmp_path, ["pipeline", "kafka"])
    assert kept(tmp_path) == a_report(PIPELINE, cores=64)


def test_the_readme_has_what_was_measured(tmp_path):
    readme = tmp_path / "README.md"
    marks = ("<!-- benchmarks: made by make bench -->\n", "<!-- /benchmarks -->\nafter\n")
    readme.write_text("before\n" + "old\n".join(marks), "utf-8")
    report = a_report(PIPELINE, KAFKA)
    keep(report, tmp_path, ["pipeline", "kafka"], readme)
    assert readme.read_text("utf-8") == "before\n" + summary(report).join(marks)
    assert "beside a reader that does nothing | 0.25 times as fast |" in summary(report)


def test_the_pages_that_are_checked_in_say_what_the_kept_result_says():
    report = kept(ROOT / "docs")
    assert page(report) == (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert draw(report) == (ROOT / "docs" / "benchmarks.svg").read_text("utf-8")
    assert summary(report) in (ROOT / "README.md").read_text("utf-8")
