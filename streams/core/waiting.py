"""Holds records that were read into columns until these are folded together. Changes no state and knows no topic."""

from msgspec import Struct

from streams.core.batches import Batch, Lines
from streams.core.folding import Folding
from streams.core.records import Record

FOLDED_LINES, FOLDED_BYTES = 1_000, 256 << 10  # of records folded together; more would not stay in a core's cache


class Arrived(Struct, frozen=True, gc=False):
    """A record, and the partition's clock when it came."""

    record: Record
    clock_ms: int


class Waiting:
    """Records in the order of their arrival, and the columns of all of them."""

    __slots__ = ("_bytes", "_lines", "arrived", "folding")

    def __init__(self) -> None:
        """Begin with none."""
        self.arrived: list[Arrived] = []
        self.folding: Folding | None = None  # None: nothing waits
        self._bytes = self._lines = 0

    def __bool__(self) -> bool:
        """Tell whether any wait."""
        return bool(self.arrived)

    @property
    def enough(self) -> bool:
        """Whether there is so much that it is to be folded."""
        return self._lines >= FOLDED_LINES or self._bytes >= FOLDED_BYTES

    def add(self, one: Arrived, content: Batch | Lines, folding: Folding) -> None:
        """Read a record into ``folding``: the columns of those before it, new ones if it is the first.

        It may raise; the record is among those that have arrived all the same, and the columns are broken then.
        """
        self.arrived.append(one)
        self.folding = folding
        self._lines += take(folding, one, content)
        self._bytes += len(one.record.value)


def take(folding: Folding, one: Arrived, content: Batch | Lines) -> int:
    """Read a record into columns; return how many lines it has."""
    folding.begin(one.clock_ms, one.record.offset)
    if isinstance(content, Batch):
        app, _, instance = one.record.key.decode("utf-8", "replace").partition("/")
        folding.batch(content, app, instance)
        return len(content.lines)
    folding.lines(content)
    return len(content.good)
