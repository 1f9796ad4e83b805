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

from shippers.sources.unwrapping import Unwrapping
from streams.core.values import Line

BLOCK_BYTES = 256 * 1024
HEAD_BYTES = 256  # a file is known by its inode and its first bytes: inodes are given again at once
QUIET_MS = 1_000  # a rotated file is left when nothing came for so long ...
ROTATED_MS = 10_000  # ... or so long after its successor appeared
SILENCE_MS = 1_000  # after so long without a byte an open document is given as it is

Identity = tuple[int, int]  # device, inode


class Seen:
    """The files that have been read and closed: under a new name (app.log.1) they must not be read again."""

    def __init__(self) -> None:
        """Begin with none."""
        self._heads: dict[Identity, bytes] = {}

    def add(self, identity: Identity, head: bytes) -> None:
        """Remember a file by its identity and first bytes; an empty one has nothing to be read twice."""
        if head:
            self._heads[identity] = head

    def holds(self, identity: Identity, path: Path) -> bool:
        """Tell whether the file at ``path`` is one of them, and not a new one that was given the same inode."""
        head = self._heads.get(identity)
        if head is None:
            return False
        try:
            with path.open("rb") as file:
                if file.read(len(head)) == head:
                    return True
        except OSError:
            return True  # gone again, or not ours to read: nothing new in any case
        del self._heads[identity]
        return False

    def keep_only(self, identities: set[Identity]) -> None:
        """Forget the files that no name leads to any more."""
        self._heads = {identity: head for identity, head in self._heads.items() if identity in identities}


class _Handle:
    """One open file, and how far it has been read."""

    def __init__(self, path: Path, unwrapping: Unwrapping, *, at_end: bool) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._descriptor)
            raise OSError(f"{path} is not a regular file")
        self.identity: Identity = (status.st_dev, status.st_ino)
        self.unwrapping = unwrapping
        self.at_end = False
        self._position = status.st_size if at_end else 0
        self._changed = (status.st_size, status.st_mtime_ns)
        self.head = os.pread(self._descriptor, HEAD_BYTES, 0)

    def read(self) -> list[Line]:
        block = os.pread(self._descriptor, BLOCK_BYTES, self._position)
        self._position += len(block)
        self.at_end = len(block) < BLOCK_BYTES
        return self.unwrapping.push(block) if block else []

    def restarted(self) -> bool:
        """Tell whether the file was truncated, and maybe written again, since the last look; if so begin anew."""
        status = os.fstat(self._descriptor)
        if (status.st_size, status.st_mtime_ns) == self._changed:
            return False
        self._changed = (status.st_size, status.st_mtime_ns)
        head = os.pread(self._descriptor, HEAD_BYTES, 0)
        same = status.st_size >= self._position and head.startswith(self.head)
        self.head = head
        if not same:
            self._position = 0
        return not same

    def close(self) -> None:
        os.close(self._descriptor)


class Tail:
    """The lines that one name stands for, over all the files that bear it one after another."""

    def __init__(self, path: Path, app: str, instance: str, seen: Seen) -> None:
        """``seen`` is shared between the tails of one source."""
        self.path = path
        self._names = (app, instance)
        self._seen = seen
        self._handles: deque[_Handle] = deque()  # the file being read, then its successors
        self._quiet_since_ms = 0.0
        self._successor_at_ms = 0.0

    def open(self, now_ms: float, *, at_end: bool = False) -> Self:
        """Open the file that has the name now; OSError where that cannot be done."""
        self._handles.append(_Handle(self.path, Unwrapping(*self._names), at_end=at_end))
        self._quiet_since_ms = self._successor_at_ms = now_ms
        return self

    def identities(self) -> set[Identity]:
        """Return the files that are open."""
        return {handle.identity for handle in self._handles}

    def quiet_ms(self, now_ms: float) -> float:
        """Return for how long nothing has come."""
        return now_ms - self._quiet_since_ms

    def look(self, now_ms: float, elsewhere: Callable[[], set[Identity]]) -> None:
        """Notice that the name stands for another file now; one ``elsewhere`` is being read under its old name."""
        try:
            status = self.path.stat()
        except OSError:
            return  # between two files: the old one is still being read
        identity = (status.st_dev, status.st_ino)
        if identity in self.identities() or identity in elsewhere() or self._seen.holds(identity, self.path):
            return
        rotated = len(self._handles)
        self.open(self._quiet_since_ms if rotated else now_ms)
        if rotated == 1:
            self._successor_at_ms = now_ms

    def poll(self, now_ms: float) -> list[Line]:
        """Return the next lines of the file being read, at most a block's."""
        if not self._handles:
            return []
        handle = self._handles[0]
        found = handle.unwrapping.rest() if handle.restarted() else []
        found += handle.read()
        if found or not handle.at_end:
            self._quiet_since_ms = now_ms
        elif self.quiet_ms(now_ms) >= SILENCE_MS and handle.unwrapping.holds:
            found = handle.unwrapping.release()
        if len(self._handles) > 1 and handle.at_end:
            late = now_ms - self._successor_at_ms >= ROTATED_MS
            if late or self.quiet_ms(now_ms) >= QUIET_MS:
                found += self._leave()
                self._successor_at_ms = self._quiet_since_ms = now_ms
        return found

    def close(self) -> list[Line]:
        """Return what is held as lines: a last line without its newline, where the file really ends there."""
        found: list[Line] = []
        while self._handles:
            found += self._leave()
        return found

    def _leave(self) -> list[Line]:
        handle = self._handles.popleft()
        self._seen.add(handle.identity, handle.head)
        handle.close()
        return handle.unwrapping.rest() if handle.at_end else []
