"""Which files a command line means."""

import pytest

from matcher.cli.inputs import find_files
from matcher.errors import EXIT_USAGE, UsageError


@pytest.fixture
def tree(tmp_path):
    for name in (
        "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/14/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/14/b.JSON",
        "insights/y=2026/m=03/d=14/h=09/m=00/PT1H.json",
        "notes.txt",
        "x.jsonl",
        "x.ndjson.gz",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    return tmp_path


def names(found, tree):
    return [path.removeprefix(f"{tree}/") for path in found.paths]


def test_a_directory_is_walked_in_order_and_other_files_are_passed_over(tree):
    found = find_files([str(tree)])
    assert [name.rpartition("/")[2] for name in names(found, tree)] == [
        "x.jsonl",
        "x.ndjson.gz",
        "a.json.gz",
        "b.JSON",
        "PT1H.json",
    ]
    assert found.passed_over == (f"{tree}/notes.txt",)


def test_a_named_file_is_read_whatever_it_is_called(tree):
    assert names(find_files([f"{tree}/notes.txt"]), tree) == ["notes.txt"]


def test_a_glob(tree):
    assert names(find_files([f"{tree}/x.*"]), tree) == ["x.jsonl", "x.ndjson.gz"]
    assert len(find_files([f"{tree}/**/*.gz"]).paths) == 2


def test_a_file_that_is_meant_twice_is_read_once(tree):
    found = find_files([f"{tree}/x.jsonl", str(tree), f"{tree}/x.*", f"{tree}/./x.jsonl"])
    assert len(found.paths) == 5
    assert found.paths[0] == f"{tree}/x.jsonl"


def test_a_file_whose_name_looks_like_a_glob(tree):
    (tree / "a[1].json").write_bytes(b"{}")
    assert names(find_files([f"{tree}/a[1].json"]), tree) == ["a[1].json"]


def test_standard_input_is_taken_once():
    assert find_files(["-", "-"]).paths == ("-",)


def test_everything_that_is_missing_is_in_one_message(tree):
    with pytest.raises(UsageError, match=r"gone, .*never\.json") as caught:
        find_files([f"{tree}/gone", f"{tree}/x.jsonl", f"{tree}/*never.json"])
    assert caught.value.exit_code == EXIT_USAGE
