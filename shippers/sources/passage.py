"""Reads a file from where an earlier run ended, packed or not, and marks how far it came. Knows no lines and no Kafka."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from shippers.sources.blocks import COMPRESSED, UnreadableFileError, blocks
from shippers.sources.marks import BEFORE_BYTES, SURE_BYTES, Mark


class Passage:
    """One file, once, from behind its mark to its end. Offsets are of what is packed in it."""

    def __init__(self, path: Path, known: Sequence[Mark]) -> None:
        """``known``: the marks of all files of the source; one of them may be this file's, under another name or packed."""
        self.path = path
        self._before = b""
        self._status: os.stat_result | None = None
        self._mark = _mark_of(path, known)
        self.offset = self._mark.offset if self._mark else 0

    def blocks(self) -> Iterator[bytes]:
        """Give the bytes behind the mark; UnreadableFileError after the last one that could be had."""
        if self._mark is not None:
            self._before = self._mark.before
        for block in _behind(self.path, self.offset):
            self._status = self._status or self.path.stat()
            self.offset += len(block)
            self._before += block
            yield block

    def mark(self, held_bytes: int) -> Mark | None:
        """Mark what was given, all but the last bytes; None if nothing was read."""
        self._before = self._before[-(held_bytes + BEFORE_BYTES) :]
        if self._status is None:
            return self._mark
        before = self._before[: len(self._before) - held_bytes][-BEFORE_BYTES:]
        status, offset = self._status, self.offset - held_bytes
        return Mark(str(self.path), status.st_dev, status.st_ino, offset, before, status.st_mtime_ns)


def _mark_of(path: Path, known: Sequence[Mark]) -> Mark | None:
    """Return the mark of the file at a path: by its inode, else, as a copy, by what it begins with."""
    own = [mark for mark in known if mark.same_file(path)]
    gone = [mark for mark in known if len(mark.before) >= SURE_BYTES and not mark.same_file(Path(mark.path))]
    return next((mark for mark in (*own, *sorted(gone, key=_offset, reverse=True)) if _fits(mark, path)), None)


def _offset(mark: Mark) -> int:
    return mark.offset


def _fits(mark: Mark, path: Path) -> bool:
    if path.suffix not in COMPRESSED:
        return mark.fits(path)
    offset, last = 0, b""
    try:
        for block in blocks(path):
            piece = block[: mark.offset - offset]
            offset, last = offset + len(piece), (last + piece)[-BEFORE_BYTES:]
            if offset == mark.offset:
                break
    except UnreadableFileError:
        pass  # damaged further behind, maybe; that is told when it is read
    return offset == mark.offset and last == mark.before


def _behind(path: Path, offset: int) -> Iterator[bytes]:
    if path.suffix not in COMPRESSED:
        yield from blocks(path, offset)
        return
    for block in blocks(path):
        skipped = min(offset, len(block))
        offset -= skipped
        if skipped < len(block):
            yield block[skipped:]
