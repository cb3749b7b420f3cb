"""Alerts as rows: on a wide and on a narrow terminal, and what must not get through."""

import io
import json

import pytest
from rich.console import Console

from matcher.cli.alert_table import AlertTable


def body(**event) -> bytes:
    values = {
        "devicetime": 1773478961000,
        "starttime": 0,
        "qidname": "CreateUser",
        "username": "alice",
        "sourceip": "192.0.2.1",
        "logsourcename": "Amazon AWS CloudTrail @ 111122223333",
        **event,
    }
    return json.dumps({"rule": {"id": "r-1", "severity": "high"}, "event": values}).encode()


def printed(width: int, *bodies: bytes) -> list[str]:
    out = io.StringIO()
    table = AlertTable(Console(file=out, width=width))
    for alert in bodies:
        table.add(alert)
    return out.getvalue().splitlines()


def test_one_heading_and_a_row_an_alert():
    heading, first, second = printed(150, body(), body(username="bob"))
    assert heading.split("  ")[0] == "time (UTC)"
    for text in (
        "2026-03-14 09:02:41",
        "high",
        "r-1",
        "CreateUser",
        "alice",
        "192.0.2.1",
        "CloudTrail @ 1111",
    ):
        assert text in first
    assert "bob" in second


def test_a_narrow_terminal_keeps_one_line_an_alert():
    lines = printed(80, body(username="a" * 300))
    assert len(lines) == 2
    assert all(len(line) <= 80 for line in lines)
    assert "192.0.2.1" in lines[1]
    assert "log source" not in lines[0]
    assert lines[1].startswith("03-14 09:02:41  high")


LONG = "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE"


@pytest.mark.parametrize(("width", "lines"), [(80, 2), (130, 2), (240, 1)])
def test_a_long_action_is_readable_to_its_end(width, lines):
    out = io.StringIO()
    table = AlertTable(Console(file=out, width=width, force_terminal=True, color_system=None))
    table.add(body(qidname=LONG))
    rows = out.getvalue().splitlines()[1:]
    assert len(rows) == lines
    assert rows[-1].endswith(LONG)
    assert all(len(row) <= width for row in rows)
    assert printed(80, body(qidname=LONG))[1].endswith(LONG)


def test_a_block_of_alerts_stands_in_the_order_of_time():
    out = io.StringIO()
    table = AlertTable(Console(file=out, width=150), block=3)
    for second in (3, 1, 2, 5, 4):
        table.add(body(devicetime=second * 1000))
    assert [line[17:19] for line in out.getvalue().splitlines()[1:]] == ["01", "02", "03"]
    table.flush()
    assert [line[17:19] for line in out.getvalue().splitlines()[4:]] == ["04", "05"]
    assert table.severities == {"high": 5}


@pytest.mark.parametrize("text", ["a\x1b[31mred", "a\nb", "a\rb", "a\x07b", "a\u202eb"])
def test_control_characters_of_an_event_do_not_reach_the_terminal(text):
    lines = printed(150, body(username=text))
    assert len(lines) == 2
    assert "\ufffd" in lines[1]
    assert not any(letter in lines[1] for letter in "\x1b\r\x07\u202e")


def test_markup_of_an_event_is_shown_as_text():
    assert "[red]x[/red]" in printed(150, body(username="[red]x[/red]"))[1]


def test_what_is_null_is_a_dash_and_a_time_beyond_the_calendar_is_a_number():
    row = printed(150, body(username=None, sourceip=None, devicetime=10**17))[1]
    assert "  -  " in row
    assert "1000000000000" in row


def test_an_event_without_a_time_of_its_own_shows_its_records():
    row = printed(150, body(devicetime=None, starttime=1773478961000))[1]
    assert row.startswith("2026-03-14 09:02:41")


def test_of_a_rule_whose_id_is_a_uuid_the_title_is_shown():
    alert = json.loads(body())
    alert["rule"] |= {"id": "0b8d4f5e-3f56-4c8d-9d2a-2f0d6f0a1111", "title": "A user\twas made"}
    row = printed(150, json.dumps(alert).encode())[1]
    assert "A user\ufffdwas made" in row
    assert "0b8d4f5e" not in row
