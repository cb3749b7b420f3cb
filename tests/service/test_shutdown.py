"""Signals: the first drains, the second forces, and the handlers are given back."""

import asyncio
import os
import signal

import pytest
import structlog

from matcher.service.shutdown import Shutdown


class Calls:
    """What a shutdown asked for; an event for each, so that nothing is slept for."""

    def __init__(self) -> None:
        self.drained = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.drains = 0

    def drain(self) -> None:
        self.drains += 1
        self.drained.set()

    def cancel(self) -> None:
        self.cancelled.set()


@pytest.fixture(autouse=True)
def no_last_resort(monkeypatch):
    """The thread that ends the process would end the tests."""
    monkeypatch.setattr("matcher.service.shutdown._end_process", lambda: None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_drains_and_the_second_forces(number):
    calls = Calls()
    with Shutdown(60, calls.drain, calls.cancel) as shutdown:
        os.kill(os.getpid(), number)
        await calls.drained.wait()
        assert shutdown.requested
        assert shutdown.forced is None
        assert not calls.cancelled.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await calls.cancelled.wait()
        assert shutdown.forced == "SIGTERM came a second time"
    assert calls.drains == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
async def test_a_signal_that_asks_for_a_reload_is_logged_and_changes_nothing(number):
    calls = Calls()
    with (
        structlog.testing.capture_logs() as written,
        Shutdown(60, calls.drain, calls.cancel) as shutdown,
    ):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)
        await calls.drained.wait()
        assert shutdown.forced is None
    ignored = [entry for entry in written if entry["event"] == "signal_ignored"]
    assert [entry["signal"] for entry in ignored] == [number.name]
    assert "restart the service" in ignored[0]["hint"]


async def test_a_drain_beyond_its_budget_is_forced():
    calls = Calls()
    with Shutdown(0.01, calls.drain, calls.cancel) as shutdown:
        shutdown.request("the demo is over")
        await calls.cancelled.wait()
        assert shutdown.forced == "the drain took longer than 0.01 s"


async def test_a_second_request_changes_nothing():
    calls = Calls()
    with Shutdown(60, calls.drain, calls.cancel) as shutdown:
        shutdown.request("once")
        shutdown.request("twice")
        assert shutdown.forced is None
    assert calls.drains == 1


async def test_the_handlers_that_were_there_are_back_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Shutdown(60, lambda: None, lambda: None):
        assert signal.getsignal(signal.SIGTERM) != before[0]
    after = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert after == before


async def test_a_request_after_the_end_changes_nothing():
    calls = Calls()
    with Shutdown(60, calls.drain, calls.cancel) as shutdown:
        pass
    shutdown.request("too late")
    assert calls.drains == 0
