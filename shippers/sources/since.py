"""Leaves out lines that were written before a moment, by their own stamps. Knows no file and no clock."""

from collections.abc import Callable

from shippers.sources.unwrapping import Reading
from streams.core.values import Line

StampMs = Callable[[Line], int | None]


class Since:
    """The moment, and how many lines were older."""

    def __init__(self, at_ms: int, stamps: Callable[[], StampMs]) -> None:
        """``stamps`` makes what tells when a line of one file was written, None where the line does not say."""
        self.left_out = 0
        self.at_ms = at_ms
        self._stamps = stamps

    def around(self, reading: Reading) -> Reading:
        """Return a reading of one file that gives the newer lines alone."""
        return _Newer(reading, self, self._stamps())


class _Newer:
    """One file's. A line without a stamp goes with the one before it; before the first stamp lines are given."""

    def __init__(self, reading: Reading, since: Since, stamp_ms: StampMs) -> None:
        self._reading = reading
        self._since = since
        self._stamp_ms = stamp_ms
        self._older = False

    @property
    def holds(self) -> bool:
        return self._reading.holds

    @property
    def held_bytes(self) -> int:
        return self._reading.held_bytes

    def push(self, block: bytes) -> list[Line]:
        return self._newer(self._reading.push(block))

    def rest(self) -> list[Line]:
        return self._newer(self._reading.rest())

    def release(self) -> list[Line]:
        return self._newer(self._reading.release())

    def _newer(self, lines: list[Line]) -> list[Line]:
        found = []
        for line in lines:
            at_ms = self._stamp_ms(line)
            if at_ms is not None:
                self._older = at_ms < self._since.at_ms
            if not self._older:
                found.append(line)
        self._since.left_out += len(lines) - len(found)
        return found
