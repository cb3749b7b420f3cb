"""TLS with SCRAM, and the messages that a wrong setup gives."""

import pytest

from matcher.config import KafkaSettings, SecuritySettings, Settings
from matcher.errors import ConfigError, KafkaUnreachable
from matcher.stream.client import ClientLog, connection_settings
from matcher.stream.preflight import preflight
from tests.brokers.certificates import make_certificates
from tests.brokers.client import KafkaBroker
from tests.brokers.real import RealCluster
from tests.fakes.recorder import MemoryRecorder
from tests.stream.stage import Stage


@pytest.fixture(scope="module")
def secure(kafka_jars, tmp_path_factory):
    with RealCluster(kafka_jars, tmp_path_factory.mktemp("kafka"), secure=True) as cluster:
        KafkaBroker("real", cluster.bootstrap).add_user("alice", "right")
        yield cluster


def _security(cluster, **changes):
    return SecuritySettings(
        **{
            "protocol": "SASL_SSL",
            "ca_file": cluster.certificates.ca,
            "username": "alice",
            "password": "right",
            **changes,
        }
    )


@pytest.mark.real_kafka
async def test_alerts_flow_over_tls_and_scram(secure):
    stage = Stage(KafkaBroker("real", secure.bootstrap))
    stage.kafka |= {
        "bootstrap_servers": secure.secure_bootstrap,
        "security": _security(secure),
    }
    stage.produce([b"alert"] * 8)
    async with stage.running(await stage.worker()):
        await stage.until_committed()
    assert set(stage.origins()) == stage.expected()


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    ("listener", "changes", "why"),
    [
        ("secure", {"password": "wrong"}, "refused the user name or the password"),
        ("secure", {"username": "mallory"}, "refused the user name or the password"),
        ("secure", {"ca_file": None}, "not signed by the CA in use"),
        ("secure", {"ca_file": "other"}, "not signed by the CA in use"),
        ("secure", {"mechanism": "PLAIN"}, "does not offer kafka.security.mechanism"),
        ("secure", {"protocol": "PLAINTEXT"}, "a TLS port spoken to without TLS"),
        ("secure", {"protocol": "SASL_PLAINTEXT"}, "a TLS port spoken to without TLS"),
        ("plain", {"protocol": "SSL"}, "is it a port without TLS, spoken to with TLS?"),
        ("closed", {"protocol": "PLAINTEXT"}, "nothing listens there"),
    ],
)
async def test_a_failed_connection_says_why(secure, tmp_path, listener, changes, why):
    if changes.get("ca_file") == "other":
        changes = {"ca_file": make_certificates(tmp_path).ca}
    bootstrap = {
        "secure": secure.secure_bootstrap,
        "plain": secure.bootstrap,
        "closed": "127.0.0.1:1",
    }[listener]
    settings = Settings(
        kafka=KafkaSettings(
            bootstrap_servers=bootstrap, security=_security(secure, **changes), start_timeout=3
        )
    )
    with ClientLog(MemoryRecorder()) as log, pytest.raises(KafkaUnreachable) as told:
        await preflight(settings, log)
    assert why in str(told.value)
    assert bootstrap in str(told.value)


@pytest.mark.real_kafka
async def test_a_missing_topic_is_named(secure):
    stage = Stage(KafkaBroker("real", secure.bootstrap), signals_topic="never-made")
    with pytest.raises(KafkaUnreachable, match="no topic never-made"):
        await stage.worker()


def test_a_certificate_file_that_is_none_is_named(tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    security = SecuritySettings(protocol="SSL", ca_file=bad)
    with pytest.raises(ConfigError, match=r"kafka.security.ca_file .*bad.pem"):
        connection_settings(KafkaSettings(security=security))
