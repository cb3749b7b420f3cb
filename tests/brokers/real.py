"""Apache Kafka in KRaft mode: plain processes on loopback ports that start in about a second."""

import base64
import shutil
import socket
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.brokers.certificates import Certificates, make_certificates
from tests.brokers.jars import KafkaJars
from tests.brokers.process import Child, wait_until
from tests.brokers.proxy import ResettingProxy

_START_SECONDS = 60
_ANSWER_SECONDS = 20

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{second}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{second_advertised}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,\
PROXIED:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
log.cleaner.dedupe.buffer.size=2097152
log.segment.bytes=67108864
log.retention.check.interval.ms=500
num.network.threads=2
num.io.threads=4
controlled.shutdown.enable=false
controller.quorum.election.timeout.ms={election}
controller.quorum.fetch.timeout.ms={fetch}
controller.quorum.append.linger.ms=0
controller.quorum.election.backoff.max.ms=50
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=2000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
"""

_SECURE = """\
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={pem}
"""


@dataclass(frozen=True, slots=True)
class _Ports:
    plain: int
    controller: int
    second: int
    """Of the secure listener, or of the one behind a proxy."""


class RealNode:
    """One broker of a cluster: it can be killed and started again on its ports and data."""

    def __init__(self, jars: KafkaJars, directory: Path, ports: _Ports, options: tuple[str, ...]):
        self._jars = jars
        self._directory = directory
        self._options = options
        self.ports = ports
        self.child: Child

    def start(self) -> None:
        """Start the process; :meth:`wait_ready` says when it can be used."""
        java, *rest = self._jars.command("kafka.Kafka", self._directory / "server.properties")
        command = [java, *self._options, *rest]
        self.child = Child(command, log=self._directory / "broker.log")

    def wait_ready(self) -> None:
        """Return when the node's port accepts connections; else fail with the end of its log."""
        wait_until(self._accepts, _START_SECONDS, "the broker's port", self.child)

    def kill(self) -> None:
        """``kill -9``: a test broker has nothing to save."""
        self.child.kill()

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports.plain)) == 0


class _TakenError(AssertionError):
    """A node of another cluster answers at a node's port, or nothing answers."""


def _check_is_ours(node: RealNode, cluster_id: str) -> None:
    """Raise _TakenError unless the node itself answers: the port may belong to another cluster,
    whose test kills and freezes its nodes.
    """
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{node.ports.plain}", "log_level": 0})
    try:
        found = admin.list_topics(timeout=_ANSWER_SECONDS).cluster_id
    except KafkaException as error:
        raise _TakenError(f"port {node.ports.plain} does not answer: {error}") from error
    if found != cluster_id:
        raise _TakenError(f"port {node.ports.plain} answers for the cluster {found}")


class RealCluster:
    """One or three nodes, each broker and controller. A context manager: the nodes run inside.

    ``secure`` opens a second listener, TLS with SCRAM-SHA-512; add users by
    :meth:`tests.brokers.client.KafkaBroker.add_user`. ``proxy`` instead opens a second plaintext
    listener, whose clients reach every node through the proxy. ``server`` adds lines to
    ``server.properties``.
    """

    def __init__(
        self,
        jars: KafkaJars,
        directory: Path,
        *,
        nodes: int = 1,
        secure: bool = False,
        proxy: ResettingProxy | None = None,
        server: str = "",
        java_options: tuple[str, ...] = (),
    ) -> None:
        self._jars = jars
        self._directory = directory
        self._count = nodes
        self._proxy = proxy
        self._proxy_ports: list[int] = []
        self._server = server
        self._java_options = java_options
        self.certificates: Certificates | None = make_certificates(directory) if secure else None
        self.nodes: list[RealNode] = []

    @property
    def bootstrap(self) -> str:
        """The plaintext listeners, for ``bootstrap.servers``."""
        return ",".join(f"127.0.0.1:{node.ports.plain}" for node in self.nodes)

    @property
    def secure_bootstrap(self) -> str:
        """The listeners with TLS and SCRAM."""
        return ",".join(f"127.0.0.1:{node.ports.second}" for node in self.nodes)

    @property
    def proxied_bootstrap(self) -> str:
        """The listeners behind the proxy."""
        return ",".join(f"127.0.0.1:{port}" for port in self._proxy_ports)

    def __enter__(self) -> Self:
        for attempt in range(3):
            try:
                self._start()
            except AssertionError as error:
                self._stop()
                # between choosing a free port and binding it, another process may take it
                taken = isinstance(error, _TakenError) or "Address already in use" in str(error)
                if attempt == 2 or not taken:
                    raise
            except BaseException:
                self._stop()
                raise
            else:
                return self
        raise AssertionError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def corrupt(self, topic: str, partition: int, offset: int) -> None:
        """Invert the last byte of the batch with this offset, on every node's disk. A second call
        restores the batch.
        """
        self._overwrite(
            topic, partition, offset, lambda batch: batch[:-1] + bytes([~batch[-1] & 255])
        )

    def wipe(self, topic: str, partition: int, offset: int) -> None:
        """Replace the batch with this offset by zeros, as after a power failure."""
        self._overwrite(topic, partition, offset, lambda batch: bytes(len(batch)))

    def lengthen(self, topic: str, partition: int, offset: int) -> None:
        """Set the length of the batch with this offset to more than the file has."""
        length = struct.pack(">i", 100_000_000)
        self._overwrite(topic, partition, offset, lambda batch: batch[:8] + length + batch[12:])

    def _overwrite(
        self, topic: str, partition: int, offset: int, change: Callable[[bytes], bytes]
    ) -> None:
        for node in self.nodes:
            log = node._directory / "data" / f"{topic}-{partition}" / f"{0:020}.log"
            data, at = log.read_bytes(), 0
            while at < len(data):
                first, length = struct.unpack_from(">qi", data, at)
                (last_delta,) = struct.unpack_from(">i", data, at + 23)
                batch = data[at : at + 12 + length]
                if first <= offset <= first + last_delta:
                    with log.open("r+b") as file:
                        file.seek(at)
                        file.write(change(batch))
                    break
                at += len(batch)
            else:
                raise AssertionError(f"{log} has no batch with offset {offset}")

    def log_tail(self) -> str:
        """The end of every node's log, for the report of a failure."""
        return "\n".join(node.child.tail() for node in self.nodes)

    def _start(self) -> None:
        ports = _free_ports(self._count)
        voters = ",".join(f"{i}@127.0.0.1:{p.controller}" for i, p in enumerate(ports, start=1))
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.nodes, self._proxy_ports = [], []
        for number, node_ports in enumerate(ports, start=1):
            directory = self._directory / f"node-{number}"
            self._write_files(directory, number, node_ports, voters, cluster_id)
            node = RealNode(self._jars, directory, node_ports, self._java_options)
            node.start()
            self.nodes.append(node)
        for node in self.nodes:
            node.wait_ready()
            _check_is_ours(node, cluster_id)

    def _write_files(
        self, directory: Path, number: int, ports: _Ports, voters: str, cluster_id: str
    ) -> None:
        """Write the properties, and a data directory as the format tool would make it."""
        data = directory / "data"
        data.mkdir(parents=True)
        (data / "meta.properties").write_text(
            f"version=1\ncluster.id={cluster_id}\nnode.id={number}\n"
        )
        if self._jars.bootstrap_checkpoint.exists():
            shutil.copy(self._jars.bootstrap_checkpoint, data / "bootstrap.checkpoint")
        alone = self._count == 1
        second, second_advertised = self._second_listener(ports)
        text = _PROPERTIES.format(
            node=number,
            voters=voters,
            port=ports.plain,
            controller=ports.controller,
            second=second,
            second_advertised=second_advertised,
            data=data,
            replicas=1 if alone else 3,
            in_sync=1 if alone else 2,
            election=100 if alone else 500,
            fetch=200 if alone else 1000,
        )
        if self.certificates:
            text += _SECURE.format(pem=self.certificates.server)
        (directory / "server.properties").write_text(text + self._server)

    def _second_listener(self, ports: _Ports) -> tuple[str, str]:
        """The address where the second listener listens, and the address that clients are told."""
        if self.certificates:
            secure = f",SECURE://127.0.0.1:{ports.second}"
            return secure, secure
        if self._proxy:
            port = self._proxy.forward(ports.second)
            self._proxy_ports.append(port)
            return f",PROXIED://127.0.0.1:{ports.second}", f",PROXIED://127.0.0.1:{port}"
        return "", ""

    def _stop(self) -> None:
        for node in self.nodes:
            node.kill()
        for node in self.nodes:
            shutil.rmtree(node._directory, ignore_errors=True)


def _free_ports(nodes: int) -> list[_Ports]:
    sockets = [socket.socket() for _ in range(3 * nodes)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        numbers = [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
    return [_Ports(*numbers[i : i + 3]) for i in range(0, len(numbers), 3)]
