"""How far each source came, on disk: one small JSON file a source, replaced whole. Knows no source and no Kafka.

A kind of source, the part of a document's name before a ``+``, belongs to one process at a time: a second one would
overwrite what the first has noted.
"""

import glob
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import orjson

from shippers.locks import InUseError, Lock
from streams.config_errors import ConfigError

NEW = ".new.json"  # of a document that is being written
Look = tuple[tuple[str, int, int], ...]  # of each file its name, inode and time: another one after each ``save``
_LOCKS = WeakValueDictionary[Path, Lock]()  # those of this process, which may have several values of the same directory


class Checkpoints:
    """Documents by name in a directory. After ``save`` returns, a power cut does not lose the document."""

    def __init__(self, directory: Path, *, dry: bool = False) -> None:
        """Use a directory, which ``save`` makes if it is not there. ``dry``: ``save`` does nothing, as nothing was shipped."""
        self.directory = directory
        self._dry = dry
        self._locks: dict[str, Lock] = {}

    def own(self, name: str) -> None:
        """Keep other processes away from the documents of a name's kind; ConfigError where one has them.

        A ``dry`` run changes none, and may look at what another one notes. Nor is there anything to keep where nothing
        can be written: ``save`` says so.
        """
        kind, _, _ = name.partition("+")
        if self._dry or kind in self._locks:
            return
        path = self.directory.absolute() / f"{kind}.lock"
        with suppress(OSError):
            self.directory.mkdir(parents=True, exist_ok=True)
            try:
                self._locks[kind] = lock = _LOCKS.get(path) or Lock(path)
                _LOCKS[path] = lock
            except InUseError as holder:
                what = kind.partition("-")[0]
                said = f"is in use by process {holder}, which notes there how far {what} came"
                raise ConfigError([f"{self.directory} {said}: set FLYSHIP_STATE to another directory"]) from None

    def load(self, name: str) -> Any | None:
        """Return the document of a name, None if there is none or it cannot be read; ConfigError as ``own``."""
        self.own(name)
        try:
            document = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return orjson.loads(document)
        except orjson.JSONDecodeError:
            pass
        try:
            return json.loads(document)  # as _encoded wrote it
        except (ValueError, RecursionError):
            return None

    def save(self, name: str, document: object) -> None:
        """Replace the document of a name; OSError where that cannot be done."""
        if self._dry:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        path, new = self._path(name), self._path(name).with_suffix(NEW)
        with new.open("wb") as file:
            file.write(_encoded(document))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # the new name, too, must survive
        finally:
            os.close(directory)

    def look(self, prefix: str) -> Look:
        """Return how the documents look whose names begin so."""
        paths = sorted(self.directory.glob(f"{glob.escape(prefix)}*.json"))
        found = [(path.name, path.stat()) for path in paths if not path.name.endswith(NEW)]
        return tuple((name, status.st_ino, status.st_mtime_ns) for name, status in found)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"


def _encoded(document: object) -> bytes:
    """Encode a document. The name of a file need not be Unicode: the standard library has escapes for it, orjson does not."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document).encode()
