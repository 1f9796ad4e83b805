"""Records on disk in the order in which they came, bounded in bytes, until Kafka has them. Knows no Kafka and no clock.

What ``synced`` has been told of survives ``kill -9`` and a power cut. What was appended and not synced may be there or
not: a torn tail is cut off at the next opening. A record that is damaged is left out, with its neighbours where the damage
reaches so far, and everything behind it is read.

How far Kafka has acknowledged is noted on each acknowledgement, by a write that survives ``kill -9``. So after a kill only
those records are in doubt that Kafka may have taken and had not acknowledged: what was under way. The numbers by which a
broker drops repeats died with their producer; but each record has an id, which Kafka keeps, and by it the next process
looks up which of them have arrived (``doubt``).
"""

from collections import deque
from pathlib import Path

from msgspec import Struct

from shippers.locks import InUseError, Lock
from shippers.records import Record
from shippers.spool.frames import Ids, Stored, frame, frames
from shippers.spool.note import Note, Reached
from shippers.spool.segments import Segment, Segments

SEGMENT_BYTES = 4 * 1024 * 1024
LEAST_SEGMENT_BYTES = 64 * 1024
NOTHING = Reached(0, 0)


class SpoolError(Exception):
    """The directory cannot be used; the message says why and what to do."""


class Lost(Struct, frozen=True):
    """What damage has cost."""

    records: int = 0
    lines: int = 0
    torn_bytes: int = 0  # cut off at the end: never promised to anybody


class Spool:
    """One directory, of one process."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        """Lock and open it, and cut off a torn tail; SpoolError where another process has it, or it cannot be written."""
        self.directory = directory
        self.lost = Lost()
        self._most_bytes = most_bytes
        self._segment_bytes = max(min(SEGMENT_BYTES, most_bytes // 16), LEAST_SEGMENT_BYTES)
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = Lock(directory / "lock")
            self._note = Note(directory / "acknowledged")
            self._segments = Segments(directory)
            self.written = self._last()
            self.acknowledged = self._first()
            self._forget()
        except InUseError as holder:
            raise SpoolError(
                f"the spool {directory} is in use by process {holder}: "
                "give each flyship a state directory of its own (FLYSHIP_STATE), or --spool-bytes 0"
            ) from None
        except OSError as error:
            raise SpoolError(f"the spool {directory} cannot be used: {error.strerror or error}") from None
        self.durable = self.written.number
        self.doubtful = max(min(self._note.sent, self.written.number) - self.acknowledged.number, 0)
        self._read = self._given = self.acknowledged  # up to where it was read, and what ``next`` gave last
        self._reading: Segment | None = None
        self._read_bytes = 0  # of that file
        self._ahead: deque[Stored] = deque()  # read and not given
        self._arrived: Ids = frozenset()

    @property
    def bytes(self) -> int:
        """What the files take up."""
        return self._segments.bytes

    @property
    def records(self) -> int:
        """How many records wait to be acknowledged."""
        return self.written.number - self.acknowledged.number

    @property
    def lines(self) -> int:
        """How many lines they have."""
        return self.written.line - self.acknowledged.line

    @property
    def unread(self) -> bool:
        """Whether ``next`` has something to give."""
        return self._read.number < self.written.number

    @property
    def full(self) -> bool:
        """Whether no more should be taken in; what is on its way already still finds room."""
        return self.bytes >= self._most_bytes - self._most_bytes // 8

    def append(self, record: Record) -> Reached | None:
        """Write a record behind the others and return where it ends; None if there is no room for it."""
        reached = Reached(self.written.number + 1, self.written.line + record.lines)
        data = frame(record, reached.number, self.written.line)
        if self.bytes + len(data) > self._most_bytes:
            return None
        last = self._segments.all[-1] if self._segments.all else None
        fits = last is not None and last.descriptor is not None and _fits(last, data, self._segment_bytes)
        if not fits and not self._segments.begin(self.written):
            return None
        if not self._segments.append(data):
            return None
        self.written = reached
        return reached

    def unsynced(self) -> tuple[list[Path], int]:
        """Return what ``segments.sync`` has to bring to the disk, and the number to tell ``synced`` after that."""
        return self._segments.unsynced(), self.written.number

    def synced(self, number: int) -> None:
        """Hear that all records up to a number are on disk."""
        self.durable = max(self.durable, number)

    def next(self) -> Stored | None:
        """Return the next record, None where there is none; what damage has cost is added to ``lost``."""
        while self.unread:
            found = self._ahead.popleft() if self._ahead or self._load() else None
            if found is None:
                self._lose(self.written)
            elif found.number > self._read.number:
                self._lose(Reached(found.number - 1, found.line))
                self._read = Reached(found.number, found.line_end)
                if not found.record.id or found.record.id not in self._arrived:
                    self._given = self._read
                    return found
        self._settle()
        return None

    def doubtful_ids(self) -> Ids:
        """Return the ids of the records that were on their way when an earlier process died."""
        first, last = self.acknowledged.number + 1, self.acknowledged.number + self.doubtful
        ids: Ids = frozenset()
        for segment in self._segments.all:
            if segment.before.number < last:
                found = frames(self._segments.read(segment, 0))
                ids |= {item.record.id for item in found if isinstance(item, Stored) and first <= item.number <= last}
        return ids - {b""}

    def leave_out(self, arrived: Ids) -> None:
        """Give no record of these ids any more: Kafka has them."""
        self._arrived = arrived

    def skip(self) -> None:
        """Read on behind what was appended last: whoever appended it has it."""
        self._read = self._given = self.written
        self._ahead.clear()
        self._reading = self._segments.all[-1] if self._segments.all else None
        self._read_bytes = self._reading.bytes if self._reading else 0

    def sent(self, number: int) -> None:
        """Hear that a record is on its way to Kafka: after a crash it may be there."""
        self._note.write(self.acknowledged, number)

    def acknowledge(self, reached: Reached) -> None:
        """Hear that Kafka has everything up to a record; what nobody needs is removed."""
        self.acknowledged = max(self.acknowledged, reached)
        self._settle()
        self._note.write(self.acknowledged, self._note.sent)
        self._forget()

    def sync_note(self) -> None:
        """Bring to the disk how far Kafka has acknowledged; may run in another thread."""
        self._note.sync()

    def close(self) -> None:
        """Let others have the directory."""
        self._note.sync()
        self._segments.close()
        self._note.close()
        self._lock.release()

    def _load(self) -> bool:
        """Read on in the files; False where there is nothing left."""
        files = list(self._segments.all)
        at = next((at for at, segment in enumerate(files) if segment is self._reading), None)
        start = 0 if at is None else self._read_bytes  # None: all of it was acknowledged, and it is removed
        for segment in files[at or 0 :]:
            self._reading, self._read_bytes = segment, segment.bytes
            found = frames(self._segments.read(segment, start)) if start < segment.bytes else ()
            self._ahead.extend(item for item in found if isinstance(item, Stored))
            if self._ahead:
                return True
            start = 0
        return False

    def _lose(self, reached: Reached) -> None:
        records, lines = (now - before for now, before in zip(reached, self._read, strict=True))
        if records:
            self.lost = Lost(self.lost.records + records, self.lost.lines + lines, self.lost.torn_bytes)
            self._read = reached

    def _settle(self) -> None:
        """Behind the last record that could be read there is only damage: with that record all is done."""
        if not self.unread and self.acknowledged >= self._given and self.acknowledged < self.written:
            self.acknowledged = self.written
            self._note.write(self.acknowledged, self._note.sent)
            self._forget()

    def _last(self) -> Reached:
        """Return where the last whole record ends, and cut off what is behind it."""
        files = self._segments
        while files.all:
            last = files.all[-1]
            whole = [item for item in frames(files.read(last, 0)) if isinstance(item, Stored)]
            end = whole[-1].end if whole else 0
            self.lost = Lost(torn_bytes=self.lost.torn_bytes + last.bytes - end)
            files.cut(last, end)
            if whole:
                return max(Reached(whole[-1].number, whole[-1].line_end), self._note.acknowledged or NOTHING)
            files.remove(last)
        return self._note.acknowledged or NOTHING

    def _first(self) -> Reached:
        """Return up to where Kafka has acknowledged: as noted, and what is not there any more."""
        there = self._segments.all[0].before if self._segments.all else self.written
        return min(max(there, self._note.acknowledged or NOTHING), self.written)

    def _forget(self) -> None:
        """Remove the files of which Kafka has every record."""
        files = self._segments.all
        while files and (files[1].before if len(files) > 1 else self.written).number <= self.acknowledged.number:
            self._segments.remove(files[0])


def _fits(segment: Segment, data: bytes, most_bytes: int) -> bool:
    return not segment.bytes or segment.bytes + len(data) <= most_bytes
