"""The settings of every aiokafka client, and how its log lines and its waits are handled."""

import asyncio
import logging

import pytest
import structlog
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError
from pydantic import SecretStr

from matcher.config import InputSettings, KafkaSettings, OutputSettings, SecuritySettings
from matcher.errors import ConfigError, KafkaUnreachable
from matcher.metrics import CLIENT_LOG_MESSAGES
from matcher.stream.client import (
    ClientLog,
    closed,
    connection_settings,
    consumer_settings,
    explain,
    producer_settings,
    started,
    within,
)
from tests.fakes.recorder import MemoryRecorder

log = logging.getLogger("aiokafka.client")


def test_the_consumer_never_commits_or_resets_by_itself():
    settings = consumer_settings(KafkaSettings(), InputSettings())
    assert settings["enable_auto_commit"] is False
    assert settings["auto_offset_reset"] == "none"
    assert settings["client_rack"] is None
    assert settings["max_poll_records"] == 500
    assert settings["session_timeout_ms"] == 15_000
    assert not any(name.endswith("_deserializer") for name in settings)


def test_partitions_that_are_added_are_seen_within_half_a_minute():
    settings = consumer_settings(KafkaSettings(), InputSettings())
    assert settings["metadata_max_age_ms"] == 30_000


def test_the_producer_is_idempotent_and_waits_for_all():
    settings = producer_settings(KafkaSettings(), OutputSettings(), 1000)
    assert settings["enable_idempotence"] is True
    assert settings["acks"] == "all"
    assert settings["compression_type"] == "zstd"
    assert settings["max_batch_size"] == 1000
    none = producer_settings(KafkaSettings(), OutputSettings(compression="none"), 1000)
    assert none["compression_type"] is None


def test_a_password_is_handed_on_and_a_missing_one_is_an_error():
    security = SecuritySettings(protocol="SASL_PLAINTEXT", username="u", password=SecretStr("p"))
    settings = connection_settings(KafkaSettings(security=security))
    assert (settings["sasl_plain_username"], settings["sasl_plain_password"]) == ("u", "p")
    with pytest.raises(ConfigError, match=r"kafka\.security\.password"):
        connection_settings(
            KafkaSettings(security=SecuritySettings(protocol="SASL_PLAINTEXT", username="u"))
        )
    assert "sasl_mechanism" not in connection_settings(KafkaSettings())


def test_a_client_certificate_that_is_none_is_named(tmp_path):
    bad = tmp_path / "client.pem"
    bad.write_text("nothing")
    security = SecuritySettings(protocol="SSL", certificate_file=bad, key_file=bad)
    with pytest.raises(ConfigError, match=r"certificate_file .*client\.pem"):
        connection_settings(KafkaSettings(security=security))


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("[Error 58] SaslAuthenticationFailed: invalid", "user name or the password"),
        ("[Error 33] UnsupportedSaslMechanismError", "does not offer"),
        ("CERTIFICATE_VERIFY_FAILED: Hostname mismatch", "another host name"),
        ("CERTIFICATE_VERIFY_FAILED: self-signed", "not signed by the CA"),
        ("Connection at h:1 closed", "without TLS"),
        ('Unable connect to "h:1": ', "spoken to with TLS?"),
        ("Connect call failed ('127.0.0.1', 1)", "nothing listens"),
    ],
)
def test_a_reason_is_explained(reason, meaning):
    assert meaning in explain(reason)


def test_a_reason_that_is_new_stands_as_it_is():
    assert explain("something new") == "something new"


def test_a_message_that_repeats_is_counted_and_written_once():
    recorder = MemoryRecorder()
    with structlog.testing.capture_logs() as written, ClientLog(recorder):
        for node in range(100):
            log.error("Unable connect to node with id %s: %s", node, "gone")
        log.warning("something else")
        log.info("not counted")
    assert recorder.value(CLIENT_LOG_MESSAGES, "error") == 100
    assert recorder.value(CLIENT_LOG_MESSAGES, "warning") == 1
    assert [(entry["message"], entry.get("left_out")) for entry in written] == [
        ("Unable connect to node with id 0: gone", None),
        ("something else", None),
        ("Unable connect to node with id %s: %s", 99),
    ]


def test_the_logger_is_given_back_as_it_was():
    root = logging.getLogger("aiokafka")
    before = (root.propagate, root.level, list(root.handlers))
    with ClientLog(MemoryRecorder()):
        assert root.propagate is False
    assert (root.propagate, root.level, list(root.handlers)) == before


async def test_a_start_that_hangs_ends_and_tells_what_was_logged():
    async def hang():
        log.error('Unable connect to "%s:%s": %s', "h", 1, "UnsupportedSaslMechanismError")
        await asyncio.Event().wait()

    kafka = KafkaSettings(bootstrap_servers="h:1", start_timeout=0.05)
    with ClientLog(MemoryRecorder()) as client_log, pytest.raises(KafkaUnreachable) as told:
        await started(kafka, client_log, "consumer", hang)
    assert str(told.value) == (
        "cannot reach Kafka at h:1 (PLAINTEXT):\n"
        '  Unable connect to "h:1": UnsupportedSaslMechanismError '
        "(the broker does not offer kafka.security.mechanism)"
    )


async def test_a_refused_connection_is_tried_again_until_a_broker_is_there(monkeypatch):
    monkeypatch.setattr("matcher.stream.client._START_AGAIN_SECONDS", 0)
    refusals = iter(range(3))

    async def start():
        for _ in refusals:
            log.error('Unable connect to "%s:%s": %s', "h", 1, "Connect call failed")
            raise KafkaConnectionError("Unable to bootstrap")
        return "connected"

    with structlog.testing.capture_logs() as written, ClientLog(MemoryRecorder()) as client_log:
        assert await started(KafkaSettings(), client_log, "consumer", start) == "connected"
    told = [entry for entry in written if entry["event"] == "kafka_not_reached_yet"]
    assert [(entry["what"], entry["trying_for"]) for entry in told] == [("consumer", 30.0)]


async def test_a_broker_that_refuses_us_for_good_is_asked_once():
    attempts = []

    async def start():
        attempts.append(1)
        log.error('Unable connect to "%s:%s": %s', "h", 1, "[Error 58] SaslAuthenticationFailed")
        raise KafkaConnectionError("Unable to bootstrap")

    with (
        ClientLog(MemoryRecorder()) as client_log,
        pytest.raises(KafkaUnreachable, match="refused the user name or the password"),
    ):
        await started(KafkaSettings(), client_log, "consumer", start)
    assert len(attempts) == 1


async def test_a_wait_without_an_answer_names_what_was_waited_for():
    with pytest.raises(KafkaTimeoutError, match=r"the moon: no answer within 0\.01 s"):
        await within(0.01, "the moon", asyncio.Event().wait())
    assert await within(1, "a value", asyncio.sleep(0, "it")) == "it"


async def test_a_close_that_hangs_raises_or_ends_as_if_cancelled_is_survived():
    async def hang():
        await asyncio.Event().wait()

    async def fail():
        raise RuntimeError("no")

    async def end_cancelled():
        raise asyncio.CancelledError

    assert await closed("x", hang(), 0.01) is False
    assert await closed("x", fail(), 1) is False
    assert await closed("x", end_cancelled(), 1) is False
    assert await closed("x", asyncio.sleep(0), 1) is True


async def test_our_own_cancellation_passes_through_a_close():
    async def hang():
        await asyncio.Event().wait()

    closing = asyncio.create_task(closed("x", hang(), 60))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
