"""The file that says which ids the records behind a source's mark have.

An epoch is what a source gives between two moments at which a mark may be made. While a mark is being made nobody who is
killed can say whether it was: the file tells how the checkpoint looked before, and whoever finds it changed knows. That it
is being made is on the disk before the mark can be; all else survives ``kill -9`` and costs repeats after a power cut.
"""

import contextlib
import os

import msgspec
from msgspec import Struct

from shippers.checkpoints import Checkpoints, Look

MOST_EPOCHS = 50
SAVING_MS = 60_000  # a checkpoint that is so much younger than the last sign of life is not that process's


class Noted(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    checkpoint: Look
    since: tuple[str, ...]  # the epochs behind that checkpoint, in order
    next: str | None = None  # that behind the checkpoint which is being made
    began_ms: int | None = None  # when the first record of the first of them went out; None: none did
    v: int = 1

    @property
    def epochs(self) -> tuple[str, ...]:
        """All of them."""
        return self.since if self.next is None else (*self.since, self.next)


class Journal:
    """The file of one source, beside its checkpoint."""

    def __init__(self, checkpoints: Checkpoints, kept_as: str) -> None:
        """``kept_as``: what the names of the source's checkpoints begin with."""
        self._checkpoints, self._kept_as = checkpoints, kept_as
        self._path = checkpoints.directory / f"{kept_as}.once"

    def look(self) -> Look:
        """Return how the checkpoint looks now."""
        return self._checkpoints.look(self._kept_as)

    def load(self) -> tuple[Noted, int] | None:
        """Return what an earlier process left behind the mark that is there, and until when it lived; None: nothing.

        OSError or MsgspecError where it cannot be read.
        """
        try:
            noted = msgspec.json.decode(self._path.read_bytes(), type=Noted)
            until_ms = self._path.stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return None
        if noted.began_ms is None or not noted.since or noted.v != 1:
            return None
        look = self.look()
        if noted.checkpoint == look:
            return noted, until_ms
        saved_ms = max((saved_ns for *_, saved_ns in look), default=0) // 1_000_000
        if noted.next is None or saved_ms > until_ms + SAVING_MS:
            return None  # somebody else's
        return Noted(look, (noted.next,), None, noted.began_ms), until_ms

    def write(self, noted: Noted) -> None:
        """Replace what it says; OSError where that cannot be done: then ``remove`` what speaks of another mark."""
        new = self._path.with_suffix(".once.new")
        self._checkpoints.directory.mkdir(parents=True, exist_ok=True)
        new.write_bytes(msgspec.json.encode(noted))
        new.replace(self._path)

    def remove(self) -> None:
        """Say nothing."""
        self._path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Bring it to the disk; may run in another thread. OSError where that cannot be done."""
        for path in (self._path, self._checkpoints.directory):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def touch(self) -> None:
        """Say that the process lives."""
        with contextlib.suppress(OSError):
            os.utime(self._path)
