"""Keeps a second process away from files, until this one ends, however it ends. Knows nothing of what is in them."""

import fcntl
import os
from pathlib import Path


class InUseError(Exception):
    """Another process has the files; the message is its number."""


class Lock:
    """A file that this process alone has, as long as the lock is there."""

    _descriptor: int | None = None

    def __init__(self, path: Path) -> None:
        """Take it; InUseError where another process has it, OSError where it cannot be made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise InUseError(holder) from None
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others have it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        """Let others have it: nobody here asks for it any more."""
        self.release()
