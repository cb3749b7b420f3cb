"""What every test may use: the public corpus, and brokers to run on.

Tests for which the machine lacks something are skipped; the reason names what is missing, and the
suite's last lines say how to get it.
``MATCHER_REQUIRE_CORPUS=1`` and ``MATCHER_REQUIRE_KAFKA=1`` turn such a skip into a failure.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.brokers.client import KafkaBroker
from tests.brokers.jars import KafkaJars, KafkaMissingError, find_jars
from tests.brokers.mock import MockCluster
from tests.brokers.real import RealCluster

_HOW = "to run them: "

# What a loaded machine can change is no verdict on the program: neither how long an example takes
# nor how long it takes to draw one. Fixtures that a property test is given hold no state.
settings.register_profile(
    "steady",
    parent=settings(),
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
        HealthCheck.function_scoped_fixture,
    ],
)
settings.load_profile("steady")


def _missing(reason: str, how_to_get: str, required_by: str) -> None:
    """Skip the test, or fail where the machine is required to have what is missing."""
    if os.environ.get(required_by) == "1":
        pytest.fail(f"{required_by}=1, but {reason} ({how_to_get})", pytrace=False)
    pytest.skip(f"{reason}; {_HOW}{how_to_get}")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the public corpus (``MATCHER_CORPUS``); mark tests that use it ``corpus``."""
    folder = os.environ.get("MATCHER_CORPUS", "")
    if not folder:
        how = "set MATCHER_CORPUS to its folder"
        _missing("the public corpus is not here", how, "MATCHER_REQUIRE_CORPUS")
    path = Path(folder).resolve()
    if not any(path.glob("*.jsonl.gz")):
        pytest.fail(f"MATCHER_CORPUS={folder}: no *.jsonl.gz in it", pytrace=False)
    return path


@pytest.fixture(scope="session")
def kafka_jars() -> KafkaJars:
    """Apache Kafka's jars; mark the tests that need them ``real_kafka``."""
    try:
        return find_jars()
    except KafkaMissingError as missing:
        reason, _, how = str(missing).rpartition(": ")
        return _missing(f"no Apache Kafka: {reason}", how, "MATCHER_REQUIRE_KAFKA")


@pytest.fixture(scope="session")
def real_cluster(kafka_jars: KafkaJars, tmp_path_factory) -> Iterator[RealCluster]:
    """One real node, shared by all tests of a process; each test has its own topics."""
    with RealCluster(kafka_jars, tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture
def real_broker(real_cluster: RealCluster) -> KafkaBroker:
    """The shared real node, for a test that does not harm it."""
    return KafkaBroker("real", real_cluster.bootstrap)


@pytest.fixture
def mock_broker() -> Iterator[MockCluster]:
    """A mock cluster of the test's own."""
    with MockCluster() as cluster:
        yield cluster


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the real broker's log if a test that uses the broker failed."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("real_cluster")
    if report.failed and cluster is not None:
        report.sections.append(("Apache Kafka's log", cluster.log_tail()))
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """The last lines: which tests were skipped for what is missing, and how to get it."""
    yield
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if _HOW in reason:
            reasons[reason.removeprefix("Skipped: ")] += 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} tests were skipped: {reason}", yellow=True)
