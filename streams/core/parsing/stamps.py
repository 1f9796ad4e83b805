"""Reads the stamps that log lines carry themselves. Total: what is no date gives None. Knows no envelope and no clock."""

import re
from datetime import date
from math import isfinite

from streams.core import regex

_MONTHS = {
    name: number
    for number, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1)
}
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CLOCK = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?\ *(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
_CLF = regex.compiled(
    r"(?:[A-Z][a-z]{2},\ )?+([0-9]{1,2})[/\ ]([A-Z][a-z]{2})[/\ ]([0-9]{4})[:\ ]" + _CLOCK, re.VERBOSE
).fullmatch
_ISO = regex.compiled(r"([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]" + _CLOCK).fullmatch
_CACHE_SIZE = 4_096
_cache: dict[str, int | None] = {}

LATEST_NS = 1e20
# What an epoch number counts, by its size: until the year 5138 no two units overlap.
_EPOCH_UNITS = (
    (1e11, 1e3),  # seconds
    (1e14, 1.0),  # milliseconds
    (1e17, 1e-3),  # microseconds
    (LATEST_NS, 1e-6),  # nanoseconds
)


def clf_ms(stamp: str | float) -> int | None:
    """Read ``27/Nov/2024:06:21:42 +0000``, or ``Wed, 27 Nov 2024 06:21:42 GMT`` as in HTTP's headers (Vert.x).

    Many lines of one second share it, so it is remembered.
    """
    if not isinstance(stamp, str):
        return None
    try:
        return _cache[stamp]
    except KeyError:
        if len(_cache) > _CACHE_SIZE:
            _cache.clear()
        found = _cache[stamp] = _clf(stamp)
        return found


def iso_ms(stamp: str | float) -> int | None:
    """Read RFC 3339 and what looks like it (``2012-11-21 15:21:13 +0100``); without a zone it is read as UTC."""
    found = _ISO(stamp) if isinstance(stamp, str) else None
    if found is None:
        return None
    year, month, day, *clock = found.groups()
    return _ms(int(year), int(month), int(day), clock)


def epoch_ms(stamp: str | float) -> int | None:
    """Read a number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size."""
    try:
        number = float(stamp)
    except (ValueError, OverflowError):  # no number, or one beyond all measure
        return None
    if not isfinite(number) or number < 0:
        return None
    return next((round(number * unit) for below, unit in _EPOCH_UNITS if number < below), None)


def any_ms(stamp: str | float) -> int | None:
    """Read whichever of these a JSON document or a habit of one's own wrote."""
    if isinstance(stamp, str):
        found = iso_ms(stamp)
        if found is None:
            found = clf_ms(stamp)
        return epoch_ms(stamp) if found is None else found
    return epoch_ms(stamp)


def _clf(stamp: str) -> int | None:
    found = _CLF(stamp)
    if found is None:
        return None
    day, month, year, *clock = found.groups()
    return _ms(int(year), _MONTHS.get(month, 0), int(day), clock)


def _ms(year: int, month: int, day: int, clock: list[str | None]) -> int | None:
    hours, minutes, seconds = (int(part or 0) for part in clock[:3])
    if hours > 24 or minutes > 59 or seconds > 60:  # 60 is a leap second; 24:00:00 is the end of a day
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    fraction = int((clock[3] or "0")[:3].ljust(3, "0"))
    return ((days * 24 + hours) * 3_600 + minutes * 60 + seconds - _zone_seconds(clock[4] or "Z")) * 1_000 + fraction


def _zone_seconds(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    ahead = int(zone[1:3]) * 3_600 + int(zone[-2:]) * 60
    return -ahead if zone[0] == "-" else ahead
