"""How far a spool was sent and acknowledged: two slots of one small file, written in turn. Knows no record.

A slot is written whole or is known to be broken, and then the other one counts. What is written survives ``kill -9``;
what was written before ``sync`` survives a power cut, too.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

_SUMMED = struct.Struct("<QQQQ")  # turn, number and line of what is acknowledged, number of what was sent
_SLOT = struct.Struct("<QQQQI")  # and their checksum


class Reached(NamedTuple):
    """A record's number, and how many lines the records up to and with it have."""

    number: int
    line: int


class Note:
    """The file; open until ``close``."""

    def __init__(self, path: Path) -> None:
        """Open it, or make one that says nothing."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._descriptor).st_size < 2 * _SLOT.size:
            os.pwrite(self._descriptor, bytes(2 * _SLOT.size), 0)  # a disk that fills up later cannot refuse it
        self.acknowledged: Reached | None = None
        self.sent = self._turn = 0
        for slot in (self._slot(0), self._slot(1)):
            if slot is not None and slot[0] > self._turn:
                self._turn, self.acknowledged, self.sent = slot

    def write(self, acknowledged: Reached, sent: int) -> None:
        """Replace what it says."""
        self.acknowledged, self.sent = acknowledged, sent
        self._turn += 1
        slot = (self._turn, *acknowledged, sent)
        os.pwrite(self._descriptor, _SLOT.pack(*slot, zlib.crc32(_SUMMED.pack(*slot))), self._turn % 2 * _SLOT.size)

    def sync(self) -> None:
        """Bring it to the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _slot(self, at: int) -> tuple[int, Reached, int] | None:
        found = os.pread(self._descriptor, _SLOT.size, at * _SLOT.size)
        turn, number, line, sent, summed = _SLOT.unpack(found)
        return (turn, Reached(number, line), sent) if zlib.crc32(found[: _SUMMED.size]) == summed else None
