"""The other two ways to log in: a client certificate, and SASL PLAIN over TLS."""

import pytest

from matcher.config import KafkaSettings, SecuritySettings, Settings
from matcher.errors import KafkaUnreachable
from matcher.stream.client import ClientLog
from matcher.stream.preflight import preflight
from tests.brokers.client import KafkaBroker
from tests.brokers.real import RealCluster
from tests.fakes.recorder import MemoryRecorder
from tests.stream.stage import Stage

pytestmark = pytest.mark.real_kafka

_MUTUAL_TLS = """\
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SSL
listener.name.secure.ssl.client.auth=required
listener.name.secure.ssl.truststore.type=PEM
listener.name.secure.ssl.truststore.location={ca}
"""
_PLAIN = """\
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="right";
"""


@pytest.fixture(scope="module")
def mutual_tls(kafka_jars, tmp_path_factory):
    directory = tmp_path_factory.mktemp("mutual-tls")
    server = _MUTUAL_TLS.format(ca=directory / "ca.pem")
    with RealCluster(kafka_jars, directory, secure=True, server=server) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def plain(kafka_jars, tmp_path_factory):
    directory = tmp_path_factory.mktemp("plain")
    with RealCluster(kafka_jars, directory, secure=True, server=_PLAIN) as cluster:
        yield cluster


def _with_certificate(cluster):
    own = cluster.certificates.server
    return SecuritySettings(
        protocol="SSL", ca_file=cluster.certificates.ca, certificate_file=own, key_file=own
    )


def _with_password(cluster, password="right"):  # noqa: S107 - of a broker that lives for seconds
    return SecuritySettings(
        protocol="SASL_SSL",
        mechanism="PLAIN",
        ca_file=cluster.certificates.ca,
        username="alice",
        password=password,
    )


async def _alerts_flow(cluster, security):
    stage = Stage(KafkaBroker("real", cluster.bootstrap))
    stage.kafka |= {"bootstrap_servers": cluster.secure_bootstrap, "security": security}
    stage.produce([b"alert"] * 8)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()


async def _refused(cluster, security):
    kafka = KafkaSettings(
        bootstrap_servers=cluster.secure_bootstrap, security=security, start_timeout=3
    )
    with ClientLog(MemoryRecorder()) as log, pytest.raises(KafkaUnreachable) as told:
        await preflight(Settings(kafka=kafka), log)
    return str(told.value)


async def test_alerts_flow_with_a_client_certificate(mutual_tls):
    await _alerts_flow(mutual_tls, _with_certificate(mutual_tls))


async def test_without_the_certificate_the_connection_is_refused(mutual_tls):
    security = SecuritySettings(protocol="SSL", ca_file=mutual_tls.certificates.ca)
    assert mutual_tls.secure_bootstrap in await _refused(mutual_tls, security)


async def test_alerts_flow_with_sasl_plain(plain):
    await _alerts_flow(plain, _with_password(plain))


async def test_a_wrong_password_of_sasl_plain_is_told_as_such(plain):
    told = await _refused(plain, _with_password(plain, "wrong"))
    assert "refused the user name or the password" in told
    assert "wrong" not in told
