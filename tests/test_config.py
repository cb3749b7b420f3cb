"""Where settings come from, what is said of wrong ones, and that no secret is ever shown."""

import os
import tomllib
from pathlib import Path

import pytest

from matcher.config import KafkaSettings, SecuritySettings, Settings, load_settings, parse_time
from matcher.config.document import MASK, effective_toml, settings_page
from matcher.config.loading import leaves
from matcher.errors import EXIT_CONFIG, ConfigError

SECRET = "hunter2-correct-horse"  # noqa: S105 - it must show up nowhere


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("MATCHER_"):
            monkeypatch.delenv(name)


def wrong(config=None, options=None) -> list[str]:
    """The lines of the one message, without its heading."""
    with pytest.raises(ConfigError) as caught:
        load_settings(config, options)
    assert caught.value.exit_code == EXIT_CONFIG
    assert SECRET not in str(caught.value)
    heading, *lines = str(caught.value).splitlines()
    number = "1 setting is" if len(lines) == 1 else f"{len(lines)} settings are"
    assert heading == f"{number} wrong:"
    return [line.strip() for line in lines]


def test_defaults_are_usable_and_raise_no_warning():
    found = load_settings()
    assert found.settings == Settings()
    assert found.warnings == ()


def test_a_constructor_call_does_not_read_the_environment(monkeypatch):
    monkeypatch.setenv("MATCHER_HTTP__PORT", "1")
    assert Settings().http.port == 9095


def test_option_beats_environment_beats_file_beats_default(monkeypatch, tmp_path):
    file = tmp_path / "m.toml"
    file.write_text('[input]\ngroup = "file"\nmax_records = 7\n[http]\nport = 1\n[kafka]\n')
    monkeypatch.setenv("MATCHER_CONFIG", str(file))
    monkeypatch.setenv("MATCHER_INPUT__GROUP", "environment")
    monkeypatch.setenv("MATCHER_HTTP__PORT", "2")
    settings = load_settings(options={"http.port": ("--http-port", 3)}).settings
    assert settings.http.port == 3
    assert settings.input.group == "environment"
    assert settings.input.max_records == 7
    assert settings.input.start == "earliest"


def test_the_config_option_beats_the_variable(monkeypatch, tmp_path):
    named, given = tmp_path / "named.toml", tmp_path / "given.toml"
    named.write_text('[input]\ngroup = "named"\n')
    given.write_text('[input]\ngroup = "given"\n')
    monkeypatch.setenv("MATCHER_CONFIG", str(named))
    assert load_settings(given).settings.input.group == "given"


def test_lists_are_separated_by_commas_in_the_environment(monkeypatch):
    monkeypatch.setenv("MATCHER_INPUT__TOPICS", "a, b")
    monkeypatch.setenv("MATCHER_RULES__PATHS", "/one,/two")
    settings = load_settings().settings
    assert settings.input.topics == ("a", "b")
    assert settings.rules.paths == (Path("/one"), Path("/two"))


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("MATCHER_OUTPUT__FORWARD_TOPIC", "")
    assert load_settings().settings.output.forward_topic is None


def test_a_secret_comes_from_a_file(monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__USERNAME", "u")
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PASSWORD_FILE", str(file))
    password = load_settings().settings.kafka.security.password
    assert password is not None
    assert password.get_secret_value() == SECRET


def test_a_secret_file_may_be_named_in_the_toml_file(tmp_path):
    (tmp_path / "p").write_text(SECRET)
    config = tmp_path / "m.toml"
    config.write_text(
        f'[kafka.security]\nprotocol = "SASL_SSL"\nusername = "u"\npassword_file = "{tmp_path}/p"\n'
    )
    password = load_settings(config).settings.kafka.security.password
    assert password is not None
    assert password.get_secret_value() == SECRET


def test_every_error_is_in_the_one_message_with_place_value_and_what_is_allowed(
    monkeypatch, tmp_path
):
    file = tmp_path / "m.toml"
    file.write_text('[kafka]\nsesion_timeout = 6\n[serivce]\nlog_level = "info"\n')
    monkeypatch.setenv("MATCHER_HTTP__PORT", "abc")
    monkeypatch.setenv("MATCHER_INPUT__START", "yesterday")
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PASWORD", SECRET)
    monkeypatch.setenv("MATCHER_KAFAK__CLIENT_ID", SECRET)
    monkeypatch.setenv("MATCHER_HTTP_HOST", "::")
    monkeypatch.setenv("MATCHER_OUTPUT__ALERT_TOPIC", "cloud-audit")
    lines = wrong(file, {"service.log_level": ("--log-level", "loud")})
    expected = [
        (
            "MATCHER_KAFAK__CLIENT_ID (environment): no such setting; "
            "did you mean MATCHER_KAFKA__CLIENT_ID?"
        ),
        "MATCHER_HTTP_HOST (environment): no such setting; did you mean MATCHER_HTTP__HOST?",
        (
            "kafka.security.pasword (environment MATCHER_KAFKA__SECURITY__PASWORD): "
            "no such setting; did you mean password?"
        ),
        f"kafka.sesion_timeout ({file}): no such setting; did you mean session_timeout?",
        f"serivce ({file}): no such setting; did you mean service?",
        (
            "http.port (environment MATCHER_HTTP__PORT): 'abc': "
            "it should be a valid integer, unable to parse string as an integer"
        ),
        (
            "input.start (environment MATCHER_INPUT__START): 'yesterday': "
            "give earliest, latest, or an ISO 8601 time such as 2026-01-31T08:00:00Z"
        ),
        (
            "service.log_level (option --log-level): 'loud': "
            "it should be 'debug', 'info', 'warning' or 'error'"
        ),
        (
            "output.alert_topic (environment MATCHER_OUTPUT__ALERT_TOPIC), input.topics (default): "
            "'cloud-audit' is read too: its own input for ever"
        ),
    ]
    assert sorted(lines) == sorted(expected)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KAFKA__SECURITY", SECRET, ("kafka.security (environment MATCHER_KAFKA__SECURITY): "
         "this is a section: set the settings in it")),
        ("KAFKA__BOOTSTRAP_SERVERS", "kafka", "give host:port, several separated by commas"),
        ("KAFKA__BOOTSTRAP_SERVERS", "a:1,b:70000", "give host:port"),
        ("KAFKA__SESSION_TIMEOUT", "0", "it should be greater than 0"),
        ("INPUT__TOPICS", "good,not good", "a topic's name is 1 to 249"),
        ("OUTPUT__ALERT_SEVERITY", "urgent", "'informational', 'low', 'medium', 'high' or"),
        ("HTTP__PORT", "65536", "it should be less than or equal to 65535"),
    ],
)  # fmt: skip
def test_a_wrong_value(monkeypatch, variable, value, said):
    monkeypatch.setenv(f"MATCHER_{variable}", value)
    (line,) = wrong()
    assert said in line
    assert f"(environment MATCHER_{variable})" in line


@pytest.mark.parametrize("servers", ["kafka:9092", "10.0.0.1:1,b.example:2", "[2001:db8::1]:9092"])
def test_good_servers(monkeypatch, servers):
    monkeypatch.setenv("MATCHER_KAFKA__BOOTSTRAP_SERVERS", servers)
    assert load_settings().settings.kafka.bootstrap_servers == servers


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kafka.security.protocol": "SASL_SSL"}, ["kafka.security.username", "password"]),
        ({"kafka.security.username": "u"}, ["kafka.security.protocol", "logs nobody in"]),
        ({"kafka.security.protocol": "SSL", "kafka.security.certificate_file": "pyproject.toml"},
         ["kafka.security.key_file", "a certificate needs its key"]),
        ({"kafka.security.protocol": "SSL", "kafka.security.key_file": "pyproject.toml"},
         ["a key needs its certificate"]),
        ({"kafka.security.protocol": "SSL", "kafka.security.key_password": SECRET},
         ["a key's password needs the key"]),
        ({"kafka.security.protocol": "SSL", "kafka.security.ca_file": "/nowhere/ca.pem"},
         ["there is no file /nowhere/ca.pem"]),
        ({"kafka.security.ca_file": "pyproject.toml"}, ["uses no certificates"]),
        ({"catalogue.directory": "/nowhere"}, ["there is no directory /nowhere"]),
        ({"output.alert_topic": "cloud-audit"}, ["input.topics (default)", "is read too"]),
        ({"output.signals_topic": "cloud-audit-alerts"}, ["serves two purposes"]),
        ({"input.topics": ["a", "a"]}, ["named twice"]),
        ({"alert.max_bytes": 1_048_576}, ["output.max_request_bytes (default)", "does not fit"]),
        ({"output.max_batch_bytes": 2_000_000}, ["a batch must fit into a request"]),
        ({"kafka.heartbeat_interval": 6}, ["at most a third"]),
        ({"service.slice_seconds": 3}, ["no heartbeat is sent while a slice runs"]),
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other(changed, said):
    lines = wrong(options={name: ("--set", value) for name, value in changed.items()})
    for text in said:
        assert any(text in line for line in lines), lines


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kafka.commit_timeout": 12}, "kafka.commit_timeout (option --set): 12 s is not above"),
        ({"output.send_timeout": 5}, "output.send_timeout (option --set): 5 s is not above"),
        ({"kafka.rebalance_timeout": 10}, "a rebalance gets less time than a session"),
        ({"kafka.security.protocol": "SASL_PLAINTEXT", "kafka.security.mechanism": "PLAIN",
          "kafka.security.username": "u", "kafka.security.password": SECRET},
         "the password travels in the clear"),
    ],
)  # fmt: skip
def test_what_is_unwise_is_a_warning(changed, said):
    found = load_settings(options={name: ("--set", value) for name, value in changed.items()})
    (warning,) = found.warnings
    assert said in warning
    assert SECRET not in warning


def test_a_wrong_setting_is_not_blamed_a_second_time_for_what_follows_from_it(monkeypatch):
    monkeypatch.setenv("MATCHER_KAFKA__SESSION_TIMEOUT", "short")
    monkeypatch.setenv("MATCHER_KAFKA__HEARTBEAT_INTERVAL", "14")
    (line,) = wrong()
    assert line.startswith("kafka.session_timeout")


def test_kubernetes_service_links_are_no_settings(monkeypatch):
    for name, value in {
        "MATCHER_SERVICE_HOST": "192.0.2.1",
        "MATCHER_SERVICE_PORT": "9095",
        "MATCHER_SERVICE_PORT_HTTP": "9095",
        "MATCHER_PORT": "tcp://192.0.2.1:9095",
        "MATCHER_HTTP_PORT": "tcp://192.0.2.1:9095",
        "MATCHER_PORT_9095_TCP_ADDR": "192.0.2.1",
        "MATCHER_CORPUS": "/c",
        "MATCHER_REQUIRE_KAFKA": "1",
        "MATCHER_KAFKA_CACHE": "/k",
    }.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == load_settings()
    assert load_settings().warnings == ()


def test_an_unknown_variable_that_resembles_nothing_is_a_warning(monkeypatch):
    monkeypatch.setenv("MATCHER_OWNER", "soc")
    assert load_settings().warnings == ("MATCHER_OWNER (environment): no setting of ours; ignored",)


@pytest.mark.parametrize(
    ("text", "said"), [("[kafka\n", "is no TOML"), (None, "cannot be read: No such file")]
)
def test_a_config_file_that_cannot_be_used(tmp_path, text, said):
    file = tmp_path / "m.toml"
    if text is not None:
        file.write_text(text)
    (line,) = wrong(file)
    assert line.startswith(f"{file}: {said}")


@pytest.mark.parametrize("text", [None, ""])
def test_a_secret_file_that_cannot_be_used(monkeypatch, tmp_path, text):
    file = tmp_path / "p"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PASSWORD_FILE", str(file))
    lines = wrong()
    assert "kafka.security.password_file (environment" in lines[0]


def test_a_secret_that_is_given_twice(monkeypatch, tmp_path):
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PASSWORD_FILE", str(tmp_path / "p"))
    monkeypatch.setenv("MATCHER_KAFKA__SECURITY__PASSWORD", SECRET)
    assert any("give one of them" in line for line in wrong())


def test_the_settings_page_is_the_classes():
    page = Path("docs/settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: python -m matcher.config > docs/settings.md"
    for path, _ in leaves(Settings):
        assert f"`{'.'.join(path)}`" in page


def test_every_setting_says_what_it_means():
    unexplained = [path for path, field in leaves(Settings) if not field.description]
    assert unexplained == []


def test_the_settings_in_effect_read_back_and_hide_secrets(tmp_path):
    security = SecuritySettings(
        protocol="SASL_SSL", username='a "name"', password=SECRET, key_file=Path("/k")
    )
    text = effective_toml(Settings(kafka=KafkaSettings(security=security)))
    assert SECRET not in text
    values = tomllib.loads(text)
    assert values["kafka"]["security"]["password"] == MASK
    assert values["kafka"]["security"]["username"] == 'a "name"'
    assert values["input"]["topics"] == ["cloud-audit"]
    assert "signals_topic" not in values["output"]
    del values["kafka"]["security"]
    file = tmp_path / "again.toml"
    file.write_text(effective_toml(Settings()))
    assert load_settings(file).settings == Settings()


def test_times_are_utc_unless_they_say_otherwise():
    assert parse_time("1970-01-01T00:00:01") == parse_time("1970-01-01T01:00:01+01:00") == 1000


@pytest.mark.parametrize("address", ["user:pass@host:9092", "SASL://me:s3cret@host", "me:s3cret@"])
def test_a_password_before_an_address_is_never_echoed(address):
    with pytest.raises(ConfigError) as refused:
        load_settings(options={"kafka.bootstrap_servers": ("--bootstrap-servers", address)})
    said = str(refused.value)
    assert "give host:port" in said
    assert "user and password have settings of their own" in said
    assert "pass@" not in said
    assert "s3cret" not in said
