"""Leaky buckets of clients: when they run over, when they stay quiet, and that no cut of the hits matters."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.security.buckets import QUIET_MS, Level, is_over, pour
from streams.core.security.levels import Buckets
from streams.core.security.suspects import MOST_VALUES, Hits, Suspects, hashed, since
from streams.core.security.values import Bucket

NOW = 1_760_119_200_000  # 2025-10-10T18:00:00Z
BUCKET = Bucket("logins", "warning", capacity=5, leak_ms=10_000)
DIFFERENT = Bucket("crawl", "info", capacity=3, leak_ms=10_000, distinct=True)
CLIENT = "203.0.113.9"


def hits(times: list[int], values: tuple[int, ...] = ()) -> Hits:
    """Return hits at these seconds."""
    return Hits(len(times), NOW + times[0] * 1_000, NOW + times[-1] * 1_000, "GET / 401", frozenset(values))


def overflows(bucket: Bucket, several: list[Hits]) -> list[tuple[int, int]]:
    """Return when a bucket ran over, in seconds, and with how many hits."""
    level, found = Level(), []
    for each in several:
        level, over = pour(bucket, level, each)
        found += [] if over is None else [((over.at_ms - NOW) // 1_000, over.count)]
    return found


CASES: list[tuple[str, Bucket, list[Hits], list[tuple[int, int]]]] = [
    ("one more than it holds", BUCKET, [hits([second]) for second in range(6)], [(5, 6)]),
    ("as many as it holds", BUCKET, [hits([second]) for second in range(5)], []),
    ("slower than it leaks", BUCKET, [hits([second]) for second in range(0, 1_000, 11)], []),
    ("as fast as it leaks", BUCKET, [hits([second]) for second in range(0, 1_000, 10)], []),
    ("one at once more", BUCKET, [hits([0] * 6)], [(0, 6)]),
    ("many evenly over their time", BUCKET, [hits(list(range(0, 100, 10)))], []),
    ("empty in between", BUCKET, [hits([0] * 4), hits([50] * 4)], []),
    ("not quite empty in between", BUCKET, [hits([0] * 5), hits([20] * 3)], [(20, 8)]),
    ("goes on: told once", BUCKET, [hits([second]) for second in range(100)], [(5, 6)]),
    (
        "goes on for long: told again",
        BUCKET,
        [hits([second]) for second in range(QUIET_MS // 1_000 + 10)],
        [(5, 6), (5 + QUIET_MS // 1_000, QUIET_MS // 1_000)],
    ),
    ("the same value again", DIFFERENT, [hits([second], (7,)) for second in range(20)], []),
    ("different values", DIFFERENT, [hits([second], (second,)) for second in range(4)], [(3, 4)]),
    ("late hits", BUCKET, [hits([30] * 3), hits([0] * 3)], [(30, 6)]),
]


@pytest.mark.parametrize(("bucket", "several", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_when_a_bucket_runs_over(bucket: Bucket, several: list[Hits], expected: list[tuple[int, int]]) -> None:
    """A bucket runs over with the first hit that it cannot hold, says so once, and again when the attack goes on for long."""
    assert overflows(bucket, several) == expected


def added(rows: list[tuple[str, int, str]], cap: int = 1_000) -> Suspects:
    """Return suspects with rows of (client, second, value) added."""
    suspects = Suspects()
    for client_ip, second, value in rows:
        at_ms = NOW + second * 1_000
        suspects.add(("logins", client_ip), hashed(1, at_ms, at_ms, f"GET /{second} 401", [value] if value else []), cap)
    return suspects


rows = st.lists(
    st.tuples(st.sampled_from(["203.0.113.9", "2001:db8::7"]), st.integers(0, 9), st.sampled_from(["", "a", "b"])), max_size=30
)


@settings(deadline=None, derandomize=True)
@given(rows, st.randoms(use_true_random=False))
def test_suspects_merge_in_any_order(given_rows: list[tuple[str, int, str]], rng: Random) -> None:
    """However hits are parted and merged, the suspects of a pane are the same, also after a crash."""
    whole = added(given_rows)
    parts = [Suspects() for _ in range(3)]
    for row in given_rows:
        rng.choice(parts).merge(added([row]), 1_000)
    rng.shuffle(parts)
    merged = Suspects()
    for part in parts:
        merged.merge(Suspects.load(json.loads(json.dumps(part.dump()))), 1_000)
    assert merged == whole


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 5))
def test_a_pane_told_bit_by_bit_fills_as_one_told_at_once(seconds: list[int], pieces: int) -> None:
    """A bucket that is filled by snapshots as they come runs over exactly if the whole pane would have filled it so."""
    seconds.sort()
    cut = sorted({len(seconds) * piece // pieces for piece in range(1, pieces + 1)} - {0})
    snapshots = [added([(CLIENT, second, "") for second in seconds[:end]]) for end in cut]
    before: Suspects | None = None
    bit_by_bit: list[Hits] = []
    for now in snapshots:
        bit_by_bit += [more for _, more in since(now, before)]
        before = now
    assert sum(more.count for more in bit_by_bit) == len(seconds)
    at_once = [more for _, more in since(snapshots[-1], None)]
    bucket = Bucket("logins", "warning", capacity=12, leak_ms=1_000)
    if overflows(bucket, at_once):
        assert overflows(bucket, bit_by_bit)


def test_clients_beyond_the_cap_are_counted() -> None:
    """Beyond the cap further clients fill no bucket, and their hits are counted; those known go on."""
    suspects = added([(f"203.0.113.{number}", 0, "") for number in range(5)], cap=3)
    suspects.add(("logins", "203.0.113.0"), hashed(1, NOW, NOW, "GET / 401"), 3)
    assert (len(suspects.hits), suspects.dropped) == (3, 2)
    assert suspects.hits["logins", "203.0.113.0"].count == 2


def test_different_values_are_bounded() -> None:
    """Of different values only so many are kept: more than any bucket holds."""
    suspects = added([(CLIENT, 0, f"/{number}") for number in range(1_000)])
    assert len(suspects.hits["logins", CLIENT].values) == MOST_VALUES


def poured(buckets: Buckets, second: int, count: int, cap: int = 10, client_ip: str = CLIENT) -> tuple[dict[str, Any], int]:
    """Pour hits of a client; return what changed, and how many security events came of it."""
    step = buckets.pour({"logins": BUCKET}, "shop", [(("logins", client_ip), hits([second] * count))], {}, cap)
    return step.writes, len(step.outputs)


def test_buckets_are_bounded_and_forgotten() -> None:
    """Clients beyond the cap fill none; a bucket that ran empty is forgotten, one that ran over once it may speak again."""
    buckets = Buckets()
    assert poured(buckets, 0, 3)[1] == 0
    assert poured(buckets, 0, 9, cap=1, client_ip="203.0.113.10") == ({}, 0)
    writes: dict[str, Any] = {}
    buckets.forget(NOW + 29_000, writes)
    assert writes == {}
    buckets.forget(NOW + 31_000, writes)
    assert writes == {f"bucket/logins/shop/{CLIENT}": None}
    assert poured(buckets, 40, 6)[1] == 1
    level = buckets.levels["logins", "shop", CLIENT]
    assert not is_over(level, NOW + 40_000 + QUIET_MS)
    assert is_over(level, NOW + 40_001 + QUIET_MS)


def test_hits_of_a_bucket_that_is_gone_from_the_catalogue_are_left_out() -> None:
    """A pane may speak of a bucket that was renamed since; it fills none and raises nothing."""
    buckets = Buckets()
    step = buckets.pour({}, "shop", [(("logins", CLIENT), hits([0] * 9))], {}, 10)
    assert (step.writes, step.outputs, buckets.levels) == ({}, [], {})
