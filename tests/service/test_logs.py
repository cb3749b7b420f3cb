"""Log lines: one entry a line, in both formats, with no secret in any of them."""

import io
import json
import logging

import pytest
import structlog

from matcher.config import KafkaSettings, SecuritySettings, ServiceSettings, Settings
from matcher.service import logs

SECRET = 'pass"word\\1'  # noqa: S105 - one that JSON has to escape


@pytest.fixture(autouse=True)
def restored_logging():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def configured(**service) -> io.StringIO:
    settings = Settings(
        kafka=KafkaSettings(security=SecuritySettings(password=SECRET)),
        service=ServiceSettings(**service),
    )
    out = io.StringIO()
    logs.configure(settings.service, logs.secrets_of(settings), out)
    return out


def fail(text: str) -> None:
    raise ValueError(text)


def test_json_lines_hold_the_event_and_its_fields():
    out = configured()
    structlog.get_logger("ours").info("reading", topic="t", count=3)
    logging.getLogger("theirs").warning("slow %s", "answer")
    ours, theirs = map(json.loads, out.getvalue().splitlines())
    assert ours["event"] == "reading"
    assert (ours["topic"], ours["count"], ours["level"], ours["logger"]) == ("t", 3, "info", "ours")
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"]) == ("slow answer", "warning")


def test_the_level_is_the_least_that_is_written():
    out = configured(log_level="error")
    structlog.get_logger("ours").warning("not this")
    structlog.get_logger("ours").error("this")
    assert len(out.getvalue().splitlines()) == 1


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_secret_is_masked_wherever_it_stands(log_format):
    out = configured(log_format=log_format)
    log = structlog.get_logger("ours")
    sentence = f"said {SECRET}"
    log.info(sentence, field=SECRET)
    logging.getLogger("theirs").error("login with %s failed", SECRET)
    try:
        fail(SECRET)
    except ValueError:
        log.exception("failed")
    text = out.getvalue()
    assert text.count("********") >= 4
    assert SECRET not in text
    assert json.dumps(SECRET)[1:-1] not in text
    assert repr(SECRET)[1:-1] not in text


def test_an_exception_stands_in_the_line_of_its_entry():
    out = configured()
    try:
        fail("broken")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    (line,) = out.getvalue().splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_the_web_servers_chatter_is_left_out():
    out = configured()
    logging.getLogger("uvicorn.error").info("Started server process [1]")
    assert out.getvalue() == ""
