"""How long queries took since the last round, out of what pg_stat_statements adds up. Knows no connection and no clock.

The mean is exact. The 95th percentile is estimated: of each statement the mean and the spread since the last round are known
exactly, and its times are taken to be log-normal, as times of queries mostly are; the percentile is that of all calls together.
"""

from collections.abc import Callable, Iterable, Sequence
from math import erf, exp, log, sqrt

from msgspec import Struct

MOST = 5_000  # statements, the busiest: as many as pg_stat_statements keeps unless told otherwise
HALVINGS = 40  # of the interval in which the percentile lies: far below a thousandth of it
P95 = 0.95


class Counted(Struct, frozen=True):
    """What is counted of one statement, since whenever: calls, the sum of their times, the sum of the times' squares."""

    calls: int
    total_ms: float
    squares: float


class Times(Struct, frozen=True):
    """What is known of all calls since the last round."""

    queries: int
    mean_ms: float
    p95_ms: float


Counts = dict[tuple[int, int], Counted]  # by role and statement


def since(before: Counts, now: Counts, most: int = MOST) -> list[Counted]:
    """Return what each statement did since; one that was forgotten or reset meanwhile began at nothing.

    Where ``before`` had no room for more than the busiest, one that it does not know may have been there all the same.
    """
    fresh = []
    for key, counted in now.items():
        old = before.get(key)
        if old is None and len(before) >= most:
            continue
        if old is None or old.calls > counted.calls or old.total_ms > counted.total_ms:
            old = Counted(0, 0.0, 0.0)
        if counted.calls > old.calls:
            calls, total_ms = counted.calls - old.calls, counted.total_ms - old.total_ms
            fresh.append(Counted(calls, total_ms, max(0.0, counted.squares - old.squares)))
    return fresh


def times(counts: Iterable[Counted]) -> Times | None:
    """Return the mean and the estimated percentile of all calls; None if there were none."""
    called = [counted for counted in counts if counted.calls > 0]
    calls = sum(counted.calls for counted in called)
    if not calls:
        return None
    return Times(calls, sum(counted.total_ms for counted in called) / calls, percentile(called, P95))


def percentile(counts: Sequence[Counted], share: float) -> float:
    """Return the time that ``share`` of all calls do not exceed."""
    calls = sum(counted.calls for counted in counts)
    parts = [(counted.calls / calls, _below(counted)) for counted in counts]
    high = max(counted.total_ms / counted.calls for counted in counts) or 1e-6
    while sum(weight * below(high) for weight, below in parts) < share:
        high *= 2
    low = 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if sum(weight * below(middle) for weight, below in parts) < share:
            low = middle
        else:
            high = middle
    return high


def _below(counted: Counted) -> Callable[[float], float]:
    """Return what share of a statement's calls take no longer than a time."""
    mean = counted.total_ms / counted.calls
    variance = counted.squares / counted.calls - mean * mean
    if mean <= 0 or variance <= mean * mean * 1e-9:  # one call, or all alike but for rounding
        return lambda time: 1.0 if time >= mean else 0.0
    spread = log(1 + variance / (mean * mean))
    typical, width = exp(log(mean) - spread / 2), sqrt(2 * spread)
    return lambda time: (1 + erf(log(time / typical) / width)) / 2 if time > 0 else 0.0
