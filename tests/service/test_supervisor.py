"""What a supervisor makes of its workers' ends."""

import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from matcher.errors import EXIT_CONFIG, EXIT_KAFKA, EXIT_NOT_DRAINED
from tests.brokers.process import Child, wait_until

SCRIPT = Path(__file__).with_name("supervised.py")
ROOT = Path(__file__).parents[2]


class Supervised:
    """A supervisor with workers that follow these plans."""

    def __init__(self, directory: Path, *plans: str, **extra: str) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("MATCHER_")}
        command = [sys.executable, SCRIPT, directory, *plans]
        self.child = Child(
            command, log=directory / "log", env={**env, **extra, "PYTHONPATH": str(ROOT)}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.child.kill()

    def page(self, name: str) -> tuple[int, str]:
        try:
            address = self.child.said("listening")[0]["address"]
            with urllib.request.urlopen(f"{address}/{name}", timeout=30) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until(self, condition, what: str) -> None:
        wait_until(condition, 60, what, self.child)

    def until_ready(self) -> None:
        self.until(lambda: self.child.said("listening"), "its address")
        self.until(lambda: self.page("readyz")[0] == 200, "all workers ready")


@pytest.mark.parametrize(
    ("plan", "how"),
    [
        ("bug,ok", "exit code 1"),
        ("killed,ok", "SIGKILL"),
        ("stalled,ok", "exit code 13"),
        ("end,ok", "exit code 0"),
        ("after-ready,ok", "exit code 12"),
        ("after-ready,kafka,ok", "exit code 12"),
    ],
)
def test_a_worker_that_may_be_well_again_is_started_again(tmp_path, plan, how):
    with Supervised(tmp_path, plan, "ok") as supervised:
        again = len(plan.split(",")) - 1
        supervised.until(
            lambda: len(supervised.child.said("worker_started")) == 2 + again, "starts"
        )
        supervised.until_ready()
        page = supervised.page("metrics")[1]
        assert f'matcher_worker_restarts_total{{worker="1"}} {again}.0' in page
        assert 'matcher_worker_restarts_total{worker="2"} 0.0' in page
        supervised.child.send(signal.SIGTERM)
        assert supervised.child.wait(60) == 0, supervised.child.tail()
        ended = supervised.child.said("worker_ended")[0]
        assert (ended["worker"], ended["how"]) == (1, how)
        pauses = [line["again_in"] for line in supervised.child.said("worker_ended")[:again]]
        assert pauses == [0.5, 1.0][:again]


def test_the_numbers_of_an_ended_worker_go_on(tmp_path):
    with Supervised(tmp_path, "stalled,ok", "ok") as supervised:
        supervised.until(lambda: len(supervised.child.said("worker_started")) == 3, "a restart")
        supervised.until_ready()
        page = supervised.page("metrics")[1]
        assert 'matcher_events_total{log_source_type="x"} 3.0' in page


@pytest.mark.parametrize(("plan", "code"), [("config", EXIT_CONFIG), ("kafka", EXIT_KAFKA)])
def test_what_ends_a_service_for_good_ends_all_with_its_code(tmp_path, plan, code):
    with Supervised(tmp_path, plan, "ok", plan) as supervised:
        assert supervised.child.wait(60) == code, supervised.child.tail()
        messages = [
            text for text in supervised.child.output().splitlines() if text.startswith("matcher:")
        ]
        assert messages == [f"matcher: the plan was {plan}"]


def test_a_drain_that_one_worker_does_not_manage_has_its_code(tmp_path):
    with Supervised(tmp_path, "ok", "not-drained") as supervised:
        supervised.until_ready()
        supervised.child.send(signal.SIGTERM)
        assert supervised.child.wait(60) == EXIT_NOT_DRAINED, supervised.child.tail()


def test_the_whole_is_ready_when_every_worker_is(tmp_path):
    with Supervised(tmp_path, "ok", "unready") as supervised:
        expected = "1 of 2 workers are ready\nworker 1: ok\nworker 2: unready\n"
        supervised.until(lambda: supervised.child.said("listening"), "its address")
        supervised.until(lambda: supervised.page("readyz") == (503, expected), "one of two")
        assert supervised.page("livez") == (200, "2 of 2 workers run\n")


def test_a_worker_that_stands_still_is_not_live(tmp_path):
    with Supervised(tmp_path, "ok", "ok") as supervised:
        supervised.until_ready()
        pid = supervised.child.said("worker_started")[1]["pid"]
        os.kill(pid, signal.SIGSTOP)
        supervised.until(lambda: supervised.page("livez")[0] == 503, "the worker is missed")
        assert "worker 2: no sign of life for " in supervised.page("livez")[1]
        assert supervised.page("readyz")[0] == 503
        page = supervised.page("metrics")[1]
        assert 'matcher_events_total{log_source_type="x"}' in page
        os.kill(pid, signal.SIGCONT)
        supervised.until(lambda: supervised.page("livez")[0] == 200, "it is back")


def test_a_worker_that_hangs_is_killed_and_started_again(tmp_path):
    with Supervised(tmp_path, "ok", "ok", STALL_TIMEOUT="1") as supervised:
        supervised.until_ready()
        os.kill(supervised.child.said("worker_started")[0]["pid"], signal.SIGSTOP)
        supervised.until(lambda: len(supervised.child.said("worker_started")) == 3, "a restart")
        supervised.until_ready()
        assert supervised.child.said("worker_hangs")[0]["worker"] == 1
        assert supervised.child.said("worker_ended")[0]["how"] == "SIGKILL"
        page = supervised.page("metrics")[1]
        assert 'matcher_worker_restarts_total{worker="1"} 1.0' in page
        assert "matcher_events_total" in page
        supervised.child.send(signal.SIGTERM)
        assert supervised.child.wait(60) == 0, supervised.child.tail()


def test_workers_hold_no_file_of_their_supervisor(tmp_path):
    """A connection of the pages that a worker held would not end with the page."""
    with Supervised(tmp_path, "ok", "ok") as supervised:
        supervised.until_ready()
        for line in supervised.child.said("worker_started"):
            files = Path(f"/proc/{line['pid']}/fd")
            targets = [os.readlink(file) for file in files.iterdir()]  # noqa: PTH115
            sockets = [target for target in targets if target.startswith("socket:")]
            assert len(sockets) == 3, "the link, and the two ends by which its loop wakes itself"
        assert len(os.listdir(f"/proc/{supervised.child.pid}/task")) == 1  # noqa: PTH208
