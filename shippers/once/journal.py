"""The file that says which ids the records behind a source's mark have. Survives ``kill -9``; nothing is brought to the disk.

An epoch is what a source gives between two moments at which a mark may be made. While a mark is being made nobody who is
killed can say whether it was: the file tells how the checkpoint looked before, and whoever finds it changed knows.
"""

import contextlib
from pathlib import Path

import msgspec
from msgspec import Struct

from shippers.checkpoints import Checkpoints, Look

BOOT = Path("/proc/sys/kernel/random/boot_id")
MOST_EPOCHS = 50


class Noted(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    boot: str  # after a power cut the file may be older than the checkpoint, which is on the disk
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
        self.boot = _boot()

    def look(self) -> Look:
        """Return how the checkpoint looks now."""
        return self._checkpoints.look(self._kept_as)

    def load(self) -> tuple[Noted, int] | None:
        """Return what an earlier process left behind the mark that is there, and until when it lived; None: nothing."""
        try:
            noted = msgspec.json.decode(self._path.read_bytes(), type=Noted)
            until_ms = self._path.stat().st_mtime_ns // 1_000_000
        except (OSError, msgspec.MsgspecError):
            return None
        if not self.boot or noted.boot != self.boot or noted.began_ms is None:
            return None
        look = self.look()
        if noted.checkpoint == look:
            return noted, until_ms
        if noted.next is None:
            return None
        return Noted(noted.boot, look, (noted.next,), None, noted.began_ms), until_ms

    def write(self, noted: Noted) -> None:
        """Replace what it says; OSError where that cannot be done: then it says nothing."""
        new = self._path.with_suffix(".once.new")
        try:
            self._checkpoints.directory.mkdir(parents=True, exist_ok=True)
            new.write_bytes(msgspec.json.encode(noted))
            new.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)  # an old one would speak of another mark
            raise

    def touch(self) -> None:
        """Say that the process lives."""
        with contextlib.suppress(OSError):
            self._path.touch()


def _boot() -> str:
    """Return what is another after each boot, "" where nothing tells."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""
