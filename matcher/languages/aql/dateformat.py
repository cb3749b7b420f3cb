"""DATEFORMAT's patterns: the letters of Java's SimpleDateFormat (docs/reference/aql.md).

Names are English. Weeks are those of the United States: a week begins on Sunday, and the week of 1
January is the first. A console in English does the same. The time zone is the console's.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(
    r"''"
    r"|'(?P<quoted>(?:[^']|'')*)'"
    r"|(?P<letters>(?P<letter>[a-zA-Z])(?P=letter)*)"
    r"|(?P<other>.)",
    re.DOTALL,
)

_DECEMBER, _LAST_OF_DECEMBER = 12, 31
_TEXT_FROM = 4
"""With this many letters or more a name is written in full."""
_NAMED_MONTH_FROM = 3
_MOST_ZONE_LETTERS = 3

Piece = Callable[[datetime], str]


def date_format(milliseconds: int, pattern: str, zone: tzinfo = UTC) -> str | None:
    """A time written in a pattern and a zone; None for a time outside the years 1 to 9999.

    Raises ValueError if the pattern is invalid (see :func:`pieces`).
    """
    # a pattern without "S" writes one text for the whole of a second, and alerts come in bursts
    within_second = 0 if "S" in pattern else milliseconds % 1000
    return _written(milliseconds - within_second, pattern, zone)


@lru_cache(maxsize=4096)
def _written(milliseconds: int, pattern: str, zone: tzinfo) -> str | None:
    try:
        moment = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)
    except OverflowError:
        return None
    return "".join(piece(moment) for piece in pieces(pattern))


@lru_cache(maxsize=256)
def pieces(pattern: str) -> tuple[Piece, ...]:
    """The parts of a pattern. Raises ValueError, as Java does, for a letter without a meaning
    and for a quote that is not closed.
    """
    return tuple(_piece(token) for token in _TOKEN.finditer(pattern))


def _piece(token: re.Match[str]) -> Piece:
    letter, letters = token["letter"], token["letters"]
    if letter is None:
        return _literal(token)
    if letter in _NUMBERS:
        number, width = _NUMBERS[letter], len(letters)
        return lambda moment: str(number(moment)).zfill(width)
    if letter in _WORDS:
        return _WORDS[letter](len(letters))
    raise ValueError(f"the letter '{letter}' has no meaning in a date pattern")


def _literal(token: re.Match[str]) -> Piece:
    if token["other"] == "'":
        raise ValueError("a quote in the date pattern is not closed")
    if token["quoted"] is not None:
        text = token["quoted"].replace("''", "'")
    else:
        text = token["other"] or "'"
    return lambda _moment: text


def _year(width: int) -> Piece:
    return lambda moment: _cut_year(moment.year, width)


def _week_year(width: int) -> Piece:
    return lambda moment: _cut_year(_week_of_year(moment)[0], width)


def _cut_year(year: int, width: int) -> str:
    return f"{year % 100:02}" if width == 2 else str(year).zfill(width)  # noqa: PLR2004 - yy


def _month(width: int) -> Piece:
    if width < _NAMED_MONTH_FROM:
        return lambda moment: str(moment.month).zfill(width)
    return lambda moment: _name(_MONTHS[moment.month - 1], width)


def _day_name(width: int) -> Piece:
    return lambda moment: _name(_DAYS[moment.weekday()], width)


def _name(name: str, width: int) -> str:
    return name if width >= _TEXT_FROM else name[:3]


def _iso_zone(width: int) -> Piece:
    if width > _MOST_ZONE_LETTERS:
        raise ValueError("X stands at most three times in a date pattern")
    return lambda moment: _offset(moment, width)


def _offset(moment: datetime, width: int) -> str:
    """``Z`` for UTC, else ``+01``, ``+0100`` or ``+01:00``, depending on the number of letters."""
    written = f"{moment:%z}"[:5]
    if written == "+0000":
        return "Z"
    hours, minutes = written[:3], written[3:]
    return hours + ("" if width == 1 else ":" * (width == _MOST_ZONE_LETTERS) + minutes)


def _zone_name(width: int) -> Piece:
    return lambda moment: _named_zone(moment, width)


def _named_zone(moment: datetime, width: int) -> str:
    """The zone's short name; a long name is known only for UTC."""
    name = moment.tzname() or ""
    return "Coordinated Universal Time" if name == "UTC" and width >= _TEXT_FROM else name


def _after_sunday(moment: datetime) -> int:
    return (moment.weekday() + 1) % 7


def _week_of_year(moment: datetime) -> tuple[int, int]:
    """The year that the week belongs to, and the week's number in that year."""
    days_left = 6 - _after_sunday(moment)
    if moment.month == _DECEMBER and moment.day + days_left > _LAST_OF_DECEMBER:
        return moment.year + 1, 1
    first = moment.replace(month=1, day=1)
    return moment.year, (moment.timetuple().tm_yday - 1 + _after_sunday(first)) // 7 + 1


def _week_of_month(moment: datetime) -> int:
    return (moment.day - 1 + _after_sunday(moment.replace(day=1))) // 7 + 1


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "d": lambda moment: moment.day,
    "D": lambda moment: moment.timetuple().tm_yday,
    "F": lambda moment: (moment.day - 1) // 7 + 1,
    "u": lambda moment: moment.isoweekday(),
    "w": lambda moment: _week_of_year(moment)[1],
    "W": _week_of_month,
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "K": lambda moment: moment.hour % 12,
    "h": lambda moment: moment.hour % 12 or 12,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
    "S": lambda moment: moment.microsecond // 1000,
}
_WORDS: dict[str, Callable[[int], Piece]] = {
    "G": lambda _width: lambda _moment: "AD",
    "y": _year,
    "Y": _week_year,
    "M": _month,
    "L": _month,
    "E": _day_name,
    "a": lambda _width: lambda moment: "AM" if moment.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "z": _zone_name,
    "Z": lambda _width: lambda moment: f"{moment:%z}"[:5],
    "X": _iso_zone,
}
