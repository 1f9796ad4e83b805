"""The files of a spool: each holds some records and is named after the first. Knows no frame, no Kafka and no clock."""

import errno
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from shippers.spool.note import Reached

ENDING = ".spool"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Segment(Struct, eq=False):
    """One file. ``before`` is what was reached before its first record."""

    path: Path
    before: Reached
    bytes: int
    descriptor: int | None = None  # of the one that is written


class Segments:
    """All files of a directory, oldest first."""

    def __init__(self, directory: Path) -> None:
        """Find them."""
        self._directory = directory
        found = sorted(directory.glob(f"*{ENDING}"))
        self.all = deque(Segment(path, before, path.stat().st_size) for path in found if (before := _before(path)))
        self.bytes = sum(segment.bytes for segment in self.all)
        self._unsynced: set[Path] = set()  # what may not be on disk yet; the directory, too, when it has a new name

    def begin(self, before: Reached) -> bool:
        """Begin another file; False if there is no room for it."""
        self.end()
        path = self._directory / f"{before.number:020}-{before.line:020}{ENDING}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in NO_ROOM:
                return False
            raise
        self._unsynced.add(self._directory)
        self.all.append(Segment(path, before, 0, descriptor))
        return True

    def append(self, data: bytes) -> bool:
        """Write to the file begun last; False, and nothing is written, if there is no room for it."""
        segment = self.all[-1]
        descriptor = _open(segment)
        try:
            written = os.pwrite(descriptor, data, segment.bytes)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            written = 0
        if written < len(data):
            os.ftruncate(descriptor, segment.bytes)
            return False
        segment.bytes += written
        self.bytes += written
        self._unsynced.add(segment.path)
        return True

    def end(self) -> None:
        """Write no more to the file begun last."""
        if self.all:
            _close(self.all[-1])

    def unsynced(self) -> list[Path]:
        """Return what ``sync`` is to bring to the disk so that all that was appended until now is there."""
        found, self._unsynced = sorted(self._unsynced, reverse=True), set()
        return found

    def read(self, segment: Segment, start: int) -> bytes:
        """Return what a file holds from a place on."""
        with segment.path.open("rb") as file:
            file.seek(start)
            return file.read(segment.bytes - start)

    def cut(self, segment: Segment, size: int) -> None:
        """Cut the end of a file off."""
        os.truncate(segment.path, size)
        self.bytes -= segment.bytes - size
        segment.bytes = size

    def remove(self, segment: Segment) -> None:
        """Remove a file."""
        self.all.remove(segment)
        self.bytes -= segment.bytes
        _close(segment)
        segment.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close all files."""
        for segment in self.all:
            _close(segment)


def sync(paths: Sequence[Path]) -> None:
    """Bring files and directories to the disk; may run in another thread. One that is gone held nothing of use."""
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open(segment: Segment) -> int:
    if segment.descriptor is None:
        segment.descriptor = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
    return segment.descriptor


def _close(segment: Segment) -> None:
    if segment.descriptor is not None:
        descriptor, segment.descriptor = segment.descriptor, None
        os.close(descriptor)


def _before(path: Path) -> Reached | None:
    number, _, line = path.stem.partition("-")
    return Reached(int(number), int(line)) if number.isdecimal() and line.isdecimal() else None
