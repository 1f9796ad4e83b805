"""Leaky buckets: hits of a client pour in, time lets them out, what runs over is a security event. Knows no topic or clock.

Times are those of the hits. A bucket counts in whole milliseconds of leaking (``debt_ms``), so that nothing is rounded.
"""

from msgspec import Struct

from streams.core.security.suspects import Hits
from streams.core.security.values import Bucket

QUIET_MS = 300_000  # a bucket that ran over says so again only after this, however long the attack goes on


class Level(Struct, frozen=True, gc=False):
    """How full a client's bucket is: empty ``debt_ms`` after ``last_ms``."""

    debt_ms: int = 0
    last_ms: int = 0
    count: int = 0  # hits since it was empty
    values: frozenset[int] = frozenset()  # different values since it was empty
    told_ms: int | None = None  # when it ran over last


class Overflow(Struct, frozen=True, gc=False):
    """A bucket ran over: more hits than it holds within what it leaks."""

    at_ms: int
    count: int


def pour(bucket: Bucket, level: Level, hits: Hits) -> tuple[Level, Overflow | None]:
    """Let hits into a bucket; return how full it is then, and whether it ran over and says so."""
    passed_ms = max(0, hits.first_ms - level.last_ms)
    left_ms = level.debt_ms - passed_ms
    if left_ms <= 0:
        level = Level(last_ms=hits.first_ms, told_ms=level.told_ms)  # it was empty in between
        left_ms = 0
    values = level.values | hits.values
    more = len(values) - len(level.values) if bucket.distinct else hits.count
    span_ms = hits.last_ms - hits.first_ms
    # The hits come evenly over their span and leak meanwhile; the last one is always still in.
    debt_ms = max(left_ms + more * bucket.leak_ms - span_ms, min(more, 1) * bucket.leak_ms)
    last_ms = max(hits.last_ms, level.last_ms)
    count, told_ms = level.count + more, level.told_ms
    over = debt_ms > bucket.capacity * bucket.leak_ms
    if over and (told_ms is None or last_ms - told_ms >= QUIET_MS):
        return Level(0, last_ms, told_ms=last_ms), Overflow(last_ms, count)
    return Level(min(debt_ms, (bucket.capacity + 1) * bucket.leak_ms), last_ms, count, values, told_ms), None


def is_over(level: Level, clock_ms: int) -> bool:
    """Tell whether a bucket can be forgotten: empty, and no longer quiet about what ran over."""
    quiet_until_ms = 0 if level.told_ms is None else level.told_ms + QUIET_MS
    return level.last_ms + level.debt_ms < clock_ms and quiet_until_ms < clock_ms
