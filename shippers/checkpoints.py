"""How far each source came, on disk: one small JSON file a source, replaced whole. Knows no source and no Kafka."""

import glob
import json
import os
from pathlib import Path
from typing import Any

import orjson

NEW = ".new.json"  # of a document that is being written
Look = tuple[tuple[str, int, int], ...]  # of each file its name, inode and time: another one after each ``save``


class Checkpoints:
    """Documents by name in a directory. After ``save`` returns, a power cut does not lose the document."""

    def __init__(self, directory: Path, *, dry: bool = False) -> None:
        """Use a directory, which ``save`` makes if it is not there. ``dry``: ``save`` does nothing, as nothing was shipped."""
        self.directory = directory
        self._dry = dry

    def load(self, name: str) -> Any | None:
        """Return the document of a name, None if there is none or it cannot be read."""
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
