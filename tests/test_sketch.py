"""The sketch of durations against sorting all of them: within 1 %, whatever the order, the cut and the distribution."""

from collections.abc import Callable
from math import ceil, fsum
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.sketch import MAX_MS, MIN_MS, Sketch, measured
from streams.core.tally import Tally

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
SHAPES: dict[str, Callable[[Random], float]] = {
    "uniform": lambda rng: rng.uniform(0.5, 900),
    "exponential": lambda rng: rng.expovariate(0.01),
    "lognormal": lambda rng: rng.lognormvariate(4, 2),
    "pareto": lambda rng: min(rng.paretovariate(0.7), MAX_MS),
    "two humps": lambda rng: rng.choice((rng.uniform(9, 11), rng.uniform(9_000, 11_000))),
    "whole milliseconds": lambda rng: float(rng.randrange(1, 40)),
    "mostly nothing": lambda rng: rng.choice((0.0, 0.0, 0.0, 7.5)),
    "one value": lambda _: 123.456,
}
durations = st.lists(st.floats(0, MAX_MS), max_size=60)


def sketched(values: list[float], size: int = 1_000_000) -> Sketch:
    """Return the sketch of values that were added in columns of a size."""
    sketch = Sketch()
    for start in range(0, len(values), size):
        column = measured(values[start : start + size])
        assert column is not None
        sketch.add(column)
    return sketch


def nearest_rank(values: list[float], q: float) -> float:
    """Return the smallest value that the share q of all does not exceed."""
    return sorted(values)[max(1, ceil(round(q * len(values), 6))) - 1]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("count", [1, 2, 7, 20, 100, 3_000])
def test_quantiles_are_within_one_percent(shape: Callable[[Random], float], count: int) -> None:
    """Every quantile is within 1 % of the exact nearest rank."""
    rng = Random(count)
    values = [shape(rng) for _ in range(count)]
    sketch = sketched(values)
    for q in QUANTILES:
        found, exact = sketch.quantile_ms(q), nearest_rank(values, q)
        assert found == pytest.approx(exact, rel=0.01 + 1e-9, abs=MIN_MS), q


@settings(derandomize=True)
@given(durations)
def test_count_sum_and_extremes_are_exact(values: list[float]) -> None:
    """Count and extremes are exact, and the mean is exact to a nanosecond a value."""
    sketch = sketched(values)
    assert sketch.count == len(values) == sketch.buckets.total()
    if values:
        assert (sketch.min_ms, sketch.max_ms) == (min(values), max(values))
        assert sketch.mean_ms() == pytest.approx(fsum(values) / len(values), rel=1e-12, abs=1e-6)
    else:
        assert sketch.mean_ms() is None
        assert sketch.quantile_ms(0.5) is None


@settings(derandomize=True)
@given(durations, durations, st.integers(1, 7), st.randoms(use_true_random=False))
def test_merging_is_adding(left: list[float], right: list[float], size: int, rng: Random) -> None:
    """Merged sketches are the sketch of all values, in any order and in columns of any size."""
    merged = sketched(left, size)
    other = sketched(right)
    kept = other.copy()
    merged.merge(other)
    mixed = left + right
    rng.shuffle(mixed)
    assert merged == sketched(mixed, size)
    assert other == kept


@settings(derandomize=True)
@given(durations, durations)
def test_removing_undoes_merging(left: list[float], right: list[float]) -> None:
    """A sketch that was merged can be taken out: count, sum and quantiles are as before; no empty bucket stays."""
    before, both = sketched(left), sketched(left)
    both.merge(sketched(right))
    both.remove(sketched(right))
    assert (both.count, both.mean_ms(), both.buckets) == (before.count, before.mean_ms(), before.buckets)
    assert 0 not in both.buckets.values()
    assert [both.quantile_ms(q) for q in QUANTILES] == [before.quantile_ms(q) for q in QUANTILES]


@settings(derandomize=True)
@given(durations)
def test_a_sketch_survives_json(values: list[float]) -> None:
    """What a tally dumps of a sketch, it loads again."""
    tally = Tally()
    tally.latency = sketched(values)
    assert Tally.load(tally.dump()) == tally


@pytest.mark.parametrize("value", [0.0, 1e-12, 0.000_999, 0.001, 0.001_001, 0.5, 1.0, 86_400_000.0, 1e9])
def test_small_and_large_values_count(value: float) -> None:
    """Durations of nothing, of a microsecond and of days are counted, and read within 1 % or a microsecond."""
    assert sketched([value]).quantile_ms(0.5) == pytest.approx(value, rel=0.01 + 1e-9, abs=MIN_MS)


def test_huge_values_are_bounded() -> None:
    """Durations beyond the largest bucket share it, so that hostile values cannot make more buckets."""
    sketch = sketched([MAX_MS, 1e12, 1e307, 5e-324])
    assert len(sketch.buckets) == 2
    assert sketch.quantile_ms(1.0) == pytest.approx(MAX_MS, rel=0.01)
    everything = sketched([10.0**exponent for exponent in range(-300, 308)])
    assert len(everything.buckets) < 1_500


def test_a_column_with_one_odd_value_is_read_as_if_alone() -> None:
    """A zero or a huge value in a column does not change the buckets of the others."""
    values = [0.0, 12.5, 3_000.0, 1e12]
    assert sketched(values) == sketched(values, 1)
