"""Reads the time of an event, in any of the forms seen in real logs."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 64

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})[Tt ](?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r":(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))? ?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_AMERICAN = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}),? (?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r":(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?(?:[ \u00a0\u202f](?P<half>[AaPp])[Mm])?"
    r" ?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_DIGITS = re.compile(r"\d{10,19}(?:\.\d{1,9})?", re.ASCII)

# The size of an epoch number tells its unit: 10^8 seconds are in 1973, 10^11 seconds in 5138.
_UNITS = ((10**8, 10**11, 1000, 1), (10**11, 10**14, 1, 1), (10**14, 10**17, 1, 1000))
_NANOSECONDS = (10**17, 10**20, 1, 10**6)


def milliseconds(found: Any) -> int | None:
    """Epoch milliseconds UTC, finer digits cut off; None if the value is not a time.

    Accepted are ISO 8601 with ``T`` or a blank, 0 to 9 fractional digits, an offset, ``Z`` or
    neither (UTC), and a one-digit hour; ``month/day/year`` with or without AM and PM; epoch
    seconds, milli-, micro- or nanoseconds as a number or as text.
    """
    if isinstance(found, str):
        return _of_text(found)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return _of_number(found)
    return None


def _of_text(found: str) -> int | None:
    if len(found) > _LONGEST:
        return None
    if len(found) >= 19:  # noqa: PLR2004 - 2021-07-29T23:53:26; a date alone is no time
        try:
            return _since_epoch(datetime.fromisoformat(found))
        except ValueError:
            pass
    found = found.strip()
    if match := _ISO.fullmatch(found) or _AMERICAN.fullmatch(found):
        return _of_parts(match.groupdict())
    return _of_number(float(found)) if _DIGITS.fullmatch(found) else None


def _since_epoch(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def _of_parts(parts: dict[str, str | None]) -> int | None:
    def number(name: str) -> int:
        return int(parts[name] or 0)

    hour = number("hour")
    half = parts.get("half")
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - the hours of a 12-hour clock
            return None
        hour = hour % 12 + (12 if half in "Pp" else 0)
    try:
        moment = datetime(
            number("year"),
            number("month"),
            number("day"),
            hour,
            number("minute"),
            number("second"),
            int((parts["fraction"] or "").ljust(6, "0")[:6]),
            _zone(parts["zone"]),
        )
        return _since_epoch(moment)
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if not written or written in "Zz":
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)


def _of_number(found: float) -> int | None:
    for low, high, times, by in (*_UNITS, _NANOSECONDS):
        if low <= found < high:
            return int(found * times) // by
    return None
