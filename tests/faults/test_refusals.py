"""A setup that cannot work ends the service with one clear message and the documented exit code."""

import json
import signal

import pytest

from matcher.errors import EXIT_CONFIG, EXIT_DELIVERY, EXIT_KAFKA, EXIT_RULES
from tests.brokers.certificates import make_certificates
from tests.brokers.client import KafkaBroker, Message
from tests.brokers.process import Child
from tests.brokers.real import RealCluster
from tests.faults.load import Load, event_lines, expected_alerts, judge, seen_alerts
from tests.faults.service import Scene

pytestmark = pytest.mark.real_kafka


@pytest.fixture(scope="module")
def secure(kafka_jars, tmp_path_factory):
    """A broker with a TLS and SCRAM listener that knows one user."""
    directory = tmp_path_factory.mktemp("secure")
    with RealCluster(kafka_jars, directory, secure=True) as cluster:
        KafkaBroker("real", cluster.bootstrap).add_user("alice", "right")
        yield cluster


def login(cluster: RealCluster, **changes: object) -> dict[str, object]:
    """The settings of a login that works, with these changes."""
    settings = {
        "kafka__bootstrap_servers": cluster.secure_bootstrap,
        "kafka__security__protocol": "SASL_SSL",
        "kafka__security__username": "alice",
        "kafka__security__password": "right",
        "kafka__security__ca_file": cluster.certificates.ca,
        "kafka__start_timeout": 8,
        **changes,
    }
    return {name: value for name, value in settings.items() if value is not None}


def ends_with(service: Child, code: int) -> str:
    """Check that the service ends with that code and no traceback; return its output."""
    assert service.wait(60) == code, service.tail()
    output = service.output()
    assert "Traceback" not in output, service.tail()
    return output


def plaintext(cluster: RealCluster) -> dict[str, object]:
    changes = dict.fromkeys(("username", "password", "ca_file"))
    named = {f"kafka__security__{name}": value for name, value in changes.items()}
    return login(cluster, kafka__security__protocol="PLAINTEXT", **named)


def test_the_right_password_and_ca_work(secure, tmp_path):
    with Scene(KafkaBroker("real", secure.bootstrap), tmp_path, **login(secure)) as scene:
        service = scene.start_assigned()
        scene.broker.produce(scene.input, Load(event_lines(None), 50).take(50))
        scene.until_all_committed(service)
        assert "right" not in service.output()
        service.send(signal.SIGTERM)
        assert service.wait(60) == 0, service.tail()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kafka__security__password": "secret-and-wrong"}, "user name or the password"),
        ({"kafka__security__username": "nobody"}, "user name or the password"),
        ({"kafka__security__mechanism": "SCRAM-SHA-256"}, "kafka.security.mechanism"),
    ],
    ids=["password", "user", "mechanism"],
)
def test_a_login_that_is_refused_says_so(secure, tmp_path, wrong, reason):
    broker = KafkaBroker("real", secure.bootstrap)
    with Scene(broker, tmp_path, **login(secure, **wrong)) as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert reason in output
    assert "secret-and-wrong" not in output


def test_an_unknown_ca_says_so(secure, tmp_path):
    other = make_certificates(tmp_path).ca
    broker = KafkaBroker("real", secure.bootstrap)
    settings = login(secure, kafka__security__ca_file=other)
    with Scene(broker, tmp_path, **settings) as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert "not signed by the CA" in output


def test_plaintext_on_a_tls_port_says_so(secure, tmp_path):
    broker = KafkaBroker("real", secure.bootstrap)
    with Scene(broker, tmp_path, **plaintext(secure)) as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert "a TLS port spoken to without TLS" in output


def test_tls_on_a_plaintext_port_says_so(secure, tmp_path):
    broker = KafkaBroker("real", secure.bootstrap)
    settings = login(secure, kafka__bootstrap_servers=secure.bootstrap)
    with Scene(broker, tmp_path, **settings) as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert "without TLS" in output


def test_a_broker_that_is_not_there_says_so(real_broker, tmp_path):
    nobody = {"kafka__bootstrap_servers": "127.0.0.1:1", "kafka__start_timeout": 5}
    with Scene(real_broker, tmp_path, **nobody) as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert "127.0.0.1:1" in output
    assert "nothing listens there" in output


def test_a_topic_that_is_not_there_says_so(real_broker, tmp_path):
    with Scene(real_broker, tmp_path, output__alert_topic="not-made") as scene:
        output = ends_with(scene.start(), EXIT_KAFKA)
    assert "no topic not-made" in output


@pytest.mark.parametrize(
    ("wrong", "code", "reason"),
    [
        ({"rules__paths": "/no/such/rules"}, 2, "/no/such/rules"),
        ({"input__max_records": "many"}, EXIT_CONFIG, "input.max_records"),
    ],
    ids=["rules", "setting"],
)
def test_a_wrong_setting_says_so(real_broker, tmp_path, wrong, code, reason):
    with Scene(real_broker, tmp_path, **wrong) as scene:
        assert reason in ends_with(scene.start(), code)


def test_a_rule_that_does_not_compile_says_where(real_broker, tmp_path):
    rule = tmp_path / "broken.yml"
    rule.write_text(
        "id: broken\ntitle: Broken\nversion: '1'\nseverity: high\n"
        "query: |\n  SELECT * FROM events WHERE userName = = 'x'\n"
    )
    with Scene(real_broker, tmp_path, rules__paths=rule) as scene:
        output = ends_with(scene.start(), EXIT_RULES)
    assert f"{rule}:6:" in output
    assert "^" in output


def test_dead_letters_that_cannot_be_written_stop_the_service_before_they_are_lost(
    real_broker, tmp_path
):
    """The topic of the dead letters is deleted while the service runs."""
    doomed = real_broker.create_topic("doomed")
    settings = {"output__dead_letter_topic": doomed, "output__send_timeout": 3}
    with Scene(real_broker, tmp_path, **settings) as scene:
        service = scene.start_assigned()
        real_broker.delete_topic(doomed)
        good = list(Load(event_lines(None), 400).take(400))
        bad = Message(b"not json", partition=0)
        real_broker.produce(scene.input, [*good, bad, *good])
        at = next(m.offset for m in real_broker.read_all(scene.input) if m.value == b"not json")
        assert doomed in ends_with(service, EXIT_DELIVERY)
        assert real_broker.committed(scene.group, scene.input).get(0, 0) <= at

        scene.settings["output__dead_letter_topic"] = scene.dead_letters
        healed = scene.start_assigned()
        scene.until_all_committed(healed)
        healed.send(signal.SIGTERM)
        assert healed.wait(60) == 0, healed.tail()
        (letter,) = real_broker.read_all(scene.dead_letters)
        assert (letter.value, dict(letter.headers)["x-matcher-offset"]) == (
            b"not json",
            str(at).encode(),
        )
        found = judge(
            expected_alerts(real_broker, scene.input), seen_alerts(real_broker, scene.alerts)
        )
    assert (found.missing, found.invented) == (set(), set())


def test_the_log_of_a_service_is_one_json_object_a_line(real_broker, tmp_path):
    with Scene(real_broker, tmp_path) as scene:
        service = scene.start_assigned()
        service.send(signal.SIGTERM)
        assert service.wait(60) == 0, service.tail()
    events = [json.loads(line)["event"] for line in service.output().splitlines()]
    assert events[-1] == "stopped"
