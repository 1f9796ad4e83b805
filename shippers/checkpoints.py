"""How far each source came, on disk: one small JSON file a source, replaced whole. Knows no source and no Kafka."""

import os
from pathlib import Path
from typing import Any

import orjson


class Checkpoints:
    """Documents by name in a directory. After ``save`` returns, a power cut does not lose the document."""

    def __init__(self, directory: Path) -> None:
        """Use a directory, which ``save`` makes if it is not there."""
        self.directory = directory

    def load(self, name: str) -> Any | None:
        """Return the document of a name, None if there is none or it cannot be read."""
        try:
            return orjson.loads(self._path(name).read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None

    def save(self, name: str, document: object) -> None:
        """Replace the document of a name; OSError where that cannot be done."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path, new = self._path(name), self._path(f"{name}.new")
        with new.open("wb") as file:
            file.write(orjson.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # the new name, too, must survive
        finally:
            os.close(directory)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"
