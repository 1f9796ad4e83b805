"""How long queries took since the last round: differences of what pg_stat_statements adds up, and the estimated percentile."""

import random
from math import exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shippers.probes.statements import Counted, Counts, percentile, since, times
from shippers.probes.totals import Totals


def _counted(sample: list[float]) -> Counted:
    return Counted(len(sample), sum(sample), sum(time * time for time in sample))


def _log_normal(rng: random.Random, calls: int, typical_ms: float, width: float) -> list[float]:
    return [exp(rng.gauss(log(typical_ms), width)) for _ in range(calls)]


@pytest.mark.parametrize(
    ("parts", "within"),
    [
        ([(20_000, 3.0, 0.5)], 0.05),
        ([(20_000, 1.0, 0.3), (2_000, 200.0, 0.6)], 0.1),  # one of eleven calls is slow: P95 lies among those
        ([(5_000, 1.0, 1.0), (5_000, 10.0, 0.2), (5_000, 0.1, 0.4)], 0.1),
    ],
)
def test_the_estimate_is_near(parts: list[tuple[int, float, float]], within: float) -> None:
    """Of log-normal times, of one statement or several, the estimate is near what sorting all of them gives."""
    rng = random.Random(5)
    samples = [_log_normal(rng, *part) for part in parts]
    every = sorted(time for sample in samples for time in sample)
    found = times(map(_counted, samples))
    assert found is not None
    assert found.queries == len(every)
    assert found.mean_ms == pytest.approx(sum(every) / len(every))
    assert found.p95_ms == pytest.approx(every[int(len(every) * 0.95)], rel=within)


def test_times_that_are_all_alike() -> None:
    """Without any spread the percentile is the time itself; of two statements it is that of the 95th call."""
    assert percentile([_counted([2.0] * 10)], 0.95) == pytest.approx(2.0)
    assert percentile([_counted([2.0] * 96), _counted([9.0] * 4)], 0.95) == pytest.approx(2.0)
    assert percentile([_counted([2.0] * 90), _counted([9.0] * 10)], 0.95) == pytest.approx(9.0)
    assert percentile([_counted([0.0])], 0.95) < 1e-5


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.floats(0, 1e7), st.floats(0, 1e3)).map(
            lambda part: Counted(part[0], part[0] * part[1], part[0] * part[1] ** 2 * (1 + part[2] ** 2))
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_counts_give_a_time(counts: list[Counted]) -> None:
    """Whatever was counted, the percentile is a finite time, no less than nothing, and ends."""
    found = percentile(counts, 0.95)
    highest = max(counted.total_ms / counted.calls + 1e3 * sqrt(counted.squares / counted.calls) for counted in counts)
    assert 0 <= found <= highest + 1


def test_what_came_since() -> None:
    """Only what was called since counts; a statement that is new, or was reset, began at nothing."""
    before: Counts = {(1, 1): Counted(10, 20.0, 50.0), (1, 2): Counted(5, 5.0, 5.0), (1, 3): Counted(9, 90.0, 900.0)}
    now: Counts = {(1, 1): Counted(12, 30.0, 100.0), (1, 2): Counted(5, 5.0, 5.0), (1, 3): Counted(2, 4.0, 8.0)}
    now[1, 4] = Counted(1, 7.0, 49.0)
    assert since(before, now) == [Counted(2, 10.0, 50.0), Counted(2, 4.0, 8.0), Counted(1, 7.0, 49.0)]
    assert times(since(now, now)) is None


def test_totals() -> None:
    """A total tells what came since the round that told it last: nothing at first, and nothing where it fell."""
    totals = Totals()
    assert totals.since({"a": 5, "b": None}) == {"a": None, "b": None}
    assert totals.since({"a": 7, "b": 1}) == {"a": 2, "b": None}
    assert totals.since({"a": None, "b": 0}) == {"a": None, "b": None}
    assert totals.since({"a": 8, "b": 4}) == {"a": 1, "b": 4}
