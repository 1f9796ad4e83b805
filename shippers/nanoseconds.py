"""Reads and writes RFC 3339 stamps exactly, as nanoseconds since 1970. Knows no clock and no source."""

import re
from datetime import UTC, datetime
from functools import lru_cache

SECOND_NS = 1_000_000_000
_STAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,18}))?(Z|z|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at_ns(stamp: str | None) -> int | None:
    """Return the nanoseconds of a stamp with its zone, None where it is none; what is finer is cut off."""
    found = None if stamp is None else _STAMP(stamp)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    second = _second(f"{day}T{time}{zone.upper()}")
    return None if second is None else second * SECOND_NS + int((fraction or "0")[:9].ljust(9, "0"))


def stamp_of(ns: int) -> str:
    """Return a stamp in UTC, as Fly writes them: with as many digits as the fraction needs."""
    second, fraction = divmod(ns, SECOND_NS)
    head = _head(second)
    return f"{head}.{fraction:09}".rstrip("0") + "Z" if fraction else f"{head}Z"


@lru_cache(maxsize=1_024)  # lines of one second come together
def _second(text: str) -> int | None:
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, OverflowError):  # the 30th of February
        return None
    return since.days * 86_400 + since.seconds


@lru_cache(maxsize=1_024)
def _head(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
