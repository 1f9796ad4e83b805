"""Which records are on their way to Kafka, which are next, and which are not safe yet. Pure: the time is passed in.

An entry is safe when Kafka has acknowledged it, or when its place in the spool is on disk.
"""

from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from shippers.records import Record
from shippers.spool.note import Reached

ASIDE_S = 2.0  # so long without an acknowledgement, and Kafka counts as away


class Entry(Struct, eq=False):
    """A record that is not safe, or not acknowledged."""

    index: int  # of all that came to this process; 0: an earlier one left it
    record: Record
    place: Reached | None = None  # in the spool
    held: bool = False  # in the window
    acknowledged: bool = False


class Window:
    """The records that the producer has, and behind them those it gets next, oldest first."""

    def __init__(self) -> None:
        """Begin empty."""
        self.bytes = 0
        self._entries: deque[Entry] = deque()
        self._handed = 0
        self._moved_at_s = 0.0

    def __len__(self) -> int:
        """Return how many are not acknowledged."""
        return len(self._entries)

    @property
    def handed(self) -> bool:
        """Whether the producer has all of them."""
        return self._handed == len(self._entries)

    def enter(self, entry: Entry, now_s: float) -> None:
        """Take one in behind the others."""
        entry.held = True
        if not self._entries:
            self._moved_at_s = now_s
        self._entries.append(entry)
        self.bytes += len(entry.record.value)

    def hand(self) -> Entry:
        """Return the next one for the producer, which has it from now on."""
        self._handed += 1
        return self._entries[self._handed - 1]

    def acknowledge(self, count: int, now_s: float) -> Reached | None:
        """Let the first ones go; return the last place in the spool among them, None if none of them is there."""
        place: Reached | None = None
        for _ in range(count):
            entry = self._entries.popleft()
            entry.acknowledged = True
            self.bytes -= len(entry.record.value)
            place = entry.place or place
        self._handed -= count
        self._moved_at_s = now_s if count else self._moved_at_s
        return place

    def unplaced(self) -> Iterator[tuple[Entry, bool]]:
        """Yield those that are not in the spool, each with whether the producer has it."""
        for at, entry in enumerate(self._entries):
            if entry.place is None:
                yield entry, at < self._handed

    def touch(self, now_s: float) -> None:
        """Begin to wait anew: from now on somebody could acknowledge."""
        self._moved_at_s = now_s

    def stuck(self, now_s: float) -> bool:
        """Say whether Kafka has left them without an acknowledgement for so long that it counts as away."""
        return bool(self._entries) and now_s - self._moved_at_s >= ASIDE_S


class Unsafe:
    """The entries that are not safe, in the order in which they came."""

    def __init__(self, ids: str) -> None:
        """``ids``: what no other process begins its ids with."""
        self._ids = ids
        self.last = 0  # the index of the entry that came last
        self._lines = 0
        self._entries: deque[Entry] = deque()

    @property
    def safe_lines(self) -> int:
        """How many of the lines that came are safe."""
        return self._lines - sum(entry.record.lines for entry in self._entries)

    def add(self, record: Record, at_ms: int) -> Entry:
        """Take one in that came at a time; its id says when, and what it said before."""
        self.last += 1
        self._lines += record.lines
        own = b"%b.%d.%b.%d" % (self._ids.encode(), self.last, record.id, at_ms)
        named = Record(record.key, record.value, record.lines, record.at_ms, own)
        self._entries.append(Entry(self.last, named))
        return self._entries[-1]

    def trim(self, durable: int) -> None:
        """Let those go that are safe; the spool is on disk up to the number ``durable``."""
        while self._entries and _safe(self._entries[0], durable):
            self._entries.popleft()

    def holds(self, index: int) -> bool:
        """Say whether one up to an index is not safe."""
        return bool(self._entries) and self._entries[0].index <= index


def came_ms(id_of_record: bytes) -> int | None:
    """Return when a record came to the process that gave it its id, None where that is none of ours."""
    said = id_of_record.rpartition(b".")[2]
    return int(said) if said.isdigit() else None


def _safe(entry: Entry, durable: int) -> bool:
    return entry.acknowledged or (entry.place is not None and entry.place.number <= durable)
