"""Counts the lines of each key since a source's mark, and so gives each record its place. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from shippers.once.naming import Place
from shippers.once.prefix import Prefix

MOST_KEYS = 50_000  # between two marks; records of further ones get no place, and may come twice


class _Count(Struct):
    base: int
    lines: int
    exact: bool = True  # not so once lines were sent of which nobody knows where they stand


class Ledger:
    """The counts of one source."""

    def __init__(self, epoch: str, arrived: Mapping[bytes, Prefix]) -> None:
        """Go on in an epoch of which an earlier process has brought so much to Kafka."""
        self._epoch = epoch
        self._keys = {key: _Count(prefix.base, prefix.end) for key, prefix in arrived.items()}
        self._before: dict[bytes, _Count] = {}  # those of the epoch before

    def place(self, key: bytes, lines: int, crc: int) -> Place | None:
        """Count the lines of a record that goes to Kafka next; None where its place would not help."""
        count = self._keys.get(key)
        if count is None:
            if len(self._keys) >= MOST_KEYS:
                return None
            before = self._before.get(key)
            base = 0 if before is None else before.lines
            count = self._keys[key] = _Count(base, base)
        start = count.lines
        count.lines += lines
        return Place(self._epoch, count.base, start, lines, crc) if count.exact else None

    def lose(self, key: bytes) -> None:
        """Give no more places to a key until the next mark: what came again was not what had arrived."""
        if (count := self._keys.get(key)) is not None:
            count.exact = False

    def begin(self, epoch: str) -> None:
        """Count anew: from here on a mark may be made."""
        self._epoch = epoch
        self._before, self._keys = self._keys, {}
