"""Reads one growing file as ``tail -F`` does: through rotation and truncation. Knows no glob; the time is passed in.

A rotated file is read until its writer has been quiet for a moment, then its successor from the beginning: a daemon
goes on writing into the renamed file until it is told to open the new one, and those lines come first.
"""

import os
import stat
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self

from shippers.sources.marks import Identity, Mark, Seen, before, identity_of
from shippers.sources.resuming import rotated_since
from shippers.sources.unwrapping import Reading
from streams.core.values import Line

BLOCK_BYTES = 256 * 1024
HEAD_BYTES = 256  # a file is known by its inode and its first bytes: inodes are given again at once
QUIET_MS = 1_000  # a rotated file is left when nothing came for so long ...
ROTATED_MS = 10_000  # ... or so long after its successor appeared
SILENCE_MS = 1_000  # after so long without a byte an open document is given as it is


class _Handle:
    """One open file, and how far it has been read."""

    def __init__(self, path: Path, reading: Reading, offset: int | None) -> None:
        """Begin at an offset; None is the end."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._descriptor)
            raise OSError(f"{path} is not a regular file")
        self.identity: Identity = (status.st_dev, status.st_ino)
        self.reading = reading
        self.at_end = False
        self._position = status.st_size if offset is None else offset
        self._changed = (status.st_size, status.st_mtime_ns)
        self._head = os.pread(self._descriptor, HEAD_BYTES, 0)

    def read(self) -> list[Line]:
        block = os.pread(self._descriptor, BLOCK_BYTES, self._position)
        self._position += len(block)
        self.at_end = len(block) < BLOCK_BYTES
        return self.reading.push(block) if block else []

    def restarted(self) -> bool:
        """Tell whether the file was truncated, and maybe written again, since the last look; if so begin anew."""
        status = os.fstat(self._descriptor)
        if (status.st_size, status.st_mtime_ns) == self._changed:
            return False
        self._changed = (status.st_size, status.st_mtime_ns)
        head = os.pread(self._descriptor, HEAD_BYTES, 0)
        same = status.st_size >= self._position and head.startswith(self._head)
        self._head = head
        if not same:
            self._position = 0
        return not same

    def changed_ns(self) -> int:
        return os.fstat(self._descriptor).st_mtime_ns

    def mark(self, path: Path, *, done: bool) -> Mark:
        """Return how far it was given, as a file of the name ``path``."""
        offset = self._position - self.reading.held_bytes
        return Mark(str(path), *self.identity, offset, before(self._descriptor, offset), self._changed[1], done)

    def close(self) -> None:
        os.close(self._descriptor)


class Tail:
    """The lines that one name stands for, over all the files that bear it one after another."""

    def __init__(self, path: Path, fresh: Callable[[], Reading], seen: Seen) -> None:
        """``fresh`` makes what reads a file's lines; ``seen`` is shared between the tails of one source."""
        self.path = path
        self.marks: tuple[Mark, ...] = ()  # of the files that are open, as of the last call of ``noted``
        self._fresh = fresh
        self._seen = seen
        self._handles: deque[_Handle] = deque()  # the file being read, then its successors
        self._moved = False
        self._quiet_since_ms = 0.0
        self._successor_at_ms = 0.0

    def open(self, now_ms: float, path: Path | None = None, offset: int | None = 0) -> Self:
        """Open the file that has the name now, or that of ``path``, behind the others; OSError where that cannot be done."""
        self._handles.append(_Handle(path or self.path, self._fresh(), offset))
        self._quiet_since_ms = self._successor_at_ms = now_ms
        self._moved = True
        return self

    def identities(self) -> set[Identity]:
        """Return the files that are open."""
        return {handle.identity for handle in self._handles}

    def quiet_ms(self, now_ms: float) -> float:
        """Return for how long nothing has come."""
        return now_ms - self._quiet_since_ms

    def noted(self) -> bool:
        """Bring the marks up to date with what was given; tell whether they moved."""
        moved, self._moved = self._moved, False
        if moved:
            self.marks = tuple(handle.mark(self.path, done=False) for handle in self._handles)
        return moved

    def look(self, now_ms: float, elsewhere: Callable[[], set[Identity]]) -> None:
        """Notice that the name stands for another file now; one ``elsewhere`` is being read under its old name."""
        identity = identity_of(self.path)
        if identity is None or not self._is_new(identity, self.path, elsewhere):
            return  # None: between two files, the old one is still being read
        rotated = len(self._handles)
        if rotated:  # more than once, maybe, since the last look: reading may have waited for Kafka
            for path in rotated_since(self.path, self._handles[-1].changed_ns()):
                between = identity_of(path)
                if between is not None and self._is_new(between, path, elsewhere):
                    self.open(self._quiet_since_ms, path)
        self.open(self._quiet_since_ms if rotated else now_ms)
        if rotated == 1:
            self._successor_at_ms = now_ms

    def _is_new(self, identity: Identity, path: Path, elsewhere: Callable[[], set[Identity]]) -> bool:
        return not (identity in self.identities() or identity in elsewhere() or self._seen.holds(identity, path))

    def poll(self, now_ms: float) -> list[Line]:
        """Return the next lines of the file being read, at most a block's."""
        if not self._handles:
            return []
        handle = self._handles[0]
        found = self._begun_anew(handle) + handle.read()
        if found or not handle.at_end:
            self._quiet_since_ms = now_ms
        elif self.quiet_ms(now_ms) >= SILENCE_MS and handle.reading.holds:
            found = handle.reading.release()
        self._moved = self._moved or bool(found)
        if len(self._handles) > 1 and handle.at_end:
            late = now_ms - self._successor_at_ms >= ROTATED_MS
            if late or self.quiet_ms(now_ms) >= QUIET_MS:
                found += self._leave()
                self._successor_at_ms = self._quiet_since_ms = now_ms
        return found

    def close(self, *, to_resume: bool = False) -> list[Line]:
        """Return what is held as lines, where the file really ends there; nothing if a later run will begin with it."""
        found: list[Line] = []
        while self._handles and not to_resume:
            found += self._leave()
        while self._handles:
            self._handles.popleft().close()
        return found

    def _begun_anew(self, handle: _Handle) -> list[Line]:
        if not handle.restarted():
            return []
        self._moved = True
        return handle.reading.rest()

    def _leave(self) -> list[Line]:
        handle = self._handles.popleft()
        found = handle.reading.rest() if handle.at_end else []
        self._seen.add(handle.mark(self.path, done=True))
        handle.close()
        self._moved = True
        return found
