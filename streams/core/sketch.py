"""A mergeable quantile sketch of durations. Knows numbers only: no request, pane or clock.

Buckets grow by the factor GAMMA, so that the middle of a bucket is within 1 % of every value in it (the DDSketch of
Masson, Rim and Lee, VLDB 2019, without its collapsing: values are clamped to [1 us, 11.6 days], which bounds the
buckets to about 1,400). Sums are whole nanoseconds, so that any order and any cut of the same values gives the same sketch.
"""

from collections import Counter, _count_elements  # type: ignore[attr-defined]  # Counter.update without its checks
from collections.abc import Sequence
from itertools import repeat
from math import ceil, inf, log2, trunc
from operator import mul
from typing import Any

from msgspec import Struct

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
ZERO = -1_000_000  # the bucket of durations below a microsecond: formats that print 0 ms
MIN_MS, MAX_MS = 0.001, 1e9
_SCALE = 1 / log2(GAMMA)  # twice as fast as the natural logarithm


def bucket(value_ms: float) -> int:
    """Return the index of the bucket that holds a duration of 0 or more."""
    if value_ms < MIN_MS:
        return ZERO
    return ceil(log2(min(value_ms, MAX_MS)) * _SCALE)


def middle_ms(index: int) -> float:
    """Return the value that stands for a bucket: at most 1 % from every duration in it."""
    return 0.0 if index == ZERO else float(2 * GAMMA**index / (GAMMA + 1))


class Measured(Struct, frozen=True, gc=False):
    """A column of durations made ready to be added: nothing of it can fail any more."""

    buckets: list[int]
    total_ns: int
    min_ms: float
    max_ms: float


def measured(values_ms: Sequence[float]) -> Measured | None:
    """Prepare durations, each finite and 0 or more; None when there are none."""
    if not values_ms:
        return None
    least, most = min(values_ms), max(values_ms)
    plain = least >= MIN_MS and most <= MAX_MS
    buckets = map(ceil, map(mul, map(log2, values_ms), repeat(_SCALE))) if plain else map(bucket, values_ms)
    summed = values_ms if plain else [min(value, MAX_MS) for value in values_ms]
    return Measured(list(buckets), sum(map(trunc, map(mul, summed, repeat(1e6)))), least, most)


class Sketch:
    """Durations in milliseconds: count, sum, extremes and buckets; ``add`` and ``merge`` in place, ``copy`` to keep."""

    __slots__ = ("buckets", "count", "max_ms", "min_ms", "total_ns")

    def __init__(self) -> None:
        """Make an empty sketch."""
        self.count = 0
        self.total_ns = 0
        self.min_ms = inf
        self.max_ms = 0.0
        self.buckets: Counter[int] = Counter()

    def add(self, measured: "Measured") -> None:
        """Add a column of durations."""
        _count_elements(self.buckets, measured.buckets)
        self.count += len(measured.buckets)
        self.total_ns += measured.total_ns
        self.min_ms = min(self.min_ms, measured.min_ms)
        self.max_ms = max(self.max_ms, measured.max_ms)

    def merge(self, other: "Sketch") -> None:
        """Add another sketch, which stays as it is."""
        self.count += other.count
        self.total_ns += other.total_ns
        self.min_ms = min(self.min_ms, other.min_ms)
        self.max_ms = max(self.max_ms, other.max_ms)
        self.buckets.update(other.buckets)

    def remove(self, other: "Sketch") -> None:
        """Take a sketch out again that was merged before; extremes stay, being unknowable."""
        self.count -= other.count
        self.total_ns -= other.total_ns
        for index, n in other.buckets.items():
            left = self.buckets[index] - n
            if left:
                self.buckets[index] = left
            else:
                del self.buckets[index]

    def copy(self) -> "Sketch":
        """Return a sketch of its own with the same content."""
        new = Sketch()
        new.merge(self)
        return new

    def dump(self) -> dict[str, Any] | None:
        """Return the content as plain JSON values; None when empty."""
        if not self.count:
            return None
        head = {"count": self.count, "total_ns": self.total_ns, "min_ms": self.min_ms, "max_ms": self.max_ms}
        return head | {"buckets": [list(self.buckets), list(self.buckets.values())]}

    @classmethod
    def load(cls, parts: dict[str, Any]) -> "Sketch":
        """Rebuild a sketch from what ``dump`` gave."""
        self = cls()
        self.count, self.total_ns = parts["count"], parts["total_ns"]
        self.min_ms, self.max_ms = parts["min_ms"], parts["max_ms"]
        self.buckets = Counter(dict(zip(*parts["buckets"], strict=True)))
        return self

    def quantile_ms(self, q: float) -> float | None:
        """Return the nearest-rank quantile (0 < q <= 1) within 1 %, None when empty.

        A function of the buckets alone, which can be taken out again, not of the extremes, which cannot.
        """
        if not self.count:
            return None
        rank = max(1, ceil(q * self.count - 1e-9))  # 0.95 * 20 is 19.000000000000004 in binary
        for index in sorted(self.buckets):
            rank -= self.buckets[index]
            if rank <= 0:
                return middle_ms(index)
        raise AssertionError("the buckets hold fewer durations than the count says")

    def mean_ms(self) -> float | None:
        """Return the arithmetic mean, exact to a nanosecond a value, None when empty."""
        return self.total_ns / self.count / 1e6 if self.count else None

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same durations."""
        if not isinstance(other, Sketch):
            return NotImplemented
        return (self.count, self.total_ns, self.min_ms, self.max_ms, self.buckets) == (
            other.count,
            other.total_ns,
            other.min_ms,
            other.max_ms,
            other.buckets,
        )

    __hash__ = None  # type: ignore[assignment]  # it changes in place
