"""What the clients of one pane added to buckets: mergeable in any order, bounded. Knows no bucket's size.

Hits keep the times of the first and the last of them, so that a bucket can leak within a pane of ten seconds too.
"""

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from msgspec import Struct

MOST_VALUES = 64  # different values kept of one bucket of one client; no bucket's capacity is larger
SHOWN_CHARS = 200


class Hits(Struct, frozen=True, gc=False):
    """What one client added to one bucket. ``values`` are hashes of what a bucket of different values counts."""

    count: int
    first_ms: int
    last_ms: int
    shown: str  # one of them, for people: the same one in whatever order they merge
    values: frozenset[int] = frozenset()


class Suspects:
    """Hits by (bucket, client address)."""

    __slots__ = ("dropped", "hits")

    def __init__(self) -> None:
        """Hold nothing."""
        self.hits: dict[tuple[str, str], Hits] = {}
        self.dropped = 0  # hits of clients beyond the cap

    def __bool__(self) -> bool:
        """Tell whether anything was added."""
        return bool(self.hits or self.dropped)

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same."""
        return isinstance(other, Suspects) and self.hits == other.hits and self.dropped == other.dropped

    __hash__ = None  # type: ignore[assignment]  # it changes in place

    def add(self, key: tuple[str, str], more: Hits, cap: int) -> None:
        """Add hits of a (bucket, client address); of too many clients they are only counted."""
        held = self.hits.get(key)
        if held is not None:
            self.hits[key] = both(held, more)
        elif len(self.hits) < cap:
            self.hits[key] = more
        else:
            self.dropped += more.count

    def merge(self, other: "Suspects", cap: int) -> None:
        """Add what another holds, which stays as it is."""
        self.dropped += other.dropped
        for key, hits in other.hits.items():
            self.add(key, hits, cap)

    def dump(self) -> dict[str, Any]:
        """Return the content as plain JSON values."""
        rows = [
            [*key, hits.count, hits.first_ms, hits.last_ms, hits.shown, sorted(hits.values)] for key, hits in self.hits.items()
        ]
        return {"hits": rows, "dropped": self.dropped}

    @classmethod
    def load(cls, plain: dict[str, Any]) -> "Suspects":
        """Rebuild from what ``dump`` gave."""
        self = cls()
        self.dropped = plain["dropped"]
        for bucket, client_ip, count, first_ms, last_ms, shown, values in plain["hits"]:
            self.hits[bucket, client_ip] = Hits(count, first_ms, last_ms, shown, frozenset(values))
        return self


def hashed(count: int, first_ms: int, last_ms: int, shown: str, values: Iterable[str] = ()) -> Hits:
    """Return hits with the hashes of their different values."""
    kept = frozenset(crc32(value.encode("utf-8", "replace")) for value in values)
    return Hits(count, first_ms, last_ms, shown[:SHOWN_CHARS], kept)


def both(one: Hits, other: Hits) -> Hits:
    """Return the hits of both."""
    return Hits(
        one.count + other.count,
        min(one.first_ms, other.first_ms),
        max(one.last_ms, other.last_ms),
        min(one.shown, other.shown),
        _most(one.values, other.values),
    )


def _most(one: frozenset[int], other: frozenset[int]) -> frozenset[int]:
    values = one | other
    return values if len(values) <= MOST_VALUES else frozenset(sorted(values)[:MOST_VALUES])


def since(now: Suspects, before: Suspects | None) -> Iterable[tuple[tuple[str, str], Hits]]:
    """Return what was added to a cumulative tally since an earlier one, by bucket and client, in a fixed order."""
    for key in sorted(now.hits):
        hits = now.hits[key]
        old = before.hits.get(key) if before is not None else None
        if old is None:
            yield key, hits
        elif hits.count > old.count:
            first_ms = max(old.last_ms, hits.first_ms) if hits.last_ms > old.last_ms else hits.last_ms
            yield key, Hits(hits.count - old.count, first_ms, hits.last_ms, hits.shown, hits.values - old.values)
