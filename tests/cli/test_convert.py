"""``matcher convert``."""

import pytest
import yaml

from matcher.cli.main import main
from matcher.errors import EXIT_OK, EXIT_RULES, EXIT_USAGE
from matcher.events.catalogue import Catalogue
from matcher.rulebook import load_rules
from tests.cli.program import ROOT, VERBATIM

PORTABLE = ROOT / "rules" / "portable" / "cloud-api-t1059-009.sigma"
GOOD = """\
title: Good
id: 5b1d6f7e-1c8c-4a57-9a1f-0f2f3c6d7e01
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: A}, condition: s}
level: low
"""
BAD = GOOD.replace("Good", "Bad").replace("e01", "e02").replace("eventName: A", "nowhere: A")


@pytest.fixture
def sigma(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.yml").write_text(GOOD)
    (folder / "bad.yml").write_text(BAD)
    return folder


def test_the_published_query_becomes_three_sigma_rules_with_their_notes(capsys):
    assert main(["convert", str(VERBATIM), "--to", "sigma"]) == EXIT_OK
    out, err = capsys.readouterr()
    documents = list(yaml.safe_load_all(out))
    sources = [(one["logsource"]["product"], one["logsource"]["service"]) for one in documents]
    assert sources == [("aws", "cloudtrail"), ("azure", "activitylogs"), ("azure", "auditlogs")]
    assert {one["level"] for one in documents} == {"high"}
    assert documents[0]["tags"] == ["attack.execution", "attack.t1059.009"]
    assert "note: cloud-api-t1059-009: LAST 1 DAYS is left out" in err
    assert out.startswith("# Made by matcher convert from cloud-api-t1059-009, version 1.0, in aql")
    assert "# * UTF8(payload) is the event's whole text" in out


def test_the_portable_rule_that_ships_is_what_convert_writes(capsys):
    assert main(["convert", str(VERBATIM), "--to", "sigma"]) == EXIT_OK
    written = list(yaml.safe_load_all(capsys.readouterr().out))
    shipped = list(yaml.safe_load_all(PORTABLE.read_text("utf-8")))
    assert [
        {k: one[k] for k in one if k not in ("x-events", "tests")} for one in shipped
    ] == written
    assert all(one["tests"] for one in shipped)


def test_the_portable_rule_is_read_where_it_is_named_and_not_with_its_directory(capsys):
    assert main(["test", str(PORTABLE)]) == EXIT_OK
    assert " 0 failed" in capsys.readouterr().out
    rules = load_rules([ROOT / "rules"], Catalogue.load()).rules
    assert not [rule.id for rule in rules if "portable" in rule.file]


def test_what_is_refused_is_said_and_the_rest_is_written(capsys, sigma, tmp_path):
    assert main(["convert", str(sigma), "--to", "aql", "--output", str(tmp_path)]) == EXIT_RULES
    assert "bad.yml: nowhere: no property reads it" in capsys.readouterr().err
    (rule,) = load_rules([tmp_path / "good.aql.yml"], Catalogue.load()).rules
    assert "WHERE devicetype IN (347)\n  AND QIDNAME(qid) ILIKE 'A'" in rule.source
    assert not (tmp_path / "bad.aql.yml").exists()


def test_a_rule_by_its_id(capsys):
    rules = ("--rules", str(ROOT / "rules"))
    assert main(["convert", "aws-trail-status", "--to", "sigma", *rules]) == EXIT_OK
    assert yaml.safe_load(capsys.readouterr().out)["level"] == "low"
    assert main(["convert", "aws-trail-statu", "--to", "sigma", *rules]) == EXIT_USAGE
    assert "did you mean aws-trail-status?" in capsys.readouterr().err


def test_a_file_holds_one_rule_of_aql_and_many_of_sigma(capsys, sigma, tmp_path):
    (sigma / "bad.yml").write_text(GOOD.replace("e01", "e03"))
    out = str(tmp_path / "out.yml")
    assert main(["convert", str(sigma), "--to", "aql", "--output", out]) == EXIT_USAGE
    assert "name a directory" in capsys.readouterr().err
    assert main(["convert", str(ROOT / "rules"), "--to", "sigma", "--output", out]) == EXIT_OK
    book = load_rules([tmp_path / "out.yml"], Catalogue.load())
    assert not book.errors
    assert len(book.rules) == 15
    gone = str(tmp_path / "no" / "out.yml")
    assert main(["convert", str(VERBATIM), "--to", "sigma", "--output", gone]) == EXIT_USAGE


def test_a_rule_that_is_in_the_language_already_is_left_out(capsys, sigma):
    assert main(["convert", str(VERBATIM), "--to", "aql"]) == EXIT_USAGE
    assert "is aql already" in capsys.readouterr().err
    both = (str(VERBATIM), str(sigma / "good.yml"))
    assert main(["convert", *both, "--to", "aql"]) == EXIT_OK
    out, err = capsys.readouterr()
    assert "cloud-api-t1059-009 is aql already" in err
    assert "ILIKE 'A'" in out


def test_a_note_on_several_rules_is_said_once(sigma, capsys):
    (sigma / "bad.yml").write_text(GOOD.replace("e01", "e02"))
    assert main(["convert", str(sigma), "--to", "aql"]) == EXIT_OK
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert notes
    assert len(set(notes)) == len(notes)
    assert all(line.startswith("note: 2 rules: ") for line in notes)


def test_a_directory_is_made_where_it_is_written_as_one(sigma, tmp_path, capsys):
    wanted = tmp_path / "deep" / "out"
    assert main(["convert", str(sigma / "good.yml"), "--to", "aql", "--output", f"{wanted}/"]) == 0
    assert [file.name for file in wanted.iterdir()] == ["good.aql.yml"]
    inside = f"{wanted}/good.aql.yml/"
    assert main(["convert", str(sigma / "good.yml"), "--to", "aql", "--output", inside]) == 2
    assert "cannot be made" in capsys.readouterr().err


def test_what_is_no_rule_is_said_to_be_left_out(tmp_path, capsys):
    correlation = "type: event_count, rules: [x], group-by: [y], timespan: 5m, condition: {gte: 5}"
    (tmp_path / "many.yml").write_text(f"title: Many\ncorrelation: {{{correlation}}}\n")
    assert main(["convert", str(tmp_path / "many.yml"), "--to", "aql"]) == EXIT_OK
    assert "many.yml: Many: correlation: read, not yet evaluated" in capsys.readouterr().err


def test_rules_of_one_file_and_of_files_of_one_name_are_each_written(sigma, tmp_path):
    (sigma / "bad.yml").unlink()
    (sigma / "below").mkdir()
    (sigma / "below" / "good.yml").write_text(
        f"{GOOD.replace('e01', 'e03')}---\n{GOOD.replace('e01', 'e04')}"
    )
    out = tmp_path / "out"
    out.mkdir()
    assert main(["convert", str(sigma), "--to", "aql", "--output", str(out)]) == EXIT_OK
    written = load_rules([out], Catalogue.load())
    assert (len(written.rules), written.errors) == (3, ())
