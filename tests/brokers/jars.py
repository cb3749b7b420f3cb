"""Apache Kafka's jars, fetched once by Maven into a cache and made quick to start."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.brokers.process import Child, wait_until

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
HOW_TO_GET = "apt-get install openjdk-17-jre-headless maven"
_JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}",
)


class KafkaMissingError(Exception):
    """Kafka's jars are not available here; the text says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class KafkaJars:
    """The jars, a class archive that halves a broker's start, and a formatted log's first bytes."""

    directory: Path
    class_archive: Path
    bootstrap_checkpoint: Path

    def command(self, main: str, *arguments: str | Path) -> list[str]:
        """The command line that runs a class from the jars."""
        archive = ["-Xshare:auto", f"-XX:SharedArchiveFile={self.class_archive}"]
        shared = archive if self.class_archive.exists() else []
        return ["java", *_JVM, *shared, "-cp", f"{self.directory}/*", main, *map(str, arguments)]


def find_jars() -> KafkaJars:
    """The jars in the cache. If they are missing, Maven fetches them first, once for each pom.

    The cache is ``.cache/kafka`` of the checkout, or ``MATCHER_KAFKA_CACHE``. Processes that ask
    at the same time wait for each other. Raises KafkaMissingError.
    """
    java = _java_version()
    cache = Path(os.environ.get("MATCHER_KAFKA_CACHE") or HERE.parents[1] / ".cache" / "kafka")
    home = cache.resolve() / _digest(POM.read_bytes())
    home.mkdir(parents=True, exist_ok=True)
    directory = home / "jars"
    per_java = home / f"java-{_digest(java + str(directory).encode())}"
    jars = KafkaJars(directory, per_java / "kafka.jsa", home / "bootstrap.checkpoint")
    with _locked(home / "lock"):
        if not directory.exists():
            _fetch(directory)
        if not jars.bootstrap_checkpoint.exists():
            _make_checkpoint(jars)
        if not per_java.exists():
            per_java.mkdir()
            _make_archive(jars)
    return jars


def _java_version() -> bytes:
    if shutil.which("java") is None:
        raise KafkaMissingError(f"no java on the PATH: {HOW_TO_GET}")
    answer = subprocess.run(["java", "-version"], capture_output=True, check=True).stderr
    version = re.search(rb'version "(\d+)', answer)
    if version is None or int(version[1]) < 17:
        raise KafkaMissingError(f"Apache Kafka 4 needs Java 17: {HOW_TO_GET}")
    return answer


def _fetch(directory: Path) -> None:
    if shutil.which("mvn") is None:
        raise KafkaMissingError(f"no mvn on the PATH: {HOW_TO_GET}")
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        target = Path(scratch) / "jars"
        options = (f"-DoutputDirectory={target}", "-DincludeScope=runtime")
        copy = ("mvn", "-q", "-B", "-ntp", "-f", POM, "dependency:copy-dependencies", *options)
        done = subprocess.run(copy, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise KafkaMissingError(f"Maven could not fetch Apache Kafka:\n{reason}")
        target.rename(directory)


def _make_checkpoint(jars: KafkaJars) -> None:
    """Make the file that formatting writes and a new broker needs. The file holds no id, so every
    broker can use it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        properties = Path(scratch) / "server.properties"
        properties.write_text(
            "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n"
            "controller.quorum.voters=1@127.0.0.1:1\n"
            "listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1\n"
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
            f"log.dirs={scratch}/data\n"
        )
        tool = "kafka.tools.StorageTool"
        # 16 zero bytes; a random id may start with a dash, which the tool takes for an option
        cluster = "MkU3OEVBNTcwNTJENDM2Qg"
        command = jars.command(tool, "format", f"--cluster-id={cluster}", "-c", properties)
        subprocess.run(command, check=True, capture_output=True)
        shutil.copy(f"{scratch}/data/bootstrap.checkpoint", jars.bootstrap_checkpoint)


def _make_archive(jars: KafkaJars) -> None:
    """Run a broker once and let Java save its loaded classes. Without the archive everything
    works, but more slowly.
    """
    from tests.brokers.real import RealCluster  # noqa: PLC0415 - a broker is made of jars

    with tempfile.TemporaryDirectory() as scratch:
        record = f"-XX:ArchiveClassesAtExit={jars.class_archive}"
        cluster = RealCluster(jars, Path(scratch), java_options=(record,))
        with cluster:
            broker: Child = cluster.nodes[0].child
            broker.send(signal.SIGTERM)
            wait_until(lambda: broker.returncode is not None, 60, "the class archive", None)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
