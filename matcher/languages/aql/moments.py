"""Times as AQL writes them: START, STOP and PARSEDATETIME (docs/reference/aql.md)."""

import re
from datetime import UTC, datetime, tzinfo

MINUTE = 60_000
_UNITS = {"second": 1000, "minute": MINUTE, "hour": 3_600_000, "day": 86_400_000}
_UNITS["week"] = 7 * _UNITS["day"]

_AGO = re.compile(r"(?P<amount>\d{1,9})\s+(?P<unit>second|minute|hour|day|week)s?\s+ago", re.ASCII)
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d)(?P<zone>[Zz])?"
    r"|(?P<date1>\d{4}-\d\d-\d\d) (?P<time1>\d\d:\d\d:\d\d)"
    r"|(?P<date2>\d{4}/\d\d/\d\d)[ -](?P<time2>\d\d:\d\d:\d\d)"
    r"|(?P<date3>\d{4}:\d\d:\d\d)-(?P<time3>\d\d:\d\d:\d\d)",
    re.ASCII,
)


def milliseconds_ago(text: str) -> int | None:
    """The milliseconds that ``3 hours ago`` and ``now`` lie in the past; None for any
    other text.
    """
    lowered = text.strip().lower()
    if lowered == "now":
        return 0
    found = _AGO.fullmatch(lowered)
    return None if found is None else int(found["amount"]) * _UNITS[found["unit"]]


def moment(text: str, zone: tzinfo) -> int | None:
    """Epoch milliseconds of a date in one of the documented forms; None for any other text.

    The forms are ``yyyy-MM-dd HH:mm`` with or without ``Z`` (UTC), ``yyyy-MM-dd HH:mm:ss``,
    ``yyyy/MM/dd HH:mm:ss``, ``yyyy/MM/dd-HH:mm:ss`` and ``yyyy:MM:dd-HH:mm:ss``.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    date, time = (part for part in found.groups() if part and part not in "Zz")
    written = f"{re.sub('[/:]', '-', date)}T{time}"
    try:
        local = datetime.fromisoformat(written).replace(tzinfo=UTC if found["zone"] else zone)
        return int(local.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def whole_minutes(start: int, stop: int) -> tuple[int, int]:
    """The period in whole minutes: from the beginning of the minute of ``start`` to the end of the
    minute of ``stop``.

    A ``stop`` at a full minute is itself the end. The second time is the first that is outside.
    """
    return start // MINUTE * MINUTE, -(-stop // MINUTE) * MINUTE
