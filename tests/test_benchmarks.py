"""The benchmark runs, and prints its table; what it measures is no test's business."""

import pytest

from benchmarks.run import main


@pytest.mark.real_kafka
@pytest.mark.usefixtures("kafka_jars")
def test_a_small_run_prints_a_ratio_for_each_measurement(capsys, monkeypatch):
    monkeypatch.delenv("MATCHER_CORPUS", raising=False)
    assert main(["--rounds", "1", "--records", "2000"]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(table) == 6
    ratios = [float(line.split("|")[-2]) for line in table[2:]]
    assert ratios[0] == ratios[2] == 1
    assert all(ratio > 0 for ratio in ratios)
