"""Stamps of envelopes <-> epoch milliseconds. Knows no clock; the stamps of single formats are read beside them."""

from datetime import UTC, datetime
from math import floor

EARLIEST_MS, LATEST_MS = -62_000_000_000_000, 253_000_000_000_000  # the years 5 to 9987
_CACHE_SIZE = 4_096
_cache: dict[str, int | None] = {}


def ms(stamp: str) -> int | None:
    """Return epoch milliseconds of an RFC 3339 stamp with a zone (finer digits are dropped), None when it is none."""
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if when.tzinfo is None:
        return None
    return bounded(floor(when.timestamp() * 1000 + 0.0005))  # a binary fraction may be a hair below the millisecond


def bounded(at_ms: int | None) -> int | None:
    """Return a time that can be added to and written out again, None for one at the edge of what a calendar knows."""
    return at_ms if at_ms is not None and EARLIEST_MS <= at_ms <= LATEST_MS else None


def pane_ms(prefix: str) -> int | None:
    """Return the start of the ten seconds that all stamps with these first 18 characters share (they end in ``Z``)."""
    try:
        return _cache[prefix]
    except KeyError:
        if len(_cache) > _CACHE_SIZE:
            _cache.clear()
        found = _cache[prefix] = ms(prefix + "0Z")
        return found


def text(at_ms: int) -> str:
    """Return RFC 3339 UTC with ``Z``, with milliseconds only when there are any."""
    when = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rest = at_ms % 1000
    return f"{when}.{rest:03}Z" if rest else f"{when}Z"
