"""Makes what reads the lines of one file: its names, and from which moment on. Knows no Kafka and opens no file."""

from datetime import UTC, datetime
from pathlib import Path

from shippers.sources.blocks import COMPRESSED
from shippers.sources.since import Since
from shippers.sources.unwrapping import Reading, Unwrapping


def instance_of(path: Path) -> str:
    """Return the instance a file stands for: its name, without the ending its compression added."""
    return path.stem if path.suffix in COMPRESSED else path.name


class Readings:
    """Makes them alike for all files of a source."""

    def __init__(self, app: str, instance: str, since: Since | None = None) -> None:
        """``app`` and ``instance`` stand in where an envelope does not name them; without an instance it is the file's name."""
        self.app = app
        self._instance = instance
        self._since = since

    def instance_of(self, path: Path) -> str:
        """Return the instance of a file's lines."""
        return self._instance or instance_of(path)

    def of(self, path: Path) -> Reading:
        """Return a reading of the file at a path, from its first line on."""
        reading = Unwrapping(self.app, self.instance_of(path))
        return reading if self._since is None else self._since.around(reading)

    def left_out(self) -> str | None:
        """Say how many lines were too old; None if there were none."""
        if self._since is None or not self._since.left_out:
            return None
        at = datetime.fromtimestamp(self._since.at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"files: {self._since.left_out} lines written before {at} were left out"
