"""How far a file was read, and whether a file is that one still: by its inode and by the bytes before the mark.

The inode alone does not tell: it is given again at once, a truncated file keeps it, and a copy has another. Knows no glob,
no line and no Kafka.
"""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shippers.console import say
from shippers.context import Context

BEFORE_BYTES = 256
SURE_BYTES = 64  # so many equal bytes at one place make a file of another inode the same: a copy, a disk mounted anew

Identity = tuple[int, int]  # device, inode


class Mark(Struct, frozen=True):
    """What was given of one file."""

    path: str  # the name that it was read under: it may have another by now
    device: int
    inode: int
    offset: int  # of the first byte that was not given
    before: bytes  # the bytes before it
    changed_ns: int  # when the file was written to last, as far as it was seen
    done: bool = False  # it was left: rotated, or without a name

    @property
    def identity(self) -> Identity:
        """Device and inode."""
        return self.device, self.inode

    def same_file(self, path: Path) -> bool:
        """Tell whether the file at ``path`` has its inode; a device may be called otherwise after a reboot."""
        try:
            status = path.stat()
        except OSError:
            return False
        return status.st_ino == self.inode and (status.st_dev == self.device or str(path) == self.path)

    def fits(self, path: Path) -> bool:
        """Tell whether the file at ``path`` is as this one was, up to the mark."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return stat.S_ISREG(os.fstat(descriptor).st_mode) and before(descriptor, self.offset) == self.before
        except OSError:
            return False
        finally:
            os.close(descriptor)


def identity_of(path: Path) -> Identity | None:
    """Return which file has a name now; None if none has."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def before(descriptor: int, offset: int) -> bytes:
    """Return the bytes before a place in a file; fewer than are asked for where the file is shorter."""
    size = min(offset, BEFORE_BYTES)
    return os.pread(descriptor, size, offset - size)


class Seen:
    """The files that have been read and closed: under a new name (app.log.1) they must not be read again."""

    def __init__(self) -> None:
        """Begin with none."""
        self._marks: dict[Identity, Mark] = {}

    @property
    def marks(self) -> list[Mark]:
        """The files' marks."""
        return list(self._marks.values())

    def add(self, mark: Mark) -> None:
        """Remember a file; one of which nothing was given has nothing to be read twice."""
        if mark.offset:
            self._marks[mark.identity] = mark

    def holds(self, identity: Identity, path: Path) -> bool:
        """Tell whether the file at ``path`` is one of them, and not a new one that was given the same inode."""
        mark = self._marks.get(identity)
        if mark is None:
            return False
        if mark.fits(path) or not os.access(path, os.R_OK):  # gone again, or not ours to read: nothing new in any case
            return True
        del self._marks[identity]
        return False

    def keep_only(self, identities: set[Identity]) -> None:
        """Forget the files that no name leads to any more."""
        self._marks = {identity: mark for identity, mark in self._marks.items() if identity in identities}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    files: list[Mark]
    v: int = 1


class Registry:
    """The marks of one source on disk."""

    def __init__(self, context: Context, name: str) -> None:
        """``name``: that of the document; ConfigError where another process has it."""
        context.checkpoints.own(name)
        self._checkpoints = context.checkpoints
        self._metrics = context.metrics
        self.name = name
        self._told = ""

    def load(self) -> list[Mark] | None:
        """Return the marks; None if there are none yet, or they cannot be read, which is told."""
        try:
            document: Any = self._checkpoints.load(self.name)
            return None if document is None else msgspec.convert(document, _Document).files
        except (OSError, msgspec.ValidationError) as error:
            say(f"files: the checkpoint {self.name} cannot be read, so it begins anew: {error}")
            return None

    async def keep(self, marks: tuple[Mark, ...]) -> None:
        """Replace them, beside other work. Where that cannot be done it is told, and the shipping goes on."""
        try:
            await asyncio.to_thread(self._save, marks)
        except OSError as error:
            self._tell(f"cannot note how far files were read: {error.strerror or error}: a restart would repeat lines")
        else:
            if self._told:
                self._tell("it can be noted again how far files were read")
                self._told = ""

    def _save(self, marks: tuple[Mark, ...]) -> None:
        self._checkpoints.save(self.name, msgspec.to_builtins(_Document(list(marks))))

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            say(f"files: {text}")
            self._metrics.failed("files", "state", text)
