"""One source that gives again: what its records are called, what had arrived, and when a mark is being made.

Knows no Kafka; ``Once`` asks a function for the records that have arrived.
"""

import asyncio
import contextlib
import secrets
import zlib
from collections.abc import Iterable, Sequence

import msgspec

from shippers.console import say
from shippers.metrics import Metrics
from shippers.once.again import Again
from shippers.once.journal import MOST_EPOCHS, Journal, Noted
from shippers.once.ledger import Ledger
from shippers.once.naming import written
from shippers.once.prefix import Prefix, prefixes
from shippers.records import Record
from streams.core.values import Line

WAIT_MS = 60_000  # how long lines are held that may have arrived
TOUCH_MS = 1_000
Found = Iterable[tuple[bytes, bytes]]  # keys and ids of records


class Tracking:
    """See above. Before ``learn`` nothing may be taken or named."""

    def __init__(self, source: str, journal: Journal, metrics: Metrics, app: str, *, resumes: bool) -> None:
        """``resumes``: whether the source goes on behind the mark that is there."""
        self.source = source
        self._journal, self._metrics, self._app = journal, metrics, app
        left = self._load() if resumes else None
        self.left: Noted | None = None if left is None else left[0]
        self.until_ms = 0 if left is None else left[1]
        self._again, self._ledger = Again({}, app), Ledger("", {})
        self._noted = Noted((), ())
        self._began_ms: int | None = None  # when the first record of the newest epoch went out
        self._held_since_ms = self._touched_ms = 0
        self._is_exact = True

    def learn(self, found: Found | None, at_ms: int) -> None:
        """Hear which records have arrived, None where that cannot be known: then all is shipped that comes again."""
        left = self.left
        arrived: dict[bytes, Prefix] = {}
        if left is not None and found is None:
            self._tell("what had arrived when flyship ended last cannot be read from Kafka: it may come twice")
        if left is None or found is None:
            self._noted = Noted(self._journal.look(), (_epoch(),))
        else:
            arrived = prefixes(found, left.epochs)
            self._noted, self._began_ms = left, left.began_ms
        self._again, self._ledger = Again(arrived, self._app), Ledger(self._noted.since[0], arrived)
        self._held_since_ms = at_ms
        self._write(self._noted)

    @property
    def waits(self) -> bool:
        """Whether lines are held, or waited for: no mark may be made."""
        return bool(self._again)

    def take(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Return what is to be shipped of lines that the source gives."""
        if not self._again:
            return lines
        passed = self._again.take(lines)
        self._settle()
        return passed

    def release(self) -> list[Line]:
        """Wait no longer for lines that came before; return those that were held."""
        lines = self._again.release()
        self._settle()
        return lines

    def look(self, at_ms: int) -> list[Line]:
        """Release what was waited for too long; say that this process lives."""
        if self._began_ms is not None and at_ms - self._touched_ms >= TOUCH_MS:
            self._touched_ms = at_ms
            self._journal.touch()
        return self.release() if self._again and at_ms - self._held_since_ms >= WAIT_MS else []

    def named(self, record: Record, at_ms: int) -> Record:
        """Return a record of the source with its place in its id, before it goes out."""
        place = self._ledger.place(record.key, record.lines, zlib.crc32(record.value)) if self._is_exact else None
        if place is None:
            return record
        if self._began_ms is None:
            self._began_ms = at_ms
            if self._noted.began_ms is None:
                self._write(msgspec.structs.replace(self._noted, began_ms=at_ms))
        return msgspec.structs.replace(record, id=written(place))

    def begin(self) -> None:
        """Hear that a mark is going to be made of what was given so far."""
        epoch = _epoch()
        self._ledger.begin(epoch)
        self._began_ms = None
        self._write(msgspec.structs.replace(self._noted, since=self._noted.epochs[-MOST_EPOCHS:], next=epoch))

    async def sync(self) -> None:
        """Bring to the disk that a mark is being made, before it is."""
        if self._is_exact:
            try:
                await asyncio.to_thread(self._journal.sync)
            except OSError as error:
                self._fail(error)

    def marked(self) -> None:
        """Hear that it was made, unless the checkpoint looks as before: then it could not be."""
        noted, look = self._noted, self._journal.look()
        if noted.next is None:
            return
        if look == noted.checkpoint:
            self._write(msgspec.structs.replace(noted, since=noted.epochs, next=None))
        else:
            self._write(Noted(look, (noted.next,), None, self._began_ms))

    def _settle(self) -> None:
        """Hear of keys that did not come as they had; tell what was left out, at the end."""
        again = self._again
        for key in again.lost:
            self._ledger.lose(key)
        again.lost.clear()
        if not again and again.left_out:
            self._metrics.again.labels(self.source).inc(again.left_out)
            say(f"{self.source}: {again.left_out:,} lines had arrived before the kill, and are not sent again")
            again.left_out = 0

    def _write(self, noted: Noted) -> None:
        self._noted = noted
        if not self._is_exact:
            return
        try:
            self._journal.write(noted)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        with contextlib.suppress(OSError):
            self._journal.remove()
        self._is_exact = False
        self._tell(f"cannot note what is on its way: {error.strerror or error}: after a kill it may come twice")

    def _load(self) -> tuple[Noted, int] | None:
        try:
            return self._journal.load()
        except (OSError, msgspec.MsgspecError) as error:
            self._tell(f"what was on its way when flyship ended last cannot be read, and may come twice: {error}")
            return None

    def _tell(self, text: str) -> None:
        self._metrics.failed(self.source, "once", text)
        say(f"{self.source}: {text}")


def _epoch() -> str:
    return secrets.token_hex(6)
