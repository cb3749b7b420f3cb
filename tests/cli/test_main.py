"""The program as a whole: its commands, its help, its exit codes."""

import re
import subprocess
import sys

import pytest

from matcher import errors
from matcher.cli.main import _program, main
from matcher.errors import EXIT_CONFIG, EXIT_KAFKA, EXIT_RULES, EXIT_USAGE, MatcherError
from tests.cli.program import ROOT, run

COMMANDS = ("run", "scan", "check", "test", "explain", "convert", "replay", "demo", "health")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(capsys, command):
    assert main([command, "--help"]) == 0
    assert f"matcher {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_width_alone_decides_where_a_help_text_breaks(command):
    text = _program().commands[command].help
    assert text
    assert not re.search(r"[^\n]\n[^\n]", text)


def test_the_exit_codes_are_documented():
    text = (ROOT / "docs" / "exit-codes.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    defined = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert documented == defined | {MatcherError.exit_code, 130}


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["nonsense"], {}, EXIT_USAGE, "No such command"),
        (["scan"], {}, EXIT_USAGE, "Missing argument"),
        (["replay"], {}, EXIT_USAGE, "replay needs files, or --bundled"),
        (["replay", "gone.json"], {}, EXIT_USAGE, "no such file or directory: gone.json"),
        (["run"], {"MATCHER_HTTP__PORT": "no", "MATCHER_INPUT__START": "no"}, EXIT_CONFIG,
         "2 settings are wrong:"),
        (["run", "--config", "gone.toml"], {}, EXIT_CONFIG, "gone.toml: cannot be read"),
        (["run"], {"MATCHER_RULES__PATHS": "gone"}, EXIT_USAGE, "gone"),
        (["run"], {"MATCHER_RULES__PATHS": "tests/cli"}, EXIT_USAGE, "no rule file"),
        (["run", "--bootstrap-servers", "127.0.0.1:1", "--http-port", "0",
          "--set", "kafka.start_timeout=2"], {}, EXIT_KAFKA, "cannot reach Kafka at 127.0.0.1:1"),
        (["replay", "--bundled", "--bootstrap-servers", "127.0.0.1:1",
          "--set", "kafka.start_timeout=2"], {}, EXIT_KAFKA, "cannot reach Kafka at 127.0.0.1:1"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_message_and_a_code(arguments, settings, code, said):
    done = run(*arguments, **settings)
    text = done.stderr.decode()
    assert said in text
    assert "Traceback" not in text
    assert done.returncode == code


def test_a_bad_rule_stops_the_service(tmp_path):
    (tmp_path / "bad.yml").write_text("id: [")
    done = run("run", "--rules", tmp_path)
    assert done.returncode == EXIT_RULES
    assert b"bad.yml" in done.stderr


def test_print_config_masks_secrets(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("correct-horse")
    done = run(
        "run",
        "--print-config",
        "--topic",
        "a",
        "--topic",
        "b",
        "--set",
        "kafka.commit_timeout=5",
        MATCHER_KAFKA__SECURITY__PROTOCOL="SASL_SSL",
        MATCHER_KAFKA__SECURITY__USERNAME="u",
        MATCHER_KAFKA__SECURITY__PASSWORD_FILE=str(secret),
    )
    assert done.returncode == 0
    text = done.stdout.decode()
    assert 'topics = ["a", "b"]' in text
    assert 'password = "********"' in text
    assert b"correct-horse" not in done.stdout + done.stderr
    assert b"warning: kafka.commit_timeout (option --set): 5 s" in done.stderr


def test_a_command_imports_what_it_needs_alone():
    asks = (
        "import sys; from matcher.cli.main import main; main(['scan', '--help']);"
        "sys.exit(' '.join({'aiokafka', 'uvicorn', 'prometheus_client'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", asks]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert ended.stderr.strip() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "--bundled"],
        ["offsets", "skip", "--topic", "t", "--partition", "0", "--to", "1"],
    ],
)
def test_what_the_kafka_client_logs_is_not_in_the_answer(arguments):
    done = run(*arguments, "--bootstrap-servers", "127.0.0.1:1", "--set", "kafka.start_timeout=1")
    assert done.returncode == EXIT_KAFKA
    assert b"kafka_not_reached_yet" in done.stderr
    assert done.stdout == b""
